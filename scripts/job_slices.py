"""The part that training and prediction jobs share: reading slices, predicting them, writing each to Tiled at once."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from core.errors import InvalidInputError
from core.images.volumes import VolumeSource
from core.labels.classes import LabelClass
from core.labels.publishing import result_metadata
from core.learning.neighbours import SliceWindow
from core.learning.segmenter import Prediction, Progress, Segmenter
from scripts.job_run import JobRun
from scripts.pipelines import pipelined
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledResults
from utils.images.tiled_volumes import open_uri


def open_volume(run: JobRun) -> VolumeSource:
    """The images the job is about."""
    settings = run.settings
    return open_uri(
        run.request.data_uri,
        api_key=settings.data_tiled_api_key.get_secret_value(),
        timeout_s=settings.tiled_timeout_s,
    )


def interesting_first(slices: Sequence[int], annotated: Iterable[int]) -> list[int]:
    """The order of work: painted slices, which people look at first, then the rest ascending.

    >>> interesting_first([0, 1, 2, 3], annotated=[2])
    [2, 0, 1, 3]
    """
    painted = set(annotated)
    return sorted(slices, key=lambda z: (z not in painted, z))


def segment_slices(
    run: JobRun,
    segmenter: Segmenter,
    volume: VolumeSource,
    order: Sequence[int],
    *,
    classes: Sequence[LabelClass],
    start: float = 0.0,
) -> None:
    """Predict the slices in `order` that are not done yet; each can be read in Tiled as soon as it is.

    start : where this part begins on the progress bar.
    """
    _check_slices(order, volume)
    height, width = volume.info.shape[1:]
    entropy = bool(run.request.prediction.get("keep_entropy"))
    writer = results_of(run).create(
        run.id, shape=(height, width), metadata=facts_of_result(run, classes), entropy=entropy
    )
    window = SliceWindow.over(volume, context=segmenter.context)
    left = [z for z in order if z not in run.done]
    before = len(order) - len(left)
    done = count(before + 1)
    run.begin(_told(before, len(order)), start=start, stop=1.0)

    def write(z: int, prediction: Prediction) -> None:
        writer.write_slice(z, prediction.labels, prediction.confidence, prediction.entropy, prediction.margin)
        so_far = next(done)
        run.slice_done(z, Progress(so_far / len(order), f"{_told(so_far, len(order))}, last slice {z + 1}"))

    pipelined(left, read=window, work=lambda seen: segmenter.predict(*seen), write=write)


def _told(number: int, total: int) -> str:
    return f"Segmented {number} of {total} slices"


def _check_slices(slices: Sequence[int], volume: VolumeSource) -> None:
    depth = volume.info.shape[0]
    outside = [z for z in slices if not 0 <= z < depth]
    if outside:
        raise InvalidInputError(
            f"Slice {outside[0] + 1} does not exist; the volume has {depth}.", "Choose from the slices it has."
        )


def results_of(run: JobRun) -> TiledResults:
    """Where the job's result goes."""
    settings = run.settings
    key = settings.seg_tiled_api_key.get_secret_value()
    return TiledResults(TiledAccess(settings.seg_tiled_uri, key, "SEG_TILED", settings.tiled_timeout_s))


def facts_of_result(run: JobRun, classes: Sequence[LabelClass]) -> dict[str, Any]:
    """What the result says of itself (docs/contracts.md)."""
    request = run.request
    return result_metadata(
        job_id=run.id,
        job_name=request.name,
        model=request.model_id or run.id,
        data_uri=request.data_uri,
        mask_uri=request.mask_uri,
        slices=sorted(request.slices),
        classes=classes,
    )
