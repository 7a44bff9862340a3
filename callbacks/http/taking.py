"""What of a result becomes labels by a click or an area: its pieces, found where somebody points, kept a while."""

from dataclasses import dataclass
from functools import partial

from callbacks.http.results import SLAB
from core.byte_cache import ByteCache
from core.errors import InvalidInputError, NotFoundError
from core.images.planes import PlaneAxis, placed, turned
from core.labels.acceptance import Acceptance, Prediction, match_classes
from core.labels.pieces import Pieces, find_pieces
from core.labels.tools.accept import Source, accept, source_of
from core.labels.tools.scene import Answer, Ask
from core.learning.jobs import JobView
from core.services import Services

KEPT_BYTES = 64 << 20  # of pieces: 50 slices of 2560 x 2560 with 50,000 runs each
KEPT_PLANES_BYTES = 128 << 20  # of planes across the slices: three slabs of 16 of 1024 x 2560
MAX_PIXELS = 1 << 26  # of a slice: 8192 x 8192 take 0.8 GB while its pieces are found


@dataclass(frozen=True)
class Found:
    """The pieces of a plane, and the result they are of, as it was then."""

    pieces: Pieces
    view: JobView


class Taker:
    """Answers what of a result's plane is meant; a plane is read and searched once for many questions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept = ByteCache(KEPT_BYTES, size=lambda found: found.pieces.nbytes)
        self._planes = ByteCache(KEPT_PLANES_BYTES, size=_bytes_of)

    def answer(self, volume: str, ask: Ask) -> Answer:
        """Parts of the volume's classes. Raises InvalidInputError, NotFoundError."""
        source = source_of(ask)
        found = self._on_slice(source, ask.index) if ask.axis == "z" else self._across(source, ask.axis, ask.index)
        if found.view.volume != volume:
            raise InvalidInputError(f"The result “{found.view.name}” is of another volume.", "Choose another.")
        return accept(found.pieces, ask, self._names(found.view, source), least=source.least)

    def _on_slice(self, source: Source, z: int) -> Found:
        found: Found = self._kept.get((source, "z", z), lambda: self._find(source, z))
        return found

    def _across(self, source: Source, axis: PlaneAxis, index: int) -> Found:
        """As it is now: a plane across the slices grows with each slice that is predicted."""
        view = self._services.jobs.job(source.job)
        key = (source, axis, index, tuple(view.slices_done))
        found: Found = self._kept.get(key, lambda: self._find_across(source, view, axis, index))
        return found

    def _find(self, source: Source, z: int) -> Found:
        view = self._services.jobs.job(source.job)
        if z not in view.slices_done:
            raise NotFoundError(f"The result does not hold slice {z + 1} yet.", "Choose another slice, or wait.")
        check_size(self._services, view)
        results = self._services.results
        confidence = results.read_confidence(source.job, z) if source.least else None
        return Found(_pieces(source, (results.read_slice(source.job, z), confidence)), view)

    def _find_across(self, source: Source, view: JobView, axis: PlaneAxis, index: int) -> Found:
        check_size(self._services, view, axis)
        slab, place = divmod(index, SLAB)
        key = (source.job, axis, slab, tuple(view.slices_done), bool(source.least))
        labels, confidence = self._planes.get(key, lambda: self._read(view, axis, slab, sure=bool(source.least)))
        return Found(_pieces(source, (labels[place], None if confidence is None else confidence[place])), view)

    def _read(self, view: JobView, axis: PlaneAxis, slab: int, *, sure: bool) -> Prediction:
        """Neighbouring planes, (n, rows, columns) each: Tiled unpacks every slice for one as for all of them."""
        depth, *shape = turned(self._services.tiles.manifest(view.volume).info.shape, axis)
        part, results = (slab * SLAB, min((slab + 1) * SLAB, depth)), self._services.results
        slices, labels = results.read_planes(view.id, axis, *part)
        confidence = results.read_confidence_planes(view.id, axis, *part) if sure else None
        where = partial(placed, slices=slices, there=view.slices_done, axis=axis, shape=tuple(shape))
        return where(labels), None if confidence is None else where(confidence)

    def _names(self, view: JobView, source: Source) -> dict[int, int]:
        """{class id of the result: that of the volume}. Raises InvalidInputError if the volume lacks one."""
        known = match_classes(view.classes, self._services.labels.classes(view.volume))
        lacking = [c.name for c in view.classes if c.id in source.classes and c.id not in known]
        if lacking:
            raise InvalidInputError(f"This volume has no class “{lacking[0]}”.", "Add it, or untick it in the overlay.")
        return known


def check_size(services: Services, view: JobView, axis: PlaneAxis = "z") -> None:
    """Raise InvalidInputError if the planes of a result are too large to be searched for pieces."""
    _, height, width = turned(services.tiles.manifest(view.volume).info.shape, axis)
    if height * width > MAX_PIXELS:
        raise InvalidInputError(
            f"Planes of {width} x {height} are too large to be searched for pieces; at most 8192 x 8192 are.",
            "Use the part in view as labels instead.",
        )


def _pieces(source: Source, prediction: Prediction) -> Pieces:
    taken = Acceptance({c: c for c in source.classes}, threshold=source.least)
    return find_pieces(taken.of(prediction), source.classes)


def _bytes_of(planes: Prediction) -> int:
    return sum(part.nbytes for part in planes if part is not None)
