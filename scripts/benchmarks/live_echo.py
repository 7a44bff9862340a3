"""What becomes of the live prediction when it learns from what it gave itself (ADR 13), on ISBI 2012 EM.

Every second slice is painted with simulated strokes, of which a slice between is predicted. Then the prediction is used
as labels there, and the next lesson learns from all labels, its own answers too; and so on, press after press.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.labels.tools.scene import Frame
from core.learning.live import LivePixels
from core.learning.live_view import Image
from core.learning.metrics import Scores
from core.learning.normalisation import Normalisation
from scripts.benchmarks.live_lesson import BYTES, predicted, taught
from scripts.benchmarks.quality_sets import SETS
from scripts.benchmarks.strokes import strokes_on

HEAD = "| times used as labels | mean IoU, it learns from all labels | it learns from those of people |\n|---|---|---|"
PRESSES = 3
TESTED = (4, 18)
NEAREST = 6  # painted slices that are learned from
Labels = dict[int, NDArray[np.uint8]]


def table(data: Path | None) -> Iterator[str]:
    """The rows; without its own answers a lesson is that of the first row again."""
    images, truth = SETS["isbi"].read(data)
    found = np.array([list(_scores(images, truth, z)) for z in TESTED]).mean(axis=0)
    for presses, score in enumerate(found):
        yield f"| {presses} | {score:.3f} | {found[0]:.3f} |"


def _scores(images: NDArray[np.uint8], truth: NDArray[np.uint8], z: int) -> Iterator[float]:
    """Mean IoU of what shows on slice `z`, at first and after each press; slices beside it are used as labels too."""
    image = Image("isbi", "", Frame(0, 0, *images.shape[1:]), Normalisation.of(list(images)))
    labels: Labels = {at: strokes_on(truth[at], seed=at) for at in range(1, len(images), 2)}
    live = LivePixels(BYTES)
    for press in range(PRESSES + 1):
        session = str(press)
        live.learn(session, taught(live, image, images, labels, z, NEAREST, version=press))
        shown = predicted(live, image, images[z], z, session)
        scores = Scores(tuple(SETS["isbi"].names))
        scores.add(truth[z], shown)
        yield scores.report()["mean_iou"]
        for at in (z - 1, z, z + 1):  # what is painted stays
            before = labels.get(at, np.zeros_like(shown))
            labels[at] = np.where(before > 0, before, predicted(live, image, images[at], at, session))
