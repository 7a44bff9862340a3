"""Label tiles of every level, put together from level 0 and kept until one of the tiles below changes."""

from itertools import product

from core.byte_cache import ByteCache
from core.images.geometry import TILE_PX
from core.images.pyramid import max_pool
from core.labels.edits import Tile, empty_tile, pack, unpack
from core.labels.planes import TileReader

KEPT_BYTES = 64 << 20  # packed: all reduced tiles of a painted image of 50,000 x 50,000

Versions = dict[tuple[int, int], int]
"""{(ty, tx): version} of level-0 tiles."""


class LabelPyramid:
    """Cuts label tiles; a stroke costs only the tiles above it, however large the image is."""

    def __init__(self, store: TileReader) -> None:
        self._store = store
        self._kept = ByteCache(KEPT_BYTES, size=len)

    def tile(self, volume: str, z: int, level: int, *, tx: int, ty: int) -> Tile | None:
        """(512, 512) uint8: the greatest class id of each 2^level x 2^level block; None when there is no label."""
        if level == 0:
            return self._store.tile(volume, (z, ty, tx))
        return self._reduced(volume, z, level, ty, tx, self._store.tile_versions(volume, z))

    def _reduced(self, volume: str, z: int, level: int, ty: int, tx: int, versions: Versions) -> Tile | None:
        below = {at: version for at, version in versions.items() if at[0] >> level == ty and at[1] >> level == tx}
        if not below:
            return None
        if level == 0:
            return self._store.tile(volume, (z, ty, tx))
        key = (volume, z, level, ty, tx, frozenset(below.items()))
        return unpack(self._kept.get(key, lambda: pack(self._join(volume, z, level, ty, tx, below))))

    def _join(self, volume: str, z: int, level: int, ty: int, tx: int, versions: Versions) -> Tile:
        joined, half = empty_tile(), TILE_PX // 2
        for dy, dx in product((0, 1), (0, 1)):
            child = self._reduced(volume, z, level - 1, 2 * ty + dy, 2 * tx + dx, versions)
            if child is not None:
                joined[dy * half : (dy + 1) * half, dx * half : (dx + 1) * half] = max_pool(child, 1)
        return joined
