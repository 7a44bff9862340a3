"""Spans: how an edit travels (docs/contracts.md, "Labels") and which pixels of which tiles it covers."""

import json
import uuid
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import TILE_PX
from core.images.planes import PlaneAxis, plane_axis
from core.labels.rules import PaintRule

MAX_INFLATED_BYTES = 64 << 20  # five million spans; a page of zeros deflates to a thousandth, so this is the real bound
SPAN_BYTES = 12
LIVE = "live"  # the source, and in the history the kind, of an edit whose pixels the live prediction gave
RELOAD = "Reload the page and paint it again."

Spans = NDArray[np.int32]
"""(N, 3) of (y, x_start, x_stop), half-open."""

Parts = tuple[tuple[int, int], ...]
"""(class id, how many spans) of each part of an edit, in the order of its spans; empty: all spans are of one class."""


@dataclass(frozen=True)
class EditBody:
    """What the browser posts. `index` is that of a slice, or of the plane that `axis` names.

    With `parts`, `label` means nothing. source : LIVE where the live prediction gave the pixels.
    """

    id: str
    index: int
    label: int
    spans: Spans
    axis: PlaneAxis = "z"
    parts: Parts = ()
    rule: PaintRule = field(default_factory=PaintRule)
    source: str = ""


def encode_edit(edit: EditBody) -> bytes:
    """The body of an edit, as the browser makes it; for tests and scripts.

    >>> edit = EditBody("6f9619ff-8b86-4011-b42d-00c04fc964ff", index=3, label=1, spans=np.array([[5, 0, 9]], np.int32))
    >>> decode_edit(encode_edit(edit)).spans.tolist()
    [[5, 0, 9]]
    """
    painted = {"parts": edit.parts} if edit.parts else {"label": edit.label}
    place = {"id": edit.id, "axis": edit.axis, "z": edit.index}
    source = {"source": edit.source} if edit.source else {}
    header = json.dumps(place | painted | edit.rule.header() | source).encode()
    pixels = np.ascontiguousarray(edit.spans, "<i4").tobytes()
    return zlib.compress(len(header).to_bytes(4, "little") + header + pixels, level=1)


def decode_edit(body: bytes) -> EditBody:
    """Read the body of an edit.

    Raises
    ------
    InvalidInputError
        If it is cut off, larger than 64 MiB when inflated, or breaks the contract in any other way.
    """
    raw = _inflate(body)
    start = 4 + int.from_bytes(raw[:4], "little")
    if len(raw) < max(start, 4) or (len(raw) - start) % SPAN_BYTES:
        raise InvalidInputError("The edit is cut off.", RELOAD)
    header = _header(raw[4:start])
    spans = np.frombuffer(raw[start:], "<i4").reshape(-1, 3)
    _check_spans(spans)
    parts = _parts(header, len(spans))
    label = 0 if parts else _integer(header, "label")
    edit_id, index = check_edit_id(header.get("id")), _integer(header, "z")
    return EditBody(edit_id, index, label, spans, _axis(header), parts, PaintRule.of(header), _source(header))


def check_edit_id(value: object) -> str:
    """`value` in its canonical form if it is a UUID; InvalidInputError otherwise."""
    try:
        return str(uuid.UUID(str(value)))
    except ValueError as error:
        raise InvalidInputError(f"{str(value)[:60]!r} is not an edit's id: a UUID.", RELOAD) from error


def clip(spans: Spans, shape: tuple[int, int]) -> Spans:
    """The parts of `spans` inside a (Y, X) slice, in a new array.

    >>> clip(np.array([[0, -4, 3], [9, 0, 2]], np.int32), (5, 5)).tolist()
    [[0, 0, 3]]
    """
    y, start, stop = spans[:, 0], spans[:, 1].clip(min=0), spans[:, 2].clip(max=shape[1])
    inside = (y >= 0) & (y < shape[0]) & (start < stop)
    return np.stack([y, start, stop], axis=1)[inside]


def join_spans(spans: Spans) -> Spans:
    """The same pixels as few spans: sorted, and one where two of a row meet. No pixel may be in two of them.

    >>> join_spans(np.array([[4, 6, 7], [2, 0, 1], [4, 5, 6]], np.int32)).tolist()
    [[2, 0, 1], [4, 5, 7]]
    """
    spans = spans[np.lexsort((spans[:, 1], spans[:, 0]))]
    meets = (spans[1:, 0] == spans[:-1, 0]) & (spans[1:, 1] == spans[:-1, 2])
    first, last = np.append(True, ~meets)[: len(spans)], np.append(~meets, True)[: len(spans)]
    return np.column_stack([spans[first, :2], spans[last, 2]])


