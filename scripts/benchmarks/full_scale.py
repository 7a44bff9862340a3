"""Full scale: a deep stack (r1) and one very large image (r2), driven in Chromium; `viewer.py` has the small stack.

"First" is the first frame that shows the place, from coarser tiles; "sharp" the frame in which no tile is missing.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Page

from core.images.volumes import volume_id
from scripts.benchmarks import DOCS, write_table
from scripts.benchmarks.crowd import time_slices
from scripts.benchmarks.floor import loopback_ms, slice_floor_ms
from scripts.benchmarks.full_scale_data import IMAGE, STACK, make_image, make_stack
from scripts.benchmarks.memory import Peak, watch_memory
from scripts.benchmarks.page import (
    AFTER_FRAME_JS,
    HEAD,
    POINTER_JS,
    READY,
    Figure,
    drag,
    measure_slices,
    open_page,
    settle,
)
from scripts.local_stack import LocalStack, local_stack, wait_until

SLICE_BYTES = 3_276_800  # a 2560 px slice as a 1400 x 900 window shows it: level 1 of uint16
JUMPS = 8
CROWD = 10
ZOOMS = (0.05, 0.3, 1.0)
BRUSH_PX = 1000
STACK_PATH, IMAGE_PATH = f"{STACK}/slice_", IMAGE

SHOWN = "() => document.querySelector('.sv-root')?.__viewer?.state().shown === 0"
SAVED = "() => document.querySelector('.sv-root').__viewer.state().saveState === 'saved'"

# Set properties; resolves to [first, sharp]: milliseconds to the first frame that shows the wish, and to the sharp one.
WISH_JS = """({props, target}) => new Promise(resolve => {
  AFTER_FRAME
  const viewer = document.querySelector('.sv-root').__viewer;
  const start = performance.now();
  const { frame } = viewer.state();
  let first = null;
  dash_clientside.set_props('viewer', props);
  const look = () => {
    const state = viewer.state();
    const there = Object.entries(target).every(([name, value]) => state[name] === value);
    if (there && state.shown === state.slice && state.frame > frame) first ??= performance.now() - start;
    if (first !== null && state.ready) resolve([first, performance.now() - start]);
    else afterFrame(look);
  };
  afterFrame(look);
})""".replace("AFTER_FRAME", AFTER_FRAME_JS)

# Milliseconds between frames while the wheel turns.
WHEEL_JS = """(steps) => new Promise(resolve => {
  const surface = document.querySelector('.sv-surface');
  const box = surface.getBoundingClientRect();
  const at = {clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, bubbles: true, cancelable: true};
  const times = [];
  let last = performance.now(), left = steps;
  const turn = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    if (left-- === 0) return resolve(times.slice(1));
    surface.dispatchEvent(new WheelEvent('wheel', {deltaY: left > steps / 2 ? -40 : 40, ...at}));
    requestAnimationFrame(turn);
  };
  requestAnimationFrame(turn);
})"""

ASKED_JS = "() => performance.getEntriesByType('resource').filter(entry => entry.name.includes('/api/img/')).length"

# Milliseconds from a new window of grey values to the second frame after it.
CONTRAST_JS = """(hi) => new Promise(resolve => {
  const start = performance.now();
  dash_clientside.set_props('viewer', {window: {lo: 0, hi}});
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
})"""


def measure_stack(stack: LocalStack, *, slices: int, floor_ms: float) -> Iterator[Figure]:
    """r1: slices, jumps, contrast, pan, planes before and after their layout, many viewers."""
    with open_page(f"{stack.url}?volume={STACK_PATH}") as page:
        page.wait_for_function(READY, timeout=120_000)
        yield Figure("first paint", [page.evaluate("() => performance.now()")])
        yield from measure_slices(page, min(slices, 100))
        yield from _jumps(page, slices)
        yield from _contrast(page)
        yield from _pan(page)
        yield from _planes(page, stack, slices)
        yield _heap(page)
    yield Figure("floor of an uncached slice: disk and loopback", [floor_ms])
    yield from _crowd(stack)


def _jumps(page: Page, slices: int) -> Iterator[Figure]:
    targets = np.random.default_rng(1).integers(0, slices, JUMPS)
    yield Figure("random jump, sharp", [_wish(page, {"slice": int(z)}, {"slice": int(z)})[1] for z in targets])


def _contrast(page: Page) -> Iterator[Figure]:
    settle(page)
    before = page.evaluate(ASKED_JS)
    yield Figure("contrast, second frame", [page.evaluate(CONTRAST_JS, 9000 + 500 * n) for n in range(20)])
    yield Figure("tiles asked for by contrast", [page.evaluate(ASKED_JS) - before], "requests")


def _pan(page: Page) -> Iterator[Figure]:
    page.evaluate(POINTER_JS)
    page.keyboard.press("a")
    yield Figure("pan, pointer to second frame", drag(page, steps=40))


def _planes(page: Page, stack: LocalStack, slices: int) -> Iterator[Figure]:
    yield Figure("XZ before its layout, sharp", [_plane(page, 700, slices)])
    wait_until(lambda: _made(stack, STACK_PATH), "the layout for XZ and YZ", deadline_s=1200)
    rows = np.random.default_rng(2).integers(0, 2560, JUMPS)
    yield Figure("XZ after its layout, sharp", [_plane(page, int(y), slices) for y in rows])


def _plane(page: Page, y: int, slices: int) -> float:
    settle(page)
    place = f"xz_1280_{y}_{slices // 2}_0.45"
    return _wish(page, {"place": place}, {"axis": "y", "slice": y})[1]


def _crowd(stack: LocalStack) -> Iterator[Figure]:
    one = time_slices(stack.url, volume_id(STACK_PATH), viewers=1, seed=3)
    many = time_slices(stack.url, volume_id(STACK_PATH), viewers=CROWD, seed=4)
    yield Figure("tiles of a slice, one viewer", one)
    yield Figure(f"tiles of a slice, {CROWD} viewers at once", many)
    yield Figure("ratio of the medians", [float(np.median(many) / np.median(one))], "x")


def measure_image(stack: LocalStack, *, side: int) -> Iterator[Figure]:
    """r2: the overview, jumps to places never seen, pan, zoom, a very large brush."""
    with open_page(f"{stack.url}?volume={IMAGE_PATH}") as page:
        page.wait_for_function(SHOWN, timeout=120_000)
        yield Figure("first paint while the overview is made", [page.evaluate("() => performance.now()")])
        wait_until(lambda: _made(stack, IMAGE_PATH), "the overview", deadline_s=1200)
        page.wait_for_function(READY, timeout=120_000)
        yield Figure("overview made", [page.evaluate("() => performance.now()") / 1000], "s")
        for zoom in ZOOMS:
            yield from _places(page, side, zoom)
        yield Figure("zoom, frame", page.evaluate(WHEEL_JS, 60))
        settle(page)
        yield from _pan(page)
        yield from _large_brush(page)
        yield _heap(page)
    yield Figure("floor of a window of tiles: loopback", [loopback_ms(SLICE_BYTES)])


def _places(page: Page, side: int, zoom: float) -> Iterator[Figure]:
    rng = np.random.default_rng(int(100 * zoom))
    wishes = []
    for x, y in rng.integers(int(0.3 * side), int(0.7 * side), (JUMPS, 2)).tolist():
        settle(page)
        wishes.append(_wish(page, {"place": f"xy_{x}_{y}_0_{zoom}"}, {"scale": zoom}))
    yield Figure(f"place never seen at {100 * zoom:g} %, first", [first for first, _ in wishes])
    yield Figure(f"place never seen at {100 * zoom:g} %, sharp", [sharp for _, sharp in wishes])


def _large_brush(page: Page) -> Iterator[Figure]:
    page.evaluate("(radius) => dash_clientside.set_props('viewer', {tool: 'brush', brushRadius: radius})", BRUSH_PX)
    yield Figure(f"brush radius {BRUSH_PX}, pointer to second frame", drag(page, steps=40))
    page.wait_for_function(SAVED, timeout=60_000)


def _wish(page: Page, props: dict[str, object], target: dict[str, object]) -> tuple[float, float]:
    first, sharp = page.evaluate(WISH_JS, {"props": props, "target": target})
    return float(first), float(sharp)


def _made(stack: LocalStack, path: str) -> bool:
    progress = httpx.get(f"{stack.url}api/img/{volume_id(path)}/progress", timeout=60).json()
    return bool(progress) and all(entry["state"] == "ready" for entry in progress)


def _heap(page: Page) -> Figure:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    return Figure("browser heap", [metrics["JSHeapUsedSize"] / 1e6], "MB")


def memory_rows(peak: Peak) -> Iterator[Figure]:
    return (Figure(f"memory of {name}, peak", [resident / 1e6], "MB") for name, resident in peak.bytes.items())


def run(options: argparse.Namespace) -> None:
    """Make the data where they are missing, print the table, and write it down when asked to."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch) / "data"
        lines = [HEAD]
        for figure in _measure(options, folder, Path(scratch) / "state"):
            lines.append(figure.row())
            print(figure.row(), flush=True)
        if options.write:
            write_table(DOCS / f"speed-{options.data}.md", lines)


def _measure(options: argparse.Namespace, folder: Path, state: Path) -> Iterator[Figure]:
    if options.data == STACK:
        make_stack(folder, slices=options.slices)
        floor_ms = slice_floor_ms(next((folder / STACK / STACK).iterdir()), SLICE_BYTES)
        measure = partial(measure_stack, slices=options.slices, floor_ms=floor_ms)
        yield from _on(folder / STACK, state, STACK_PATH, measure)
    else:
        make_image(folder, side=options.side)
        yield from _on(folder / IMAGE, state, IMAGE_PATH, partial(measure_image, side=options.side))


def _on(data: Path, state: Path, node: str, measure: Callable[[LocalStack], Iterator[Figure]]) -> Iterator[Figure]:
    with local_stack(data, state, nodes=(node,)) as stack:
        roots = {"app": stack.processes["app"].pid, "Tiled": stack.processes["tiled"].pid}
        with watch_memory(roots) as peak:
            yield from measure(stack)
        yield from memory_rows(peak)
