"""The label tiles of an instance set, labelled and measured: each is visited once, and again when it has changed.

Memory grows with the number of fragments, not with the volume; of pixels no more is held than a few tiles and a part
of a slice of the image.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache
from core.images.geometry import TILE_PX, Box, tile_bounds
from core.images.volumes import VolumeSource
from core.labels.corrections import InstanceSet
from core.labels.fragments import Fragments, Labels, Runs, fill_runs, find_runs, label_pixels, measure
from core.labels.joins import Overlap, overlap
from core.labels.spans import Spans, tile_masks
from core.labels.store import LabelStore, TileIndex

KEPT_RUNS_BYTES = 64 << 20  # 4 million runs: some thousand tiles with a dozen fragments each
KEPT_FRAGMENT_BYTES = 192 << 20  # about 10,000 tiles with a dozen fragments each
READ_BYTES = 64 << 20  # of the image at once; a larger part of a slice is read tile by tile

Tell = Callable[[int, int], None]
"""Hears how many of how many tiles are done; raises to stop."""

Cuts = Mapping[TileIndex, Sequence[Spans]]
"""Spans of the slice that cuts run through, of tiles that have any; they may reach into others."""


@dataclass
class Seen:
    """What is remembered of tiles as long as there is room: the runs of their labels, signs kept, and fragments."""

    runs: ByteCache = field(default_factory=lambda: ByteCache(KEPT_RUNS_BYTES, lambda kept: kept.nbytes + 256))
    fragments: ByteCache = field(default_factory=lambda: ByteCache(KEPT_FRAGMENT_BYTES, lambda kept: kept.nbytes))


@dataclass(frozen=True)
class InstanceTiles:
    """The tiles of `chosen` at one moment.

    versions : of every labelled tile.
    keys : what the fragments of each labelled tile depend on; a tile with the same key has the same fragments.
    """

    chosen: InstanceSet
    store: LabelStore
    versions: Mapping[TileIndex, int]
    keys: Mapping[TileIndex, Hashable]
    cuts: Cuts
    seen: Seen

    def labels(self, index: TileIndex) -> Labels:
        """A tile's labels as `label_pixels` numbers them."""
        return fill_runs(self.runs(index))

    def runs(self, index: TileIndex) -> Runs:
        """The runs of `labels`."""
        runs: Runs = self.seen.runs.get(self._key(index), lambda: find_runs(self._label(index)))
        return runs

    def fragments(self, source: VolumeSource, tell: Tell) -> dict[TileIndex, Fragments]:
        """The fragments of each tile that has any, with the values of `source`."""
        tiles: dict[TileIndex, Fragments] = {}
        slices = _by_slice(self.keys)
        done = 0
        for here in slices.values():
            tiles |= {index: each for index, each in self._fragments_of(here, source).items() if len(each)}
            done += len(here)
            tell(done, len(self.keys))
        return tiles

    def overlaps(self, tiles: Mapping[TileIndex, Fragments]) -> dict[TileIndex, Overlap]:
        """How each tile meets that of the next slice, by the lower one."""
        pairs = [(index, (index[0] + 1, index[1], index[2])) for index in tiles]
        return {lower: self._overlap(lower, upper) for lower, upper in pairs if upper in tiles}

    def _label(self, index: TileIndex) -> Labels:
        pixels = self.store.tile(self.chosen.volume, index)
        mask = np.zeros((TILE_PX, TILE_PX), bool) if pixels is None else pixels == self.chosen.class_id
        return label_pixels(mask, self._cut(index))

    def _cut(self, index: TileIndex) -> NDArray[np.bool_] | None:
        """(512, 512) bool of the pixels that cuts run through."""
        if index not in self.cuts:
            return None
        return dict(tile_masks(np.concatenate(self.cuts[index])))[index[1:]]

    def _fragments_of(self, here: Sequence[TileIndex], source: VolumeSource) -> dict[TileIndex, Fragments]:
        known = {index: self.seen.fragments.peek(self._key(index)) for index in here}
        missing = {index: self.runs(index) for index, found in known.items() if found is None}
        values = SliceValues(source, [index for index, runs in missing.items() if len(runs)])
        for index, runs in missing.items():
            made = measure(index, fill_runs(runs), values.tile(index))
            known[index] = self.seen.fragments.get(self._key(index), partial(_same, made))
        return known

    def _overlap(self, lower: TileIndex, upper: TileIndex) -> Overlap:
        key = (self._key(lower), self._key(upper))
        met: Overlap = self.seen.fragments.get(key, lambda: overlap(self.labels(lower), self.labels(upper)))
        return met

    def _key(self, index: TileIndex) -> Hashable:
        return (self.chosen, index, self.keys[index])


