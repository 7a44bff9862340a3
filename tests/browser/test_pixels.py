"""What Chromium shows against what was written: every kind of number, in three planes, at five zooms, at all edges.

A real Tiled serves the files, the viewer's own window (or that of the image) is used, and every pixel of the canvas is
compared. Enlarged pixels must be exact. Reduced ones come from the level that suits the zoom and are blended between
its pixels, so they must lie between those around.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import cv2
import h5py
import numpy as np
import pytest
import tifffile
import zarr
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from core.images.planes import PlaneAxis, turned_pixels
from core.images.pyramid import image_levels
from core.images.volumes import volume_id
from tests.browser.conftest import CLASSES, build_app, running
from utils.images.tiled_volumes import TiledCatalog

pytestmark = pytest.mark.browser

SHAPE = (7, 519, 1037)  # odd, and three levels either way but z
PLANE_NAMES: dict[PlaneAxis, str] = {"z": "xy", "y": "xz", "x": "yz"}
CUT: dict[PlaneAxis, int] = {"z": 2, "y": 300, "x": 640}  # the plane of each axis that is looked at
TILE_PX = 512
GREYS = 1.0  # by which a pixel may differ: one rounding, and the steps of 16 bits

SHOW = """async ([places, axis]) => {
  const viewer = document.querySelector('.sv-root').__viewer;
  const canvas = document.querySelector('.sv-image');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const seen = [];
  for (const [place, zoom] of places) {
    dash_clientside.set_props('viewer', {place});
    for (let calm = 0; calm < 2; ) { // a frame with the new place may still be to come
      await frame();
      const state = viewer.state();
      const isThere = state.axis === axis && Math.abs(state.scale - zoom) < 1e-9;
      calm = isThere && state.shown === state.slice && state.ready ? calm + 1 : 0;
    }
    const box = canvas.getBoundingClientRect();
    const [from, to] = [viewer.imageToScreen(0, 0), viewer.imageToScreen(1000, 1000)];
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const text = [];
    for (let at = 0; at < data.length; at += 32768) text.push(String.fromCharCode(...data.subarray(at, at + 32768)));
    seen.push({
      rgba: btoa(text.join('')), size: [canvas.height, canvas.width, 4], level: viewer.state().level,
      y: [from.y - box.top, (to.y - from.y) / 1000], x: [from.x - box.left, (to.x - from.x) / 1000],
    });
  }
  return seen;
}"""


def waves(dtype: str, low: float, high: float, *, phase: float = 0.0) -> NDArray[Any]:
    """SHAPE of smooth hills between two values, so that halving keeps them and a shift by a pixel shows."""
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    hills = (np.sin(y / 37 + z * 0.9 + phase) * np.cos(x / 45 - z * 0.7 + phase) + 1) / 2
    return (low + hills * (high - low)).astype(dtype)


def holed(volume: NDArray[Any]) -> NDArray[Any]:
    """With patches of NaN at edges, of Inf and of -Inf in the middle; all on the planes that are looked at."""
    volume[:, :9, :7] = np.nan
    volume[:, -40:, CUT["x"] - 30 : CUT["x"] + 5] = np.nan
    volume[:, 290:330, 100:140], volume[:, 290:330, 180:220] = np.inf, -np.inf
    return volume


def colours(dtype: str, high: float, *, alpha: bool = False) -> NDArray[Any]:
    """(Z, Y, X, 3 or 4); of the alpha channel a band is half, another wholly transparent."""
    bands = [waves(dtype, 0, high, phase=phase) for phase in (0, 1, 2)]
    if alpha:
        opacity = np.full(SHAPE, high, dtype)
        opacity[:, 250:320, 500:560], opacity[:, 250:320, 600:700] = high / 2, 0
        bands.append(opacity)
    return np.stack(bands, axis=-1)


ARRAYS: dict[str, Callable[[], NDArray[Any]]] = {
    "bool.npy": lambda: waves("f4", 0, 1) > 0.5,
    "uint8.tif": lambda: waves("u1", 0, 255),
    "int8.npy": lambda: waves("i1", -128, 127),
    "uint16.zarr": lambda: waves("u2", 900, 60_000),
    "int16.h5": lambda: waves("i2", -30_000, 20_000),
    "uint32.tif": lambda: waves("u4", 1e6, 4e9),
    "int32.npy": lambda: waves("i4", -2e9, 1e9),
    "int64.npy": lambda: waves("i8", -4e15, 9e15),
    "float16.npy": lambda: holed(waves("f2", -3, 900)),
    "float32.tif": lambda: holed(waves("f4", 0, 1)),
    "float64.h5": lambda: holed(waves("f8", -1e-7, 3e-7)),
    "big_uint16.tif": lambda: waves(">u2", 0, 4000),
    "big_float64.npy": lambda: holed(waves(">f8", -5, 5)),
    "big_int32.h5": lambda: waves(">i4", -70_000, 70_000),
    "rgb8.tif": lambda: colours("u1", 255),
    "rgb16.zarr": lambda: colours("u2", 50_000),
    "rgba8.tif": lambda: colours("u1", 255, alpha=True),
    "rgba16.npy": lambda: colours("u2", 65_535, alpha=True),
    "rgb_float32.npy": lambda: colours("f4", 1),
    "rgba_float32.h5": lambda: colours("f4", 1, alpha=True),
}


def write(path: Path, array: NDArray[Any]) -> None:
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["data"] = array
    elif path.suffix == ".zarr":
        zarr.create_array(str(path), shape=array.shape, dtype=array.dtype, chunks=(1, *array.shape[1:]))[:] = array
    else:
        options = {"photometric": "minisblack"} if array.ndim == 3 else {"photometric": "rgb"}
        if array.shape[-1] == 4:
            options["extrasamples"] = ["unassalpha"]
        tifffile.imwrite(path, array, byteorder=">" if array.dtype.byteorder == ">" else "<", **options)


class Served(TiledCatalog):
    """What `build_app` asks of a catalog beside."""

    down = False
    bytes_per_s = None


@dataclass(frozen=True)
class Screen:
    """One page on the viewer."""

    page: Page
    url: str

    def open(self, file: str) -> dict[str, Any]:
        """Show a file; returns its manifest."""
        vid = volume_id(file.partition(".")[0])
        self.page.evaluate("() => dash_clientside.set_props('viewer', {volume: null})")
        self.page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().status === 'empty'")
        self.page.evaluate("vid => dash_clientside.set_props('viewer', {volume: vid})", vid)
        self.page.wait_for_function("() => document.querySelector('.sv-root').__viewer.state().ready")
        with urlopen(f"{self.url}api/img/{vid}/manifest") as answer:
            manifest: dict[str, Any] = json.load(answer)
            return manifest


@pytest.fixture(scope="module")
def screen(chromium: Browser, serve_tiled: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    folder = tmp_path_factory.mktemp("pixels")
    for file, make in ARRAYS.items():
        write(folder / file, make())
    tiled = serve_tiled(folder)
    with running(build_app(Served(tiled.uri, tiled.key), {}, set())) as url:
        context = chromium.new_context(viewport={"width": 620, "height": 390})
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector(".sv-root")
        page.evaluate("classes => dash_clientside.set_props('viewer', {classes})", CLASSES)
        yield Screen(page, url)
        context.close()


def places(axis: PlaneAxis) -> list[tuple[str, float]]:
    """All of a plane, and four of its corners, as links name them, at five zooms; with the zoom."""
    depth, height, width = (size - 1 for size in SHAPE)
    ends = [(depth // 2, height // 2, width // 2), (depth, height, width), (0, 0, 0), (0, height, 0), (depth, 0, width)]
    found = []
    for (z, y, x), zoom in zip(ends, (0.23, 0.4375, 1, 3.5, 17), strict=True):
        at = {"z": z, "y": y, "x": x} | {axis: CUT[axis]}
        found.append((f"{PLANE_NAMES[axis]}_{at['x']}_{at['y']}_{at['z']}_{zoom}", zoom))
    return found


@dataclass(frozen=True)
class Seen:
    """The canvas, (Y, X, 4), and how it lies over a plane: first pixel and pixels of the canvas an image pixel."""

    rgba: NDArray[np.float64]
    level: int
    y: tuple[float, float]
    x: tuple[float, float]

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Seen":
        data = np.frombuffer(base64.b64decode(told["rgba"]), np.uint8).reshape(told["size"])
        return cls(data.astype(np.float64), told["level"], tuple(told["y"]), tuple(told["x"]))

    def rows(self, length: int, pixels: int) -> NDArray[np.float64]:
        return level_places(self.y, self.rgba.shape[0], self.level, length, pixels)

    def columns(self, length: int, pixels: int) -> NDArray[np.float64]:
        return level_places(self.x, self.rgba.shape[1], self.level, length, pixels)


def level_places(
    line: tuple[float, float], screen_px: int, level: int, length: int, pixels: int
) -> NDArray[np.float64]:
    """Where on a level of `pixels` the middle of each screen pixel lies, along one axis; NaN beside the image.

    A tile is drawn from one whole screen pixel to another, so each is a little longer or shorter than its share.
    """
    start, scale = line
    found = np.full(screen_px, np.nan)
    on_screen = np.arange(screen_px) + 0.5
    for first in range(0, pixels, TILE_PX):
        count = min(TILE_PX, pixels - first)
        left, right = (round_half_up(start + (at << level) * scale) for at in (first, first + count))
        inside = (on_screen > left) & (on_screen < min(right, round_half_up(start + length * scale)))
        found[inside] = first + (on_screen[inside] - left) * count / (right - left)
    return found


def round_half_up(value: float) -> float:
    return float(np.floor(value + 0.5))


def greys(values: NDArray[Any], manifest: dict[str, Any]) -> NDArray[np.float64]:
    """(Y, X, C) between 0 and 255 as the window of the manifest says; NaN stays."""
    lo, hi = manifest["window"]
    shades = np.clip((values.astype(np.float64) - lo) / (hi - lo), 0, 1) * 255
    return shades[..., None] if shades.ndim == 2 else shades


def opacity(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[np.float64]:
    full = 1 if dtype.kind in "fb" else np.iinfo(dtype).max
    return np.clip(values.astype(np.float64) / full, 0, 1) * 255


def check(seen: Seen, plane: NDArray[Any], level: NDArray[Any], manifest: dict[str, Any], what: str) -> None:
    """Compare every pixel of the canvas with a level of a plane."""
    rows = seen.rows(plane.shape[0], level.shape[0])
    columns = seen.columns(plane.shape[1], level.shape[1])
    on_rows, on_columns = ~np.isnan(rows), ~np.isnan(columns)
    assert on_rows.any(), what
    assert on_columns.any(), what
    assert not seen.rgba[~on_rows].any(), f"{what}: above or below the image"
    assert not seen.rgba[:, ~on_columns].any(), f"{what}: beside the image"
    shown = seen.rgba[np.ix_(on_rows, on_columns)]
    is_exact = seen.level == 0 and seen.y[1] > 1 - 1e-9
    low, high, clear = expected(level, manifest, plane.dtype, blended=not is_exact)
    at = np.ix_(rows[on_rows].astype(int), columns[on_columns].astype(int))
    margin = (
        edge_of(rows[on_rows])[:, None] | edge_of(columns[on_columns]) if is_exact else np.zeros(clear[at].shape, bool)
    )
    compared = ~(clear[at] | margin)
    assert compared.mean() > 0.5, f"{what}: hardly a pixel could be compared"
    wrong = compared & ((shown < low[at] - GREYS) | (shown > high[at] + GREYS)).any(axis=-1)
    assert not wrong.any(), describe(what, wrong, shown, low[at], high[at])


def edge_of(places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Screen pixels whose middle lies on the line between two image pixels: either may show."""
    return np.abs(places - np.rint(places)) < 1e-3


