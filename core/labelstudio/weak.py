"""Weak labels to masks: the object in a box, and the object under a point, by greys and edges alone.

Only what lies around a box or a point is looked at. Where nothing stands out, a box stays a box, and a point a point.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.images.geometry import Box
from core.images.volumes import VolumeSource
from core.labels.tools.pointing import EdgesAndGreys
from core.labelstudio import brush
from core.labelstudio.asking import prompts_of
from core.labelstudio.pictures import Window
from core.labelstudio.shapes import kind_of
from core.labelstudio.tasks import Region, Spot, Task, spot_of
from core.learning.interactive import Prompts

WEAK = ("rectangle", "keypoint")
AROUND_POINT_PX = 192
AROUND_BOX = 0.5  # of its size, on each side
LEAST_AROUND_PX = 16
Json = Mapping[str, Any]


def outlined(tasks: Iterable[Task], volume: VolumeSource, window: Window) -> list[dict[str, Any]]:
    """Tasks whose boxes and points have become the objects they stand for, as brush regions.

    Parameters
    ----------
    volume : what the tasks show; those that do not say which part stay as they are.
    window : true values that are black and white.
    """
    return [_task(task, spot_of(task), volume, window) for task in tasks]


def _task(task: Task, spot: Spot | None, volume: VolumeSource, window: Window) -> dict[str, Any]:
    shape = volume.info.shape
    if spot is None or not spot.region.lies_in(shape[1:]) or not 0 <= spot.z < shape[0]:
        return dict(task)
    annotations = [
        {**each, "result": [_region(row, spot, volume, window) for row in each.get("result") or ()]}
        for each in task.get("annotations") or ()
    ]
    return {**task, "annotations": annotations}


def _region(row: Json, spot: Spot, volume: VolumeSource, window: Window) -> Json:
    kind = kind_of(row)
    if kind not in WEAK or (row.get("value", {}).get("rotation") or 0) % 360:
        return row
    mask = _object(prompts_of([row], spot.region.shape), spot, volume, window)
    if not mask.any():
        return row
    names = row["value"].get(row["type"], [])
    value = {"format": "rle", "rle": brush.encode(mask), "brushlabels": names}
    return {**row, "type": "brushlabels", "value": value}


def _object(prompts: Prompts, spot: Spot, volume: VolumeSource, window: Window) -> NDArray[np.bool_]:
    """(Y, X) of the task's picture."""
    near = _near(prompts, spot.region.shape)
    y, x = spot.region.y0 + near.y0, spot.region.x0 + near.x0
    box = Box(start=(spot.z, y, x), stop=(spot.z + 1, y + near.shape[0], x + near.shape[1]))
    model = EdgesAndGreys()
    seen = model.embed(grey_of(volume.read(box)[0], window))
    found = np.zeros(spot.region.shape, bool)
    found[near.slices] = model.segment(seen, prompts.seen_from(near.y0, near.x0, 1)).mask
    return found


def _near(prompts: Prompts, shape: tuple[int, int]) -> Region:
    """What is looked at, of a picture of (Y, X) pixels."""
    if prompts.box is not None:
        y0, x0, y1, x1 = prompts.box
        more = max(LEAST_AROUND_PX, AROUND_BOX * max(y1 - y0, x1 - x0))
    else:
        ((y0, x0),) = prompts.points.tolist()
        y1, x1, more = y0, x0, float(AROUND_POINT_PX)
    return Region(
        max(0, int(y0 - more)), max(0, int(x0 - more)), min(shape[0], int(y1 + more)), min(shape[1], int(x1 + more))
    )


def grey_of(image: NDArray[Any], window: Window) -> NDArray[np.float32]:
    """(Y, X) from 0, black, to 1, white, of a picture of any numbers and channels."""
    plane = image if image.ndim == 2 else image[..., :3].mean(axis=-1)
    low, high = window
    shown: NDArray[np.float32] = np.clip((plane.astype(np.float32) - low) / max(high - low, 1e-12), 0, 1)
    return np.nan_to_num(shown)