Known = tuple[int, Mapping[TileIndex, int]]
"""A revision, and the versions of all labelled tiles then."""


def tile_versions(store: LabelStore, volume: str, known: Known | None) -> dict[TileIndex, int]:
    """The version of every labelled tile of a volume; only slices that changed since `known` are asked for."""
    if known is None:
        slices, versions = set(store.annotated_slices(volume)), dict[TileIndex, int]()
    else:
        slices = {z for z, _, _ in store.changes(volume, since=known[0]).changed}
        versions = {index: version for index, version in known[1].items() if index[0] not in slices}
    for z in sorted(slices):
        versions |= {(z, ty, tx): version for (ty, tx), version in store.tile_versions(volume, z).items()}
    return versions


def tile_keys(versions: Mapping[TileIndex, int], cuts: Cuts, image_version: str) -> dict[TileIndex, Hashable]:
    """What the fragments of each tile depend on."""
    marks = {index: hash(b"".join(spans.tobytes() for spans in here)) for index, here in cuts.items()}
    return {index: (version, image_version, marks.get(index, 0)) for index, version in versions.items()}


def cuts_by_tile(cuts: Iterable[Mapping[int, Spans]]) -> dict[TileIndex, list[Spans]]:
    """Cuts as `Cuts`; each is {z: spans}."""
    found: dict[TileIndex, list[Spans]] = {}
    for z, spans in [item for cut in cuts for item in cut.items()]:
        rows = np.unique(np.stack([spans[:, 0], spans[:, 1], spans[:, 2] - 1], axis=1) // TILE_PX, axis=0)
        for ty, tx in {(ty, tx) for ty, first, last in rows.tolist() for tx in range(first, last + 1)}:
            found.setdefault((z, ty, tx), []).append(spans)
    return found


def _same(made: Fragments) -> Fragments:
    return made


class SliceValues:
    """The true values below some tiles of one slice, read from the image in one piece where that is not too large.

    Colours and channels become their mean, opacity left out: one value a pixel is what can be measured.
    """

    def __init__(self, source: VolumeSource, tiles: Sequence[TileIndex]) -> None:
        self._source, self._tiles = source, set(tiles)
        self._box, self._read = self._one_piece(tiles)

    def tile(self, index: TileIndex) -> NDArray[np.float64]:
        """(512, 512) float64; NaN outside the image and for tiles not asked for."""
        if index not in self._tiles:
            return np.full((TILE_PX, TILE_PX), np.nan)
        box = _tile_box(index, self._source.info.shape)
        pixels = self._cut_out(box) if self._box else _grey(self._source, box)
        spare = [(0, TILE_PX - side) for side in pixels.shape]
        return np.pad(pixels, spare, constant_values=np.nan) if np.any(spare) else pixels

    def _cut_out(self, box: Box) -> NDArray[np.float64]:
        assert self._box is not None
        (_, top, left), (_, y0, x0), (_, y1, x1) = self._box.start, box.start, box.stop
        return self._read[y0 - top : y1 - top, x0 - left : x1 - left]

    def _one_piece(self, tiles: Sequence[TileIndex]) -> tuple[Box | None, NDArray[np.float64]]:
        nothing = np.zeros((0, 0))
        if not tiles:
            return None, nothing
        boxes = np.array([(box.start, box.stop) for box in (_tile_box(t, self._source.info.shape) for t in tiles)])
        start, stop = boxes[:, 0].min(axis=0).tolist(), boxes[:, 1].max(axis=0).tolist()
        whole = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
        if np.prod(whole.shape) * 8 * self._source.info.channels > READ_BYTES:
            return None, nothing
        return whole, _grey(self._source, whole)


def _tile_box(index: TileIndex, shape: tuple[int, int, int]) -> Box:
    z, ty, tx = index
    rows, columns = tile_bounds(shape[1:], tx, ty)
    return Box((z, rows.start, columns.start), (z + 1, rows.stop, columns.stop))


def _grey(source: VolumeSource, box: Box) -> NDArray[np.float64]:
    """(Y, X) float64 of a box one slice thick."""
    pixels: NDArray[np.float64] = source.read(box)[0].astype(np.float64)
    if pixels.ndim == 2:
        return pixels
    mean: NDArray[np.float64] = (pixels[..., :3] if source.info.is_colour else pixels).mean(axis=2)
    return mean


def _by_slice(tiles: Mapping[TileIndex, Hashable]) -> dict[int, list[TileIndex]]:
    slices: dict[int, list[TileIndex]] = {}
    for index in sorted(tiles):
        slices.setdefault(index[0], []).append(index)
    return slices
