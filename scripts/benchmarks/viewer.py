"""How quick the page feels: drive Chromium over a 2560 x 2560 uint16 stack served by Tiled, and print p50 and p95.

``--data r1`` and ``r2`` do the same at full scale (`full_scale.py`).
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from playwright.sync_api import Page

from scripts.benchmarks import DOCS, full_scale, write_table
from scripts.benchmarks.page import (
    HEAD,
    POINTER_JS,
    READY,
    Figure,
    count_bytes,
    drag,
    measure_slices,
    open_page,
    settle,
)
from scripts.local_stack import local_stack

STACK_SHAPE = (48, 2560, 2560)
RADII_PX = (5, 50, 200)


def make_stack(path: Path, shape: tuple[int, int, int] = STACK_SHAPE) -> None:
    """Write a uint16 TIFF sequence of blobs and noise, which hardly compresses, as detector images do."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: shape[1], : shape[2]].astype(np.float32)
    blobs = 9000 * (np.sin(y / 90) * np.cos(x / 70) + 1.2)
    noise = rng.normal(0, 900, shape[1:]).astype(np.float32)
    path.mkdir(parents=True)
    for z in range(shape[0]):
        image = blobs + np.roll(noise, 37 * z, axis=(0, 1)) + 40 * z
        tifffile.imwrite(path / f"slice_{z:04d}.tif", image.clip(0, 65535).astype(np.uint16))


def measure_strokes(page: Page) -> Iterator[Figure]:
    page.evaluate(POINTER_JS)
    page.keyboard.press("a")
    yield Figure("pan, pointer to second frame", drag(page, steps=40))
    settle(page)
    page.keyboard.press("b")
    for radius in RADII_PX:
        page.evaluate("([id, props]) => dash_clientside.set_props(id, props)", ["viewer", {"brushRadius": radius}])
        yield Figure(f"brush radius {radius}, pointer to second frame", drag(page, steps=40))
        page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().saveState === 'saved'")


def measure(url: str, volume: str) -> Iterator[Figure]:
    with open_page(url) as page:
        sizes = count_bytes(page)
        start = page.evaluate("() => performance.timeOrigin")
        page.goto(f"{url}?volume={volume}")
        page.wait_for_function(READY, timeout=60_000)
        now = page.evaluate("() => performance.timeOrigin + performance.now()")
        origin = page.evaluate("() => performance.timeOrigin")
        assert origin != start, "the page did not load anew"
        yield Figure("first paint, empty caches", [now - origin])
        settle(page)
        yield Figure("bytes of the first view", [sum(sizes) / 1e6], "MB")
        before = sum(sizes)
        yield from measure_slices(page, STACK_SHAPE[0])
        yield Figure("bytes for the slices above", [(sum(sizes) - before) / 1e6], "MB")
        yield from measure_strokes(page)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write docs/speed.md, speed-r1.md or speed-r2.md")
    parser.add_argument(
        "--data",
        choices=("stack", "r1", "r2"),
        default="stack",
        help="48 slices, 512 slices, or 50,000 x 50,000 px",
    )
    parser.add_argument("--folder", type=Path, help="where r1 and r2 are kept for the next time; default: nowhere")
    parser.add_argument("--slices", type=int, default=512, help="of r1")
    parser.add_argument("--side", type=int, default=50_000, help="of r2, pixels")


def run(options: argparse.Namespace) -> None:
    """Print the table, and write it down when asked to."""
    if options.data != "stack":
        full_scale.run(options)
        return
    lines = [HEAD]
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        make_stack(Path(folder) / "data" / "stack")
        with local_stack(Path(folder) / "data", Path(folder) / "state", nodes=("stack/slice_",)) as stack:
            for figure in measure(stack.url, "stack/slice_"):
                print(figure.row(), flush=True)
                lines.append(figure.row())
    if options.write:
        write_table(DOCS / "speed.md", lines)
