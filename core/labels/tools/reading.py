"""Labels of a part of a plane, put together from tiles; and a plane's labels as parts, for another plane."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.images.geometry import TILE_PX
from core.labels.planes import TileReader
from core.labels.spans import Spans
from core.labels.tools.regions import check_count, mask_of, spans_of
from core.labels.tools.scene import Answer, Ask, Frame, Part


def read_labels(reader: TileReader, volume: str, index: int, frame: Frame) -> NDArray[np.uint8]:
    """(h, w) uint8 class ids of a frame of a plane, 0 = unlabelled."""
    labels = np.zeros(frame.shape, np.uint8)
    for block, pixels in _tiles(reader, volume, index):
        shared = block.cut(frame)
        if min(shared.shape) > 0:
            labels[frame.window(shared)] = pixels[block.window(shared)]
    return labels


def copy(reader: TileReader, volume: str, ask: Ask, *, depth: int) -> Answer:
    """The plane's labels, or those of the region drawn, as parts to be painted on plane options.to."""
    to = ask.options.get("to")
    if not isinstance(to, int) or isinstance(to, bool) or not 0 <= to < depth or to == ask.index:
        raise InvalidInputError(f"{str(to)[:40]!r} is no slice to copy to.", f"Choose another, from 0 to {depth - 1}.")
    parts = _parts(reader, volume, ask)
    return Answer(parts, note="" if parts else "There is no label on this slice to copy.")


def _parts(reader: TileReader, volume: str, ask: Ask) -> tuple[Part, ...]:
    found: dict[int, list[Spans]] = {}
    for block, pixels in _tiles(reader, volume, ask.index):
        frame = block.cut(ask.plane)
        labels = pixels[block.window(frame)]
        if len(ask.spans):
            labels = np.where(mask_of(ask.spans, frame), labels, 0)
        for label in np.unique(labels[labels > 0]).tolist():
            found.setdefault(label, []).append(spans_of(labels == label, frame))
            check_count(sum(len(spans) for pieces in found.values() for spans in pieces))
    return tuple(Part(label, np.concatenate(pieces)) for label, pieces in sorted(found.items()))


def _tiles(reader: TileReader, volume: str, index: int) -> Iterator[tuple[Frame, NDArray[np.uint8]]]:
    for ty, tx in reader.tile_versions(volume, index):
        pixels = reader.tile(volume, (index, ty, tx))
        if pixels is not None:
            y, x = ty * TILE_PX, tx * TILE_PX
            yield Frame(y, x, y + TILE_PX, x + TILE_PX), pixels
