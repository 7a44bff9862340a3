"""Slices put together from label tiles."""

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import TILE_PX, tile_bounds
from core.labels.store import LabelStore


def read_slice(store: LabelStore, volume: str, z: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The labels of one whole slice.

    Parameters
    ----------
    store : where the tiles are.
    volume : path of the volume.
    z : slice index.
    shape : (Y, X) of the slice.

    Returns
    -------
    (Y, X) uint8 class ids, 0 = unlabelled.
    """
    labels = np.zeros(shape, np.uint8)
    for ty, tx in store.tile_versions(volume, z):
        rows, columns = tile_bounds(shape, tx, ty)
        tile = store.tile(volume, (z, ty, tx))
        if tile is not None:
            labels[rows, columns] = tile[: rows.stop - ty * TILE_PX, : columns.stop - tx * TILE_PX]
    return labels
