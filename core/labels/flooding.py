"""Fill through the stack: the area under a point, connected over the slices.

The 3-D counterpart of `tools/flood.py`, with the same idea of what is alike: the label, and where a tolerance is given
the grey too. Pure functions on a block of slices; `callbacks/http/proposing.py` reads them.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from core.labels.tools.flood import about_equal
from core.labels.tools.scene import Grey

MAX_VOXELS = 1 << 26  # 64 slices of 1024 x 1024: their components take 256 MB for a moment

Block = NDArray[np.bool_]
"""(n, h, w), a slice of a part of the plane after the other."""

Voxel = tuple[int, int, int]
"""(slice of the block, row, column)."""


def alike_labels(labels: NDArray[np.uint8], seed: Voxel) -> Block:
    """(n, h, w) where the label is that of the seed; `labels` : (n, h, w) class ids."""
    return np.asarray(labels == labels[seed], np.bool_)


def alike_greys(images: Iterable[Grey], value: Grey, tolerance: float) -> Iterable[NDArray[np.bool_]]:
    """(h, w) of each image where the grey is within `tolerance` of `value`, a single grey of the images' type."""
    for image in images:
        joined = np.concatenate([value.reshape(1, 1).repeat(image.shape[1], axis=1).astype(image.dtype), image])
        yield about_equal(joined, (0, 0), tolerance)[1:]


def connected(alike: Block, seed: Voxel) -> Block:
    """The part of `alike` that can be reached from `seed` over faces; at least the seed's own voxel.

    >>> alike = np.zeros((3, 1, 4), bool)
    >>> alike[0, 0, :2] = alike[1, 0, 1] = alike[2, 0, 3] = True
    >>> connected(alike, (0, 0, 0)).sum(axis=(1, 2)).tolist()
    [2, 1, 0]
    """
    components, _ = ndimage.label(alike)
    here = components[seed]
    found: Block = components == here if here else np.zeros_like(alike)
    found[seed] = True
    return found


def open_ends(found: Block, first: int, depth: int) -> list[int]:
    """Slices of the volume at whose side the area was cut off; `first` is that of the block, `depth` the volume's.

    >>> open_ends(np.ones((2, 1, 1), bool), 4, 9)
    [4, 5]
    """
    last = first + len(found) - 1
    ends = ((first, found[0], first > 0), (last, found[-1], last < depth - 1))
    return [z for z, plane, goes_on in ends if goes_on and plane.any()]
