"""Where an export reads from: the labels of a volume, or the result of a job."""

from core.labels.exchange.facts import ReadSlice
from core.labels.slices import read_slice
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledResults
from utils.labels.label_db import SqlLabelStore
from utils.settings import Settings


def reader(settings: Settings, volume: str, shape: tuple[int, int, int], *, result: str = "") -> ReadSlice:
    """Reads a slice as (Y, X) uint8 class ids.

    result : id of a job whose prediction is read; empty for the labels.
    """
    if not result:
        store = SqlLabelStore(settings.labels_uri)
        return lambda z: read_slice(store, volume, z, (shape[1], shape[2]))
    key = settings.seg_tiled_api_key.get_secret_value()
    results = TiledResults(TiledAccess(settings.seg_tiled_uri, key, "SEG_TILED", settings.tiled_timeout_s))
    return lambda z: results.read_slice(result, z)
