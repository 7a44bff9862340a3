"""Boxes, levels and tiles: where pixels are, before anybody reads them.

A level halves both axes of the one before it; level 0 is full size and the last level fits into one tile.
"""

from dataclasses import dataclass

from core.errors import NotFoundError

TILE_PX = 512  # a 16-bit tile stays at 512 KiB, and a 1400x900 window needs about 12


@dataclass(frozen=True)
class Box:
    """A half-open box of voxels.

    >>> Box(start=(0, 10, 20), stop=(1, 14, 26)).shape
    (1, 4, 6)
    """

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        (z0, y0, x0), (z1, y1, x1) = self.start, self.stop
        return (z1 - z0, y1 - y0, x1 - x0)

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index expression for a (Z, Y, X, ...) array."""
        z, y, x = (slice(a, b) for a, b in zip(self.start, self.stop, strict=True))
        return (z, y, x)


def whole_slice(z: int, shape: tuple[int, int, int]) -> Box:
    """The box of slice `z` of a (Z, Y, X) volume."""
    return Box(start=(z, 0, 0), stop=(z + 1, shape[1], shape[2]))


def level_shapes(shape_yx: tuple[int, int]) -> list[tuple[int, int]]:
    """(Y, X) of every level, full size first, until both axes fit into one tile.

    >>> level_shapes((2560, 2560))
    [(2560, 2560), (1280, 1280), (640, 640), (320, 320)]
    >>> level_shapes((1, 1))
    [(1, 1)]
    """
    shapes = [shape_yx]
    while max(shapes[-1]) > TILE_PX:
        y, x = shapes[-1]
        shapes.append(((y + 1) // 2, (x + 1) // 2))
    return shapes


def tile_bounds(level_shape: tuple[int, int], tx: int, ty: int) -> tuple[slice, slice]:
    """(rows, columns) of tile (tx, ty) in a level; edge tiles are cropped to the image.

    Raises
    ------
    NotFoundError
        If the tile lies outside the level.
    """
    y, x = ty * TILE_PX, tx * TILE_PX
    if tx < 0 or ty < 0 or y >= level_shape[0] or x >= level_shape[1]:
        raise NotFoundError(
            f"Tile ({tx}, {ty}) does not exist; the level is {level_shape[1]} x {level_shape[0]} pixels."
        )
    return slice(y, min(y + TILE_PX, level_shape[0])), slice(x, min(x + TILE_PX, level_shape[1]))
