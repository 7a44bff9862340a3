"""How well a click or a box finds an object without weights, and how long an answer takes (docs/quality.md)."""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from core.labels.tools.blocks import block_of
from core.labels.tools.pointing import EdgesAndGreys
from core.labels.tools.scene import Frame, Mask, Scene
from core.learning.interactive import Prompts
from scripts.benchmarks import DOCS, write_table

SETS = {  # what is pointed at in each: classes of `masks.tif`
    "dsb2018_nuclei": (1,),
    "vnc_sstem_5class": (2,),  # mitochondria
    "isbi2012_em_membrane": (0,),
    "nasa_superalloy_precipitates": (1,),
}
AREA_PX = (150, 60_000)  # of an object
MARGIN = 0.05  # of the object's size: how loosely a person draws a box
CLICKS = 5
SLICES = 6  # that objects are drawn from, spread over the stack
HEAD = ["| images | objects | IoU, 1 click | 3 clicks | 5 clicks | box | ms an answer, p50 | p95 |", "|" + "---|" * 8]


@dataclass
class Scores:
    """IoU by number of clicks, of a box, and milliseconds an answer."""

    clicks: list[list[float]] = field(default_factory=list)
    boxes: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets, each with images.tif, masks.tif")
    parser.add_argument("--objects", type=int, default=40, help="of each set, drawn at random")
    parser.add_argument("--write", action="store_true", help="write docs/quality.md")


def run(options: argparse.Namespace) -> None:
    lines = list(HEAD)
    for name, classes in SETS.items():
        if (options.data / name).is_dir():
            lines.append(_row(name, _scores(options.data / name, classes, options.objects)))
            print(lines[-1], flush=True)
    if options.write:
        write_table(DOCS / "quality.md", lines, part="clicks")


def _row(name: str, scores: Scores) -> str:
    by_click = np.array(scores.clicks).mean(axis=0)
    told = " | ".join(f"{value:.2f}" for value in (by_click[0], by_click[2], by_click[4], np.mean(scores.boxes)))
    p50, p95 = np.percentile(scores.times, [50, 95])
    return f"| {name} | {len(scores.boxes)} | {told} | {p50:.0f} | {p95:.0f} |"


def _scores(folder: Path, classes: tuple[int, ...], count: int) -> Scores:
    with tifffile.TiffFile(folder / "images.tif") as file:
        last = len(file.pages) - 1
    pages = np.unique(np.linspace(0, last, SLICES).round().astype(int)).tolist()
    images = {z: tifffile.imread(folder / "images.tif", key=z) for z in pages}
    objects = [(z, mask) for z in pages for mask in _objects(tifffile.imread(folder / "masks.tif", key=z), classes)]
    chosen = np.random.default_rng(0).permutation(len(objects))[:count]
    scores = Scores()
    for place in chosen:
        z, truth = objects[place]
        _try_one(images[z], truth, scores)
    return scores


def _objects(mask: NDArray[np.uint8], classes: tuple[int, ...]) -> list[Mask]:
    """Connected pieces of some size that the border does not cut."""
    pieces, _ = ndimage.label(np.isin(mask, classes))
    found = []
    for label, where in enumerate(ndimage.find_objects(pieces), 1):
        whole = pieces == label
        cut = any(s.start == 0 or s.stop == size for s, size in zip(where, mask.shape, strict=True))
        if not cut and AREA_PX[0] <= whole.sum() <= AREA_PX[1]:
            found.append(whole)
    return found


def _try_one(image: NDArray[np.generic], truth: Mask, scores: Scores) -> None:
    points, signs = [_deepest(truth)], [True]
    scores.clicks.append([])
    for _ in range(CLICKS):
        found = _answer(image, Prompts(np.array(points), np.array(signs)), scores)
        scores.clicks[-1].append(_iou(found, truth))
        wrong = max((truth & ~found, True), (found & ~truth, False), key=lambda part: _depth(part[0]))
        if not wrong[0].any():
            scores.clicks[-1] += [scores.clicks[-1][-1]] * (CLICKS - len(scores.clicks[-1]))
            break
        points.append(_deepest(wrong[0]))
        signs.append(wrong[1])
    scores.boxes.append(_iou(_answer(image, _box(truth), scores), truth))


def _answer(image: NDArray[np.generic], prompts: Prompts, scores: Scores) -> Mask:
    """What the model finds, as a mask of the whole image; a second time, as from the second click on."""
    whole = Frame(0, 0, *image.shape)
    block = block_of(prompts, whole, whole)
    window = whole.window(block.frame)
    scene = Scene(block.frame, image[window], np.zeros(block.frame.shape, np.uint8))
    model = EdgesAndGreys()
    embedding = model.embed(scene.contrast)
    began = time.perf_counter()
    pointed = model.segment(embedding, prompts.seen_from(block.frame.y0, block.frame.x0, block.step))
    scores.times.append(1000 * (time.perf_counter() - began))
    found = np.zeros(image.shape, bool)
    found[window] = pointed.mask
    return found


def _box(truth: Mask) -> Prompts:
    rows, columns = (np.flatnonzero(truth.any(axis=axis)) for axis in (1, 0))
    margin = MARGIN * max(np.ptp(rows), np.ptp(columns))
    box = (rows[0] - margin, columns[0] - margin, rows[-1] + 1 + margin, columns[-1] + 1 + margin)
    return Prompts(np.zeros((0, 2)), np.zeros(0, bool), box)


def _depth(mask: Mask) -> float:
    return float(ndimage.distance_transform_edt(np.pad(mask, 1)).max())


def _deepest(mask: Mask) -> tuple[float, float]:
    """Middle of the pixel furthest from the edge: where a person clicks."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(y) + 0.5, float(x) + 0.5


def _iou(found: Mask, truth: Mask) -> float:
    return float((found & truth).sum() / (found | truth).sum())
