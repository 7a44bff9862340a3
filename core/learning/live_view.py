"""What a live prediction works on: which parts of a slice, in which order, how finely, and which labels teach it.

Pure arithmetic. A slice is cut into blocks, the level-0 tiles of the labels and images; features are kept for each.
A view shows every `step`-th pixel of a block; at first only every second of these is predicted, the rest after.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.images.geometry import TILE_PX
from core.images.planes import PlaneAxis
from core.labels.tools.scene import Frame
from core.learning.features import GRID_PX, HALO_PX
from core.learning.normalisation import Normalisation

MAX_BLOCKS = 64  # of one view: 4096 x 4096 pixels, whose features take seconds the first time
MAX_LESSON_TILES = 64  # painted tiles learned from, the nearest first
BAND_ROWS = 128  # rows predicted at a time: how long a newer stroke waits for an older one
MARGIN_PX = 8  # features kept around a block, so that smoothing sees across its border
ROUGH = 2  # how much coarser the first impression is, each way

Place = tuple[int, int, int]
"""(z, ty, tx) of a block."""


@dataclass(frozen=True)
class View:
    """What somebody looks at.

    index : of the plane on `axis`. level : of the screen; every 2^level-th pixel shows. frame : the part in view, in
    pixels of the plane. cursor : its (row, column) under the pointer, from which the work spreads.
    """

    index: int
    level: int
    frame: Frame
    cursor: tuple[float, float]
    axis: PlaneAxis = "z"

    @property
    def step(self) -> int:
        return 1 << self.level

    @property
    def spot(self) -> tuple[int, tuple[float, float]]:
        """The slice under the cursor, and the (y, x) on it.

        >>> View(7, 0, Frame(0, 0, 30, 99), (3.5, 60.0), "y").spot
        (3, (7, 60.0))
        """
        row, column = self.cursor
        if self.axis == "y":
            return int(row), (self.index, column)
        return (int(column), (row, self.index)) if self.axis == "x" else (self.index, self.cursor)


@dataclass(frozen=True)
class Piece:
    """A part of a block to predict. frame : in pixels of its plane, on the grid of rough samples, or at the edge."""

    place: Place
    frame: Frame


@dataclass(frozen=True)
class Image:
    """What of a volume all its blocks share. version : of the pixels. plane : a whole slice.

    own : the grey ranges of slices that go by their own; the others go by `normalisation`.
    """

    volume: str
    version: str
    plane: Frame
    normalisation: Normalisation
    own: Mapping[int, Normalisation] = field(default_factory=dict)

    def range_of(self, z: int) -> Normalisation:
        """The grey range that slice `z` goes by."""
        return self.own.get(z, self.normalisation)


@dataclass(frozen=True)
class Lesson:
    """What to learn from. tiles : painted tiles and the versions of their labels."""

    image: Image
    tiles: tuple[tuple[Place, int], ...]
    parameters: Mapping[str, Any]

    @property
    def slices(self) -> tuple[int, ...]:
        """Those that the tiles are of."""
        return tuple(sorted({z for (z, _, _), _ in self.tiles}))


@dataclass(frozen=True)
class Learned:
    """class_ids : what is told apart. pixels : how many were learned from. slices : how many these lie on."""

    class_ids: tuple[int, ...]
    pixels: int
    slices: int


def block_frame(place: Place, plane: Frame) -> Frame:
    """The pixels of a block.

    >>> block_frame((0, 1, 0), Frame(0, 0, 700, 300))
    Frame(y0=512, x0=0, y1=700, x1=300)
    """
    _, ty, tx = place
    y, x = ty * TILE_PX, tx * TILE_PX
    return Frame(y, x, y + TILE_PX, x + TILE_PX).cut(plane)


def kept_frame(place: Place, plane: Frame) -> Frame:
    """The pixels of a block whose features are kept: with a margin."""
    return block_frame(place, plane).grown(MARGIN_PX, plane)


def read_frame(place: Place, plane: Frame) -> Frame:
    """The pixels that the features of a block depend on; they begin on the grid of the reduced scales."""
    assert (MARGIN_PX + HALO_PX) % GRID_PX == 0, "a block must keep to the grid of the reduced scales"
    return kept_frame(place, plane).grown(HALO_PX, plane)


def pieces(view: View, plane: Frame) -> list[Piece]:
    """The parts of a plane to predict, that under the cursor first, at most `MAX_BLOCKS` of the nearest."""
    shown = view.frame.cut(plane)
    if min(shown.shape) <= 0:
        return []
    blocks = [(view.index, ty, tx) for ty in _tiles(shown.y0, shown.y1) for tx in _tiles(shown.x0, shown.x1)]
    found = [Piece(place, _on_grid(view, shown, block_frame(place, plane))) for place in blocks]
    return sorted(found, key=lambda piece: distance(piece.frame, view.cursor))[:MAX_BLOCKS]


def bands(piece: Piece, step: int) -> Iterator[Piece]:
    """The piece as strips of so many rows on the screen."""
    rows = BAND_ROWS * step
    for y in range(piece.frame.y0, piece.frame.y1, rows):
        yield Piece(piece.place, piece.frame.cut(Frame(y, 0, y + rows, piece.frame.x1)))


def lesson(painted: Iterable[tuple[int, Mapping[tuple[int, int], int]]], view: View) -> list[tuple[Place, int]]:
    """The painted tiles to learn from, with their versions: of the nearest slices, in each the nearest to the cursor.

    painted : (z, {(ty, tx): version}) of slices, the nearest first; not asked for more once there are enough.
    """
    found: list[tuple[Place, int]] = []
    _, cursor = view.spot
    for z, versions in painted:
        tiles = sorted(versions.items(), key=lambda item: distance(_tile(item[0]), cursor))
        found += [((z, ty, tx), version) for (ty, tx), version in tiles]
        if len(found) >= MAX_LESSON_TILES:
            break
    return found[:MAX_LESSON_TILES]


def _on_grid(view: View, shown: Frame, block: Frame) -> Frame:
    """The part of a block in view, widened to whole rough samples."""
    grid = view.step * ROUGH
    part = shown.cut(block)
    starts = (part.y0 // grid * grid, part.x0 // grid * grid)
    stops = (-(-part.y1 // grid) * grid, -(-part.x1 // grid) * grid)
    return Frame(*starts, *stops).cut(block)


def _tiles(start: int, stop: int) -> range:
    return range(start // TILE_PX, (stop - 1) // TILE_PX + 1)


def _tile(place: tuple[int, int]) -> Frame:
    y, x = place[0] * TILE_PX, place[1] * TILE_PX
    return Frame(y, x, y + TILE_PX, x + TILE_PX)


def distance(frame: Frame, cursor: tuple[float, float]) -> float:
    """From the cursor to the frame, squared; 0 inside it."""
    y, x = cursor
    dy = max(frame.y0 - y, 0, y - frame.y1 + 1)
    dx = max(frame.x0 - x, 0, x - frame.x1 + 1)
    return float(dy * dy + dx * dx)
