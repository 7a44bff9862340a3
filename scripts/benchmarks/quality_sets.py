"""The public image sets of the quality benchmark, and how labels are placed on them.

Every set has fixed slices to be tested on. Strokes and boxes are placed anew in each placement, on the same slices;
of whole slices, each placement labels others.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from core.errors import InvalidInputError
from scripts.benchmarks.strokes import strokes_on

Labels = NDArray[np.uint8]
STYLES = ("strokes", "boxes", "slices")
BOXES = 4  # a slice
TRIES = 100  # for boxes that show every class of the slice, as a person would place them


@dataclass(frozen=True)
class ImageSet:
    """classes : by class id, from 1. ids : the class id of each value of the masks.

    labelled : the slices of each placement. tested : slices that no placement labels. floor : mean IoU of a random
    forest on two whole slices, where it is known. stack : whether neighbouring slices continue each other.
    """

    name: str
    folder: str
    classes: tuple[str, ...]
    ids: tuple[int, ...]
    labelled: tuple[tuple[int, ...], ...]
    tested: tuple[int, ...]
    box_px: int = 64
    floor: float | None = None
    stack: bool = True

    @property
    def names(self) -> dict[int, str]:
        """{class id: name}."""
        return dict(enumerate(self.classes, start=1))

    def path(self, data: Path | None) -> Path:
        """Of its folder in that of all sets. Raises InvalidInputError when it is not there."""
        folder = (data or Path(os.environ.get("REAL_DATA_DIR", "."))) / self.folder
        if not folder.is_dir():
            raise InvalidInputError(f"{folder} does not exist.", "Name the folder of the image sets with --data.")
        return folder

    def read(self, data: Path | None) -> tuple[NDArray[np.uint8], Labels]:
        """Images and class ids, (Z, Y, X) uint8 each. Raises InvalidInputError when they are not there."""
        folder, table = self.path(data), np.asarray(self.ids, np.uint8)
        return tifffile.imread(folder / "images.tif"), table[tifffile.imread(folder / "masks.tif")]


SETS: Mapping[str, ImageSet] = {
    each.name: each
    for each in (
        ImageSet(
            "isbi",
            "isbi2012_em_membrane",
            ("cell interior", "membrane"),
            (1, 2),
            ((5, 15, 25), (4, 14, 24), (3, 15, 26), (5, 14, 23), (4, 13, 25)),
            (0, 8, 11, 18, 20, 29),
            floor=0.67,
        ),
        ImageSet(
            "fib25",
            "fib25_medulla_boundary",
            ("neuron interior", "boundary"),
            (1, 2),
            ((30, 80, 130), (28, 78, 128), (32, 82, 132), (26, 84, 126), (34, 76, 134)),
            (5, 15, 50, 60, 100, 110, 150, 155),
            box_px=32,
            floor=0.66,
        ),
        ImageSet(
            "superalloy",
            "nasa_superalloy_precipitates",
            ("matrix", "secondary precipitate", "tertiary precipitate"),
            (1, 2, 3),
            ((0, 4, 8), (1, 5, 9), (2, 6, 0), (3, 7, 1), (8, 2, 5)),
            (10, 11, 12, 13, 14, 15, 16, 17),  # of other places of the alloy
            floor=0.53,
            stack=False,
        ),
        ImageSet(
            "vnc",
            "vnc_sstem_5class",
            ("background", "membrane", "mitochondria"),
            (1, 2, 3, 1, 2),  # synapses count as background, glia as membrane
            ((3, 10, 16), (2, 9, 15), (4, 11, 17), (3, 9, 17), (2, 10, 15)),
            (0, 6, 13, 19),
            box_px=96,
        ),
        ImageSet(
            "vnc5",
            "vnc_sstem_5class",
            ("intracellular", "membrane", "mitochondria", "synapse", "glia"),
            (1, 2, 3, 4, 5),
            ((3, 10, 16), (2, 9, 15), (4, 11, 17), (3, 9, 17), (2, 10, 15)),
            (0, 6, 13, 19),
            box_px=96,
            floor=0.42,
        ),
        ImageSet(
            "dsb2018",
            "dsb2018_nuclei",
            ("background", "nucleus"),
            (1, 2),
            ((0, 8, 17), (2, 9, 18), (3, 11, 20), (5, 12, 21), (6, 14, 23)),
            (1, 4, 7, 10, 13, 16, 19, 22),
            floor=0.97,
            stack=False,
        ),
    )
}


def labels_on(chosen: ImageSet, truth: Labels, style: str, placement: int) -> dict[int, Labels]:
    """{z: (Y, X) labels, 0 = unlabelled} of one placement, from 0."""
    if style == "slices":
        return {z: truth[z] for z in chosen.labelled[placement]}
    seeds = {z: 100 * placement + z for z in chosen.labelled[0]}
    if style == "strokes":
        return {z: strokes_on(truth[z], seed=seed) for z, seed in seeds.items()}
    return {z: boxes_on(truth[z], side=chosen.box_px, seed=seed) for z, seed in seeds.items()}


def boxes_on(truth: Labels, *, side: int, seed: int) -> Labels:
    """Like `truth`, 0 outside `BOXES` squares that do not overlap and, where that can be, hold each class of it."""
    rng = np.random.default_rng(seed)
    wanted = _classes(truth)
    tries = (_boxes(truth, side, rng) for _ in range(TRIES))
    best = next(tries)
    for labels in tries:
        if _classes(best) >= wanted:
            break
        best = max(best, labels, key=_classes)
    return best


def _classes(labels: Labels) -> int:
    return np.unique(labels[labels > 0]).size


def _boxes(truth: Labels, side: int, rng: np.random.Generator) -> Labels:
    labels = np.zeros_like(truth)
    placed = 0
    while placed < BOXES:
        y, x = (int(rng.integers(0, n - side + 1)) for n in truth.shape)
        box = slice(y, y + side), slice(x, x + side)
        if not labels[box].any():
            labels[box] = truth[box]
            placed += 1
    return labels
