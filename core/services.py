"""The outside world as the page sees it: one record of ports, built by `utils/services.py`, faked by nobody."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import CacheUse
from core.images.derived import Progress
from core.images.geometry import Box
from core.images.planes import PlaneAxis
from core.images.tiles import Manifest, Tile
from core.images.volumes import VolumeCatalog
from core.infrastructure import Infrastructure
from core.labels.corrections import InstanceSet
from core.labels.instance_builder import Built
from core.labels.store import LabelStore
from core.labels.tools.scene import Frame
from core.labelstudio.port import LabelStudio
from core.labelstudio.windows import Windows
from core.learning.algorithm_file import Registration
from core.learning.curation.encoders import Encoders
from core.learning.curation.memory import CurationMemory
from core.learning.curation.store import CurationStore
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.interactive import Offer, Pointed, Prompts
from core.learning.jobs import JobEngine
from core.learning.live_lines import Line
from core.learning.live_view import Image, Learned, Lesson, Piece, Place
from core.learning.models import ModelWords, TrainedModel
from core.learning.segmenter import Around, Prediction


class TileServer(Protocol):
    """Image tiles by byte-bounded caches; one read per slice however many tiles ask."""

    def manifest(self, volume: str) -> Manifest: ...

    def tile(
        self, volume: str, axis: PlaneAxis, index: int, level: int, tx: int, ty: int, *, preview: bool = False
    ) -> Tile:
        """Raw little-endian pixels of a tile of a plane, as `Manifest.encoding.dtype` says, or a JPEG preview of it."""
        ...

    def progress(self, volume: str) -> list[Progress]:
        """What is being made in the background so that the volume shows quickly."""
        ...

    def region(self, volume: str, axis: PlaneAxis, box: Box) -> NDArray[Any]:
        """(h, w[, c]) true values of a part of a plane at full size.

        box : in coordinates of the plane, start (index, y, x) and stop (index + 1, y, x). Raises NotFoundError unless
            it lies inside.
        """
        ...

    def value(self, volume: str, z: int, y: int, x: int) -> Any:
        """The true value(s) of one voxel: int, float, or a list for channels."""
        ...

    def cache_use(self) -> CacheUse:
        """How the cache of slices is used."""
        ...


class MaskPublisher(Protocol):
    """Writes the painted slices to Tiled in the contract of docs/contracts.md."""

    def publish(self, volume: str, *, namespace: str) -> str:
        """Publish the labels of `volume` below `namespace` and return the mask's URI.

        Equal labels give the same URI, written once.
        """
        ...


class ResultStore(Protocol):
    """Predicted masks in Tiled."""

    def read_slice(self, job_id: str, z: int) -> NDArray[np.uint8]:
        """(Y, X) uint8 class ids of a predicted slice. Raises NotFoundError when it is not there (yet)."""
        ...

    def read_confidence(self, job_id: str, z: int) -> NDArray[np.uint8] | None:
        """(Y, X) uint8, 255 = certain, of a predicted slice; None if the result keeps none. Raises NotFoundError."""
        ...

    def read_entropy(self, job_id: str, z: int) -> NDArray[np.uint8] | None:
        """(Y, X) uint8, 255 = all classes equally likely; None if the result keeps none. Raises NotFoundError."""
        ...

    def read_margin(self, job_id: str, z: int) -> NDArray[np.uint8] | None:
        """(Y, X) uint8, 0 = two classes are the likeliest; None if the result keeps none. Raises NotFoundError."""
        ...

    def read_planes(self, job_id: str, axis: PlaneAxis, start: int, stop: int) -> tuple[list[int], NDArray[np.uint8]]:
        """z of the result's slices, and its XZ or YZ planes with one row or column for each of these."""
        ...

    def read_confidence_planes(self, job_id: str, axis: PlaneAxis, start: int, stop: int) -> NDArray[np.uint8] | None:
        """As `read_planes`, confidence in place of class ids, 0 where nothing is predicted; None if none is kept."""
        ...


@dataclass(frozen=True)
class InstanceView:
    """How far an instance set is.

    state : "idle" until somebody asks. done, total : label tiles. reason : of a failure, in words.
    built : the newest instances there are, and `before` those that were there before; `serial` counts them.
    """

    state: Literal["idle", "working", "ready", "failed", "cancelled"] = "idle"
    done: int = 0
    total: int = 0
    reason: str = ""
    built: Built | None = None
    before: Built | None = None
    serial: int = 0

    def change(self, **values: Any) -> "InstanceView":
        """The view with other values."""
        return replace(self, **values)


class Instances(Protocol):
    """Instances, made in the background when somebody looks at them."""

    def look(self, chosen: InstanceSet, *, again: bool = False) -> InstanceView:
        """What there is at the moment; work begins when the labels have changed since. `again`: even if cancelled."""
        ...

    def cancel(self, chosen: InstanceSet) -> None:
        """End the work under way; what was there before stays."""
        ...