def tile_masks(spans: Spans) -> Iterator[tuple[tuple[int, int], NDArray[np.bool_]]]:
    """Cut clipped spans into tiles, row by row of tiles.

    Yields
    ------
    (ty, tx), mask : mask is (512, 512) bool, True where painted. Tiles without a painted pixel are left out.
    """
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    rows = spans[:, 0] // TILE_PX
    for ty in np.unique(rows).tolist():
        first, last = np.searchsorted(rows, [ty, ty + 1])
        for tx, local in _columns(spans[first:last] - np.array([ty * TILE_PX, 0, 0], np.int32)):
            yield (ty, tx), _fill(local)


def part_masks(
    parts: Iterable[tuple[int, Spans]],
) -> dict[tuple[int, int], list[tuple[int, NDArray[np.bool_]]]]:
    """`tile_masks` of several parts: {(ty, tx): [(class id, mask), ...]}, each tile once."""
    found: dict[tuple[int, int], list[tuple[int, NDArray[np.bool_]]]] = {}
    for label, spans in parts:
        for place, mask in tile_masks(spans):
            found.setdefault(place, []).append((label, mask))
    return found


def _columns(band: Spans) -> Iterator[tuple[int, Spans]]:
    """Cut the spans of one row of tiles into its columns, in pixels of the tile."""
    for tx in range(int(band[:, 1].min()) // TILE_PX, (int(band[:, 2].max()) - 1) // TILE_PX + 1):
        local = clip(band - np.array([0, tx * TILE_PX, tx * TILE_PX], np.int32), (TILE_PX, TILE_PX))
        if len(local):
            yield tx, local


def _fill(local: Spans) -> NDArray[np.bool_]:
    """Fill by differences along rows: +1 where a span starts, -1 where it stops, then a running sum."""
    edges = np.zeros((TILE_PX, TILE_PX + 1), np.int32)
    np.add.at(edges, (local[:, 0], local[:, 1]), 1)
    np.subtract.at(edges, (local[:, 0], local[:, 2]), 1)
    filled: NDArray[np.bool_] = edges[:, :-1].cumsum(axis=1, dtype=np.int32) > 0
    return filled


def _inflate(body: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(body, MAX_INFLATED_BYTES + 1)
    except zlib.error as error:
        raise InvalidInputError("The edit is not deflated data.", RELOAD) from error
    if len(raw) > MAX_INFLATED_BYTES:
        raise InvalidInputError(
            f"The edit is larger than {MAX_INFLATED_BYTES >> 20} MiB.", "Paint it in smaller pieces."
        )
    if not inflater.eof or inflater.unused_data:
        raise InvalidInputError("The edit is cut off.", RELOAD)
    return raw


def _header(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The edit's header is not JSON.", RELOAD) from error
    if not isinstance(header, dict):
        raise InvalidInputError("The edit's header is not a JSON object.", RELOAD)
    return header


def _integer(header: dict[str, Any], key: str) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInputError(f"The edit's {key!r} is {str(value)[:60]!r}, not an integer.", RELOAD)
    return value


def _parts(header: dict[str, Any], spans: int) -> Parts:
    """The parts, which account for every span; none in the header of an edit of one class."""
    if "parts" not in header:
        return ()
    try:
        parts = tuple((_whole(label), _whole(count)) for label, count in header["parts"])
    except (TypeError, ValueError) as error:
        raise InvalidInputError("The edit's 'parts' is not a list of [class id, number of spans].", RELOAD) from error
    if sum(count for _, count in parts) != spans:
        raise InvalidInputError(f"The edit has {spans} spans, and its parts speak of others.", RELOAD)
    return parts


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _source(header: dict[str, Any]) -> str:
    source = header.get("source", "")
    if source not in ("", LIVE):
        raise InvalidInputError(f"The edit's 'source' is {str(source)[:60]!r}, not {LIVE!r}.", RELOAD)
    return str(source)


def _axis(header: dict[str, Any]) -> PlaneAxis:
    """The axis; pages that know slices only do not name it."""
    try:
        return plane_axis(str(header.get("axis", "z")))
    except NotFoundError as error:
        raise InvalidInputError(f"The edit's 'axis' is {str(header['axis'])[:60]!r}, not z, y or x.", RELOAD) from error


def _check_spans(spans: Spans) -> None:
    if (spans < 0).any():
        raise InvalidInputError("A span of the edit starts left of or above the image.", RELOAD)
    if (spans[:, 1] >= spans[:, 2]).any():
        raise InvalidInputError("A span of the edit ends before it begins.", RELOAD)
