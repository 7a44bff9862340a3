"""How long each tool that looks at the image takes on 1024 x 1024 pixels, and the wand in the page: p50, p95, bar."""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.images.geometry import TILE_PX
from core.labels.tools.pointing import EdgesAndGreys
from core.labels.tools.reading import copy
from core.labels.tools.regions import spans_of
from core.labels.tools.scene import Ask, Frame, Scene
from core.labels.tools.superpixels import divided, superpixel
from core.labels.tools.table import find_tool
from core.learning.interactive import Prompts
from scripts.benchmarks import DOCS, tools_page, write_table

SIDE = 1024
REPEATS = 12
WHOLE = Frame(0, 0, SIDE, SIDE)
AT_ONCE_MS, REGION_MS = 100, 1000
POINTED = {
    "a click": Prompts(np.array([[60.0, 90.0]]), np.array([True])),
    "two clicks": Prompts(np.array([[60.0, 90.0], [60.0, 260.0]]), np.array([True, False])),
    "a box": Prompts(np.zeros((0, 2)), np.zeros(0, bool), (0, 5, 130, 175)),
}
HEAD = ["| tool | p50 | p95 | bar | unit | n |", "|---|---|---|---|---|---|"]


def make_scene() -> Scene:
    """uint16 blobs and noise with a stroke of each of three classes."""
    y, x = np.mgrid[:SIDE, :SIDE]
    waves = np.sin(y / 40) * np.cos(x / 55)
    grey = 9000 * (waves > 0) + 12000 + np.random.default_rng(0).normal(0, 600, waves.shape)
    labels = np.zeros(waves.shape, np.uint8)
    labels[500:510, 100:900], labels[100:900, 300:306], labels[100:110, 100:900] = 1, 2, 3
    return Scene(WHOLE, grey.astype(np.uint16), labels)


def make_ask(*points: tuple[float, float], region: Frame = WHOLE, **options: Any) -> Ask:
    mask = np.zeros(WHOLE.shape, bool)
    mask[WHOLE.window(region)] = True
    return Ask("z", 0, WHOLE, WHOLE, np.array(points, float).reshape(-1, 2), spans_of(mask, WHOLE), 1, options)


class OneLabelTile:
    """A reader of four tiles."""

    def __init__(self, labels: np.ndarray) -> None:
        self._labels = labels

    def tile_versions(self, volume: str, z: int) -> dict[tuple[int, int], int]:  # noqa: ARG002 - as the port has it
        return {(ty, tx): 1 for ty in range(2) for tx in range(2)}

    def tile(self, volume: str, index: tuple[int, int, int]) -> np.ndarray:  # noqa: ARG002 - as the port has it
        _, ty, tx = index
        return self._labels[ty * TILE_PX : (ty + 1) * TILE_PX, tx * TILE_PX : (tx + 1) * TILE_PX]


def actions(scene: Scene) -> dict[str, tuple[Callable[[], object], int]]:
    """{tool: (one use of it, its bar in ms)}."""

    def use(name: str, ask: Ask) -> Callable[[], object]:
        tool = find_tool(name)
        return lambda: tool.run(cut(scene, tool.checked_frame(ask)), ask)

    box = Frame(128, 128, 896, 896)
    stroke = make_ask(*[(400 + i, 100 + 8 * i) for i in range(100)], size=16, region=Frame(0, 0, 0, 0))
    reader = OneLabelTile(scene.labels)
    return {
        "fill": (use("fill", make_ask((50, 50), tolerance=None)), AT_ONCE_MS),
        "wand": (use("wand", make_ask((30, 60), tolerance=4000)), AT_ONCE_MS),
        "livewire": (use("livewire", make_ask((100, 100), (610, 610))), REGION_MS),
        "watershed": (use("watershed", make_ask()), REGION_MS),
        "random_walker": (use("random_walker", make_ask()), REGION_MS),
        "grabcut": (use("grabcut", make_ask(region=box)), REGION_MS),
        "superpixel, first touch": (lambda: superpixel(stroke, lambda b, s: divided(cut(scene, b).grey, s)), REGION_MS),
        "threshold": (use("threshold", make_ask(lo=15000)), AT_ONCE_MS),
        **{f"refine, {o}": (use("refine", make_ask(operation=o, size=5)), REGION_MS) for o in ("fill_holes", "close")},
        **{f"click and box, {name}": (pointed(scene, prompts), REGION_MS) for name, prompts in POINTED.items()},
        "copy": (lambda: copy(reader, "", make_ask(to=1), depth=2), REGION_MS),
    }


def pointed(scene: Scene, prompts: Prompts) -> Callable[[], object]:
    """An answer of the model without weights that has seen the image before."""
    model = EdgesAndGreys()
    embedding = model.embed(scene.contrast)
    return lambda: model.segment(embedding, prompts)


def cut(scene: Scene, frame: Frame) -> Scene:
    """A scene of its own for each use, so that nothing is remembered between two."""
    window = scene.frame.window(frame.cut(scene.frame))
    return Scene(frame.cut(scene.frame), scene.grey[window], scene.labels[window])


def measure(action: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - began))
    return times[1:]


def row(name: str, times: list[float], bar: int) -> str:
    return f"| {name} | {np.median(times):.0f} | {np.percentile(times, 95):.0f} | {bar} | ms | {len(times)} |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write docs/speed-tools.md")


def run(options: argparse.Namespace) -> None:
    lines = [*HEAD, *(row(name, measure(use), bar) for name, (use, bar) in actions(make_scene()).items())]
    lines += [row(figure.name, figure.values, AT_ONCE_MS) for figure in tools_page.figures()]
    print("\n".join(lines))
    if options.write:
        write_table(DOCS / "speed-tools.md", lines)
