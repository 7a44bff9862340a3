"""Where to annotate next in a stack: squares of its slices, ranked by doubt, or at random where something shows.

A square is (z, y, x) of its upper left corner. Measures of doubt are means over its pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.floating]
CONTRAST_FLOOR = 0.25  # of the median contrast: below it a square is taken for background


@dataclass(frozen=True)
class Grid:
    """shape : (Y, X) of a slice. side_px : of a square; those at the far edges are shifted inwards, not smaller."""

    shape: tuple[int, int]
    side_px: int

    def corners(self) -> Iterator[tuple[int, int]]:
        """(y, x) of every square.

        >>> list(Grid((100, 64), 64).corners())
        [(0, 0), (36, 0)]
        """
        rows, columns = (_starts(length, self.side_px) for length in self.shape)
        yield from ((y, x) for y in rows for x in columns)

    def cut(self, image: NDArray[np.generic], corner: tuple[int, int]) -> NDArray[np.generic]:
        """A view of one square, smaller where the slice is."""
        y, x = corner
        return image[y : y + self.side_px, x : x + self.side_px]

    def means(self, image: Image) -> NDArray[np.float64]:
        """(squares,) the mean of each."""
        return np.array([float(self.cut(image, corner).mean()) for corner in self.corners()])

    def contrasts(self, image: Image) -> NDArray[np.float64]:
        """(squares,) the standard deviation of each."""
        return np.array([float(self.cut(image, corner).std()) for corner in self.corners()])


def foreground(contrasts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which squares show something: their contrast is no small part of what is usual."""
    return np.asarray(contrasts >= CONTRAST_FLOOR * np.median(contrasts))


def _starts(length: int, side: int) -> list[int]:
    last = max(length - side, 0)
    return [*range(0, last, side), last]