class LivePredictor(Protocol):
    """The pixel classifier while somebody paints, as `core.learning.live.LivePixels` says; safe for threads.

    Methods raise UnavailableError when it has died; the next call starts it again.
    """

    def lacking(self, lesson: Lesson) -> list[tuple[Place, int]]: ...

    def study(
        self, lesson: Lesson, tile: tuple[Place, int], labels: NDArray[np.uint8], pixels: NDArray[Any] | None = None
    ) -> bool: ...

    def learn(self, session: str, lesson: Lesson) -> Learned: ...

    def predict(
        self,
        session: str,
        image: Image,
        piece: Piece,
        step: int,
        *,
        rough: bool,
        shares: Mapping[int, float],
        pixels: NDArray[Any] | None = None,
    ) -> NDArray[np.uint8] | None: ...

    def line_frames(self, session: str, image: Image, lines: Sequence[Line], step: int) -> dict[Line, Frame]: ...

    def predict_lines(
        self,
        session: str,
        image: Image,
        lines: Sequence[Line],
        step: int,
        *,
        rough: bool,
        shares: Mapping[int, float],
        pixels: Mapping[Line, NDArray[Any]] | None = None,
    ) -> NDArray[np.uint8] | None: ...

    def prepare(self, lesson: Lesson, place: Place, step: int, pixels: NDArray[Any] | None = None) -> bool: ...


class InteractiveModels(Protocol):
    """Models that segment an object somebody points at."""

    def offers(self) -> list[Offer]:
        """All there are, usable or not; the one that needs no weights first."""
        ...

    def segment(self, name: str, key: str, image: Callable[[], NDArray[np.float32]], prompts: Prompts) -> Pointed:
        """The object pointed at.

        key : names the image: (h, w) greys from 0 to 1, fetched only when the model has not seen it lately. Raises
            NotFoundError, UnavailableError.
        """
        ...


class PictureSegmenter(Protocol):
    """Trained models that segment single pictures. Methods raise NotFoundError and UnavailableError."""

    def context(self, model_id: str) -> int:
        """How many neighbours on either side a model looks at."""
        ...

    def segment(
        self, model_id: str, image: NDArray[Any], around: Around = (), windows: Windows | None = None
    ) -> Prediction:
        """Segment one picture, window by window if that is wished; see `core.learning.segmenter.Segmenter`."""
        ...


class Registry(Protocol):
    """Algorithms and trained models. Methods raise UnavailableError when MLflow does not answer."""

    def algorithms(self) -> list[AlgorithmDescriptor]: ...

    def models(self) -> list[TrainedModel]:
        """Newest first."""
        ...

    def model(self, model_id: str) -> TrainedModel:
        """Raises NotFoundError."""
        ...

    def fetch_model(self, model_id: str, folder: Path) -> Path:
        """Bring a model's files into `folder` and return where they are."""
        ...

    def describe_model(self, model_id: str, words: ModelWords) -> None:
        """Write down what people say of a model. Raises InvalidInputError and NotFoundError."""
        ...

    def delete_model(self, model_id: str) -> None:
        """Remove a model from the registry; results that it made stay. Raises NotFoundError."""
        ...

    def pack_model(self, model_id: str, folder: Path) -> Path:
        """Write a model with all that is known of it into one file in `folder`. Raises NotFoundError."""
        ...

    def unpack_model(self, bundle: Path) -> TrainedModel:
        """Register what `pack_model` wrote, here or elsewhere, as a new model. Raises InvalidInputError."""
        ...

    def thumbnail(self, model_id: str) -> bytes:
        """A PNG of what the model predicted first. Raises NotFoundError."""
        ...

    def algorithm_versions(self, name: str) -> list[AlgorithmDescriptor]:
        """All registered versions of an algorithm, newest first, each as it was registered last."""
        ...

    def register_algorithm(self, descriptor: AlgorithmDescriptor, *, overwrite: bool = False) -> Registration:
        """Make an algorithm known; a version that is known already, with other content, is left alone unless told."""
        ...


class ExchangeFiles(Protocol):
    """Files of labels on their way in and out. Old ones are removed by themselves."""

    def receive(self, name: str, stream: IO[bytes]) -> str:
        """Keep an upload on the disk and return its id. Raises InvalidInputError when it is too large."""
        ...

    def upload(self, upload_id: str) -> Path:
        """Raises NotFoundError."""
        ...

    def forget_upload(self, upload_id: str) -> None:
        """Remove an upload from the disk; harmless when it is not there. Raises NotFoundError for what is no id."""
        ...

    def exported(self, job_id: str) -> Path:
        """The file that an export job has written. Raises NotFoundError."""
        ...

    def scratch(self) -> AbstractContextManager[Path]:
        """An empty folder that goes with the block."""
        ...


@dataclass(frozen=True)
class Services:
    """What a callback may reach.

    current_user : names who is asking, for the request being served. namespace : the first key below which masks are
    published; the same for everybody who uses this app. timezone : of the times on the page.
    """

    volumes: VolumeCatalog
    tiles: TileServer
    labels: LabelStore
    curation: CurationStore
    curation_memory: CurationMemory
    encoders: Encoders
    instances: Instances
    masks: MaskPublisher
    results: ResultStore
    live: LivePredictor
    registry: Registry
    interactive: InteractiveModels
    jobs: JobEngine
    exchange: ExchangeFiles
    labelstudio: LabelStudio
    pictures: PictureSegmenter
    infrastructure: Infrastructure
    current_user: Callable[[], str]
    namespace: str
    timezone: tzinfo