def expected(
    level: NDArray[Any], manifest: dict[str, Any], dtype: np.dtype[Any], *, blended: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The least and greatest RGBA that a pixel of a level may have, and where nothing is said: half transparent."""
    shades = greys(level, manifest)
    has_alpha = shades.shape[-1] == 4
    alpha = opacity(level[..., 3], dtype) if has_alpha else np.where(np.isnan(shades[..., 0]), 0.0, 255.0)
    rgb = np.nan_to_num(shades[..., :3] if shades.shape[-1] > 1 else np.repeat(shades, 3, axis=-1))
    rgba = np.concatenate([np.where(alpha[..., None] == 0, 0, rgb), alpha[..., None]], axis=-1)
    around = np.ones((3, 3), np.uint8)
    low, high = (cv2.erode(rgba, around), cv2.dilate(rgba, around)) if blended else (rgba, rgba)
    clear = (high[..., 3] > 0) & (low[..., 3] < 255)
    return low, high, clear


def describe(what: str, wrong: NDArray[np.bool_], shown: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> str:
    y, x = np.argwhere(wrong)[0]
    return f"{what}: {wrong.sum()} pixels, the first at {y}, {x}: {shown[y, x]}, not {low[y, x]} to {high[y, x]}"


@pytest.mark.parametrize("file", ARRAYS)
def test_the_screen_shows_what_the_file_holds_in_every_plane_at_every_zoom(screen, file):
    array, manifest = ARRAYS[file](), screen.open(file)
    for axis in PLANE_NAMES:
        plane = turned_pixels(array, axis)[CUT[axis]]
        levels = image_levels(plane)
        for told, (place, _) in zip(screen.page.evaluate(SHOW, [places(axis), axis]), places(axis), strict=True):
            check(Seen.of(told), plane, levels[told["level"]], manifest, f"{file} {place}")
