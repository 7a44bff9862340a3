"""How much a live prediction has to learn from: nearest painted slices and pixels, against quality and waiting.

ISBI 2012 EM (`quality_sets.py`): every second slice is painted with simulated strokes; a slice between is predicted
from the nearest painted ones.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.labels.tools.scene import Frame
from core.learning.live import LivePixels
from core.learning.live_view import Image, Lesson, View, lesson, pieces
from core.learning.metrics import Scores
from core.learning.normalisation import Normalisation
from scripts.benchmarks.quality_sets import SETS
from scripts.benchmarks.strokes import strokes_on

HEAD = "| nearest painted slices | at most pixels | learned from | mean IoU | learning, s |\n|---|---|---|---|---|"
TESTED = (4, 12, 18, 26)
SLICES, PIXELS = (1, 3, 6, 12, 15), (2_000, 4_000, 16_000)
BYTES = 1 << 30


def table(data: Path | None) -> Iterator[str]:
    """The rows, as they come."""
    images, truth = SETS["isbi"].read(data)
    labels = {z: strokes_on(truth[z], seed=z) for z in range(1, len(images), 2)}
    plane = Frame(0, 0, *images.shape[1:])
    image = Image("isbi", "", plane, Normalisation.of(list(images)))
    for most in PIXELS:
        live = LivePixels(BYTES, training_px=most)
        for count in SLICES:
            yield _row(live, image, images, truth, labels, count, most)


def _row(
    live: LivePixels,
    image: Image,
    images: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    labels: dict[int, NDArray[np.uint8]],
    count: int,
    most: int,
) -> str:
    scores, seconds, pixels = Scores(tuple(SETS["isbi"].names)), [], []
    for z in TESTED:
        known = taught(live, image, images, labels, z, count)
        began = time.perf_counter()
        pixels.append(live.learn(f"{count} {z}", known).pixels)
        seconds.append(time.perf_counter() - began)
        scores.add(truth[z], predicted(live, image, images[z], z, f"{count} {z}"))
    learned = f"{np.mean(pixels):,.0f}", f"{scores.report()['mean_iou']:.3f}", f"{np.median(seconds):.2f}"
    return f"| {count} | {most:,} | {' | '.join(learned)} |"


def taught(
    live: LivePixels,
    image: Image,
    images: NDArray[np.uint8],
    labels: dict[int, NDArray[np.uint8]],
    z: int,
    count: int,
    version: int = 1,
) -> Lesson:
    """What is learned for slice `z` from the `count` nearest of the labelled slices; version : of the labels."""
    nearest = sorted(labels, key=lambda painted: abs(painted - z))[:count]
    tiles = lesson(((painted, {(0, 0): version}) for painted in nearest), View(z, 0, image.plane, (0.0, 0.0)))
    known = Lesson(image, tuple(tiles), {})
    for tile in live.lacking(known):
        live.study(known, tile, labels[tile[0][0]], images[tile[0][0]])
    return known


def predicted(live: LivePixels, image: Image, pixels: NDArray[np.uint8], z: int, session: str) -> NDArray[np.uint8]:
    """A slice of one block."""
    (piece,) = pieces(View(z, 0, image.plane, (0.0, 0.0)), image.plane)
    found = live.predict(session, image, piece, 1, rough=False, shares={}, pixels=pixels)
    assert found is not None, "it was given the pixels"
    return found
