"""Painted masks and predicted results in Tiled, in the contract of docs/contracts.md, "Tiled".

A mask is committed by its metadata: pixels first, then the container's metadata in one request. A container without
`mask_idx` is one whose writer died; the next publication of the same labels writes the same pixels again and
finishes it. A result's slice is there when its confidence is, which is written after the labels and is never 0.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotEnoughLabelsError, NotFoundError
from core.images.planes import PlaneAxis, turned_pixels
from core.images.volumes import VolumeCatalog
from core.labels.classes import LabelClass
from core.labels.publishing import classes_of, fingerprint, labels_of, mask_metadata, places_of
from core.labels.slices import read_slice
from core.labels.store import LabelStore
from utils.images.tiled_http import TiledAccess, TiledContainer

MASK, RESULT, CONFIDENCE = "mask", "seg_result", "confidence"
ENTROPY, MARGIN = "entropy", "margin"  # of results that were made for them
RESULT_KEY = "result_key"  # in the metadata of a result: where its pixels lie, if elsewhere
TRAIN_AGAIN = "Press Train again: the labels are kept, and their mask is published anew."


class TiledMaskPublisher:
    """Implements `core.services.MaskPublisher`."""

    def __init__(self, labels: LabelStore, volumes: VolumeCatalog, access: TiledAccess) -> None:
        self._labels = labels
        self._volumes = volumes
        self._tiled = TiledContainer(access)

    def publish(self, volume: str, *, namespace: str) -> str:
        """Write the labels of `volume` unless the same are there, and return the URI of the mask's container.

        Raises
        ------
        NotEnoughLabelsError
            If nothing is painted.
        NotFoundError, UnsupportedImageError, UnavailableError
        """
        slices = self._labels.annotated_slices(volume)
        if not slices:
            raise NotEnoughLabelsError(f"Nothing is painted on {volume}.", "Paint at least two classes first.")
        info = self._volumes.open(volume).info
        classes = self._labels.classes(volume)
        shape = info.shape[1:]
        metadata = mask_metadata(volume=volume, data_uri=info.uri, shape=shape, slices=slices, classes=classes)
        # Read once and kept packed: somebody may be painting, and the hash must be that of the pixels written.
        packed = [zlib.compress(self._places(volume, z, shape, classes).tobytes(), 1) for z in slices]
        path = _path(namespace, volume, fingerprint(metadata, map(zlib.decompress, packed)))
        if not self._is_whole(path):
            self._write(path, metadata, packed)
        return self._tiled.uri_of(path)

    def _places(self, volume: str, z: int, shape: tuple[int, int], classes: Sequence[LabelClass]) -> NDArray[np.int8]:
        return places_of(read_slice(self._labels, volume, z, shape), [c.id for c in classes])

    def _is_whole(self, path: str) -> bool:
        try:
            return "mask_idx" in self._tiled.metadata(path)["metadata"]
        except NotFoundError:
            return False

    def _write(self, path: str, metadata: Mapping[str, Any], packed: Sequence[bytes]) -> None:
        height, width = metadata["image_shape"]
        self._tiled.create_container(path)
        self._tiled.create_array(f"{path}/{MASK}", dtype="int8", shape=(len(packed), height, width))
        for index, pixels in enumerate(packed):
            mask = np.frombuffer(zlib.decompress(pixels), np.int8)
            self._tiled.write_slice(f"{path}/{MASK}", index, mask)
        self._tiled.replace_metadata(path, metadata)


def _path(namespace: str, volume: str, name: str) -> str:
    return "/".join([namespace.replace("/", "_") or "anonymous", volume.strip("/"), name])


@dataclass(frozen=True)
class PublishedMask:
    """A mask as a training job reads it, slice by slice.

    slices : z of each row, ascending. classes : in the order of the places. data_uri : of the image.
    """

    slices: tuple[int, ...]
    classes: tuple[LabelClass, ...]
    shape: tuple[int, int]
    data_uri: str
    _tiled: TiledContainer

    def read(self, z: int) -> NDArray[np.uint8]:
        """(Y, X) uint8 class ids of slice `z`, 0 = unlabelled."""
        picked = f"{self.slices.index(z)},:,:"
        places = self._tiled.read(MASK, picked, dtype="int8", shape=self.shape)
        return labels_of(places, [c.id for c in self.classes])

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """(z, labels) pairs, one slice in memory at a time."""
        return ((z, self.read(z)) for z in self.slices)


def read_mask(uri: str, *, api_key: str, timeout_s: float = 30.0) -> PublishedMask:
    """Open the mask container at `uri`.

    Raises
    ------
    NotFoundError
        If it is not there, or its writer died before it was whole.
    InvalidInputError
        If it has no class table.
    UnavailableError
    """
    tiled = TiledContainer(TiledAccess(uri, api_key, "MASK_TILED", timeout_s))
    try:
        metadata = tiled.metadata("")["metadata"]
    except NotFoundError as error:
        raise NotFoundError(f"{error.message.removesuffix('.')}: the mask of this training.", TRAIN_AGAIN) from error
    if "mask_idx" not in metadata:
        raise NotFoundError(f"The mask at {uri} is not complete.", TRAIN_AGAIN)
    height, width = metadata["image_shape"]
    return PublishedMask(
        slices=tuple(metadata["mask_idx"]),
        classes=classes_of(metadata),
        shape=(height, width),
        data_uri=metadata["data_uri"],
        _tiled=tiled,
    )


@dataclass(frozen=True)
class ResultWriter:
    """Writes the slices of one result, in any order and as often as a resumed job likes."""

    job_id: str
    slices: tuple[int, ...]
    class_ids: tuple[int, ...]
    _tiled: TiledContainer

    def write_slice(
        self,
        z: int,
        labels: NDArray[np.uint8],
        confidence: NDArray[np.uint8],
        entropy: NDArray[np.uint8] | None = None,
        margin: NDArray[np.uint8] | None = None,
    ) -> None:
        """Write one predicted slice; it can be read when this returns.

        labels : (Y, X) class ids. confidence : (Y, X), 255 = certain; 0 is stored as 1, as 0 means "not there yet".
        entropy, margin : (Y, X), as `core.learning.segmenter.Prediction` has them, of a result that was made for them.
        """
        index = self.slices.index(z)
        for key, kept in ((ENTROPY, entropy), (MARGIN, margin)):
            if kept is not None:
                self._tiled.write_slice(f"{self.job_id}/{key}", index, kept)
        self._tiled.write_slice(f"{self.job_id}/{RESULT}", index, places_of(labels, self.class_ids))
        self._tiled.write_slice(f"{self.job_id}/{CONFIDENCE}", index, np.maximum(confidence, 1))


class TiledResults:
    """Implements `core.services.ResultStore`; jobs write through `create`."""

    def __init__(self, access: TiledAccess) -> None:
        self._tiled = TiledContainer(access)

    def create(
        self, job_id: str, *, shape: tuple[int, int], metadata: Mapping[str, Any], entropy: bool = False
    ) -> ResultWriter:
        """Make room for a result, or open the one there is.

        Parameters
        ----------
        job_id : key of the result.
        shape : (Y, X) of a slice.
        metadata : from `core.labels.publishing.result_metadata`; its `mask_idx` says which slices.
        entropy : make room for that and for the margin, too.
        """
        slices = tuple(metadata["mask_idx"])
        self._tiled.create_container(job_id, metadata)
        kept = ((RESULT, "int8"), (CONFIDENCE, "uint8"), (ENTROPY, "uint8"), (MARGIN, "uint8"))
        for key, dtype in kept if entropy else kept[:2]:
            self._tiled.create_array(f"{job_id}/{key}", dtype=dtype, shape=(len(slices), *shape))
        return ResultWriter(job_id, slices, tuple(c.id for c in classes_of(metadata)), self._tiled)

    def adopt(
        self, job_id: str, metadata: Mapping[str, Any], *, shape: tuple[int, int, int], unfinished: bool = False
    ) -> tuple[int, ...]:
        """Complete a result that a program of somebody else has written, and return its slices.

        Parameters
        ----------
        metadata : as for `create`; which slices there are is told by the program, on the array or its container.
        shape : (Z, Y, X) of the volume.
        unfinished : the program still runs, and may tell later what it has not told yet.

        Raises
        ------
        NotFoundError
            If there is no such result, or one that is unfinished does not tell its slices.
        InvalidInputError
            If it does not fit the volume.
        """
        slices = self._slices_of(job_id, shape, unfinished=unfinished)
        self._tiled.replace_metadata(job_id, {**metadata, "mask_idx": list(slices)})
        return slices

    def refer(
        self, job_id: str, key: str, metadata: Mapping[str, Any], *, shape: tuple[int, int, int]
    ) -> tuple[int, ...]:
        """Let the result of a job be one that lies elsewhere, below `key`, and return its slices; else as `adopt`."""
        slices = self._slices_of(key, shape)
        self._tiled.create_container(job_id, {**metadata, "mask_idx": list(slices), RESULT_KEY: key})
        return slices

    def _slices_of(self, key: str, shape: tuple[int, int, int], *, unfinished: bool = False) -> tuple[int, ...]:
        """What a result of somebody else holds; raises as `adopt`."""
        array = self._tiled.metadata(f"{key}/{RESULT}")
        count, *size = array["structure"]["shape"]
        told = {**array["metadata"], **self._tiled.metadata(key)["metadata"]}
        if unfinished and told.get("mask_idx") is None:
            raise NotFoundError("The result does not tell its slices by mask_idx yet.")
        slices = tuple(range(count)) if told.get("mask_idx") is None else tuple(int(z) for z in told["mask_idx"])
        if tuple(size) != shape[1:] or len(slices) != count or not set(slices) <= set(range(shape[0])):
            raise InvalidInputError(
                f"The result has {count} slices of {' x '.join(map(str, size))} for {len(slices)} of the volume, "
                f"whose slices are {shape[1]} x {shape[2]}.",
                "It must be (slices, Y, X), with their numbers in the metadata mask_idx.",
            )
        return slices

    def read_slice(self, job_id: str, z: int) -> NDArray[np.uint8]:
        """(Y, X) uint8 class ids of a predicted slice. Raises NotFoundError when it is not there (yet)."""
        metadata = self._tiled.metadata(job_id)["metadata"]
        index = _row(metadata, job_id, z)
        array = f"{metadata.get(RESULT_KEY, job_id)}/{RESULT}"
        structure = self._tiled.metadata(array)["structure"]
        shape = tuple(structure["shape"][1:])
        self._require_written(job_id, index, z)
        places = self._tiled.read(array, f"{index},:,:", dtype="int8", shape=shape)
        return labels_of(places, [c.id for c in classes_of(metadata)])

    def read_confidence(self, job_id: str, z: int) -> NDArray[np.uint8] | None:
        """(Y, X) uint8, 255 = certain, of a predicted slice; None for a result of the former app."""
        return self._read_bytes(job_id, CONFIDENCE, z)

    def read_entropy(self, job_id: str, z: int) -> NDArray[np.uint8] | None:
        """(Y, X) uint8, 255 = all classes equally likely; None where the result keeps none."""
        return self._read_bytes(job_id, ENTROPY, z)

    def read_margin(self, job_id: str, z: int) -> NDArray[np.uint8] | None:
        """(Y, X) uint8, 0 = two classes are the likeliest; None where the result keeps none."""
        return self._read_bytes(job_id, MARGIN, z)

    def _read_bytes(self, job_id: str, key: str, z: int) -> NDArray[np.uint8] | None:
        index = _row(self._tiled.metadata(job_id)["metadata"], job_id, z)
        try:
            structure = self._tiled.metadata(f"{job_id}/{key}")["structure"]
        except NotFoundError:
            return None
        self._require_written(job_id, index, z)
        shape = tuple(structure["shape"][1:])
        found: NDArray[np.uint8] = self._tiled.read(f"{job_id}/{key}", f"{index},:,:", dtype="uint8", shape=shape)
        return found

    def read_planes(self, job_id: str, axis: PlaneAxis, start: int, stop: int) -> tuple[list[int], NDArray[np.uint8]]:
        """Some XZ ("y") or YZ ("x") planes of a result.

        Returns
        -------
        z of the slices the result holds or will hold, and (stop - start, slices, X) or (stop - start, Y, slices) uint8
        class ids; what is not predicted yet shows the first class. Raises NotFoundError.
        """
        metadata = self._tiled.metadata(job_id)["metadata"]
        places = self._planes(f"{metadata.get(RESULT_KEY, job_id)}/{RESULT}", axis, start, stop, dtype="int8")
        labels = labels_of(places, [c.id for c in classes_of(metadata)])
        slices = metadata.get("mask_idx")
        return list(range(len(labels))) if slices is None else list(slices), turned_pixels(labels, axis)

    def read_confidence_planes(self, job_id: str, axis: PlaneAxis, start: int, stop: int) -> NDArray[np.uint8] | None:
        """As `read_planes`, confidence in place of class ids, 0 where nothing is predicted; None if none is kept."""
        try:
            return turned_pixels(self._planes(f"{job_id}/{CONFIDENCE}", axis, start, stop, dtype="uint8"), axis)
        except NotFoundError:
            return None

    def _planes(self, key: str, axis: PlaneAxis, start: int, stop: int, *, dtype: str) -> NDArray[Any]:
        """(slices, Y, X) of an array, cut to some of its rows ("y") or columns ("x")."""
        count, height, width = self._tiled.metadata(key)["structure"]["shape"]
        part, shape = (
            (f":,{start}:{stop},:", (count, stop - start, width))
            if axis == "y"
            else (f":,:,{start}:{stop}", (count, height, stop - start))
        )
        return self._tiled.read(key, part, dtype=dtype, shape=shape)

    def _require_written(self, job_id: str, index: int, z: int) -> None:
        try:
            pixel = self._tiled.read(f"{job_id}/{CONFIDENCE}", f"{index},0,0", dtype="uint8", shape=())
        except NotFoundError:
            return  # written by the former app, which keeps no confidence
        if pixel == 0:
            raise NotFoundError(f"Slice {z + 1} of this result is not there yet.")


def _row(metadata: Mapping[str, Any], job_id: str, z: int) -> int:
    """Row of slice `z`; `mask_idx` null means the whole stack in order."""
    slices = metadata.get("mask_idx")
    if slices is None:
        return z
    if z not in slices:
        raise NotFoundError(f"Result {job_id} does not hold slice {z + 1}.")
    return int(slices.index(z))
