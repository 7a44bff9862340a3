"""Real and hostile TIFF files behind a real server that may not use much memory."""

import math
import os
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile

from core.errors import AppError
from core.images.volumes import CatalogEntry
from tests.tile_server import tile_server
from tests.utils.tiled_questions import Questions
from utils.images.tile_cache import CachedTileServer
from utils.images.tiled_volumes import TiledCatalog
from utils.served.tiled_server import Item, list_folder

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("REAL_DATA_DIR" not in os.environ, reason="REAL_DATA_DIR is not set"),
]

MEMORY_BYTES = 4 << 30  # the server may ask for 4 GiB of addresses; some files claim terabytes

# Files that open elsewhere and are refused here, and the sentence people read.
REFUSED = {
    "imagecodecs__gray.depth.deflate.u1": "have the axes ZYX; only plain and colour images can be shown",
    "imagecodecs__gray.series.u1": "differ in size or type",
    "pillow__compression": "differ in size or type",
    "pillow__multipage": "differ in size or type",
    "pillow__multipage-mmap": "differ in size or type",
    "pillow__multipage_out_of_order": "differ in size or type",
}
# Damaged files of which some pages are whole; those are shown.
PARTLY_READABLE = {
    "BAD_corrupt_zstd_tile": "cannot be decoded",
    "image__logluv-3c-16b": "not supported",
    "image__off_l16": "not supported",
    "image__off_luv24": "not supported",
    "image__off_luv32": "not supported",
    "image__ycbcr-cat": "not supported",
    "libvips__ojpeg-strip": "cannot be decoded",
    "libvips__ojpeg-tile": "cannot be decoded",
    "pillow__tiff_overflow_rows_per_strip": "cannot be decoded",
}
# Fuzzers' files that crash other readers; decoding them yields something.
HARMLESS = {
    "pillow__crash-0da013a13571cc8eb457a39fee8db18f8a3c7127",
    "pillow__crash-74d2a78403a5a59db1fb0a2b8735ac068a75f6e3",
}


@pytest.fixture(scope="module")
def zoo() -> Path:
    return Path(os.environ["REAL_DATA_DIR"]) / "tiff_zoo"


@pytest.fixture(scope="module")
def limited(zoo, serve_tiled):
    """A server of the zoo that may not use much memory."""
    server = serve_tiled(zoo)
    psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    return server


@pytest.fixture(scope="module")
def tiled(limited):
    questions = Questions(limited.uri, limited.key)
    yield questions
    questions.close()


def expected_page(item: Item, number: int) -> np.ndarray:
    path, index = (item.paths[number], 0) if len(item.paths) > 1 else (item.paths[0], number)
    with tifffile.TiffFile(path, is_ome=False) as tif:
        series = tif.series[0]
        page = series.pages[0]
        planes = series.asarray().reshape(-1, *page.shape)
        return np.moveaxis(planes[index], 0, -1) if page.axes == "SYX" else planes[index]


def served_page(tiled: Questions, path: str, structure: dict, index: tuple[int, ...]) -> np.ndarray:
    kind, shape = structure["data_type"], structure["shape"]
    picked = ",".join([*map(str, index), *[":"] * (len(shape) - len(index))])
    return tiled.read(path, picked, np.dtype(f"{kind['kind']}{kind['itemsize']}")).reshape(shape[len(index) :])


@pytest.mark.parametrize("folder", ["ok", "made"])
def test_every_good_file_opens_or_says_in_a_sentence_why_not(tiled, zoo, folder):
    refused = {}
    items = {key: item for key, item in list_folder(zoo / folder).items() if not key.startswith("BAD_")}
    assert items
    for key, item in items.items():
        node = tiled.attributes(f"{folder}/{key}")
        if "unreadable" in node["metadata"]:
            refused[key] = node["metadata"]["unreadable"]
            continue
        path = f"{folder}/{key}"
        if node["structure_family"] == "container":  # a pyramid: its finest level is the image
            path = f"{path}/{node['metadata']['multiscales'][0]['datasets'][0]['path']}"
            node = tiled.attributes(path)
        pages = node["structure"]["shape"][: -expected_page(item, 0).ndim]  # one axis, or more of a hyperstack
        for number in {0, math.prod(pages) - 1}:
            index = tuple(int(place) for place in np.unravel_index(number, pages))
            found = served_page(tiled, path, node["structure"], index)
            np.testing.assert_array_equal(found, expected_page(item, number), err_msg=f"{key} page {index}")
    assert refused.keys() == {key for key in REFUSED if key in items}
    for key, sentence in refused.items():
        assert REFUSED[key] in sentence


def complaint(tiled: Questions, path: str) -> str:
    """Why a node cannot be read: as its metadata say, or as the first page that fails says."""
    node = tiled.attributes(path)
    if "unreadable" in node["metadata"]:
        return node["metadata"]["unreadable"]
    shape = node["structure"]["shape"]
    for z in range(shape[0]):
        picked = ",".join([str(z), *[":"] * (len(shape) - 1)])
        answer = tiled.get(f"array/full/{path}", slice=picked, format="application/octet-stream")
        if not answer.is_success:
            assert answer.status_code == 422, answer.text
            return answer.json()["detail"]
    return ""


def test_hostile_files_are_refused_in_a_sentence_and_the_server_lives_on(tiled, limited, zoo):
    bad = [f"broken/{key}" for key in list_folder(zoo / "broken")]
    bad += [f"made/{key}" for key in list_folder(zoo / "made") if key.startswith("BAD_")]
    assert len(bad) > 20
    for path in bad:
        key = path.split("/")[1]
        sentence = complaint(tiled, path)
        assert bool(sentence) == (key not in HARMLESS), path
        assert PARTLY_READABLE.get(key, "") in sentence
        assert len(sentence) < 300
    assert tiled.keys("") == ["broken", "made", "ok"]
    assert psutil.Process(limited.process.pid).memory_info().rss < 1 << 30


def test_the_app_lists_all_that_is_good_and_survives_the_rest(limited, zoo):
    catalog = TiledCatalog(limited.uri, limited.key)
    entries = {entry.path: entry for entry in catalog.list_entries()}
    for folder in ("ok", "made", "broken"):
        assert {f"{folder}/{key}" for key in list_folder(zoo / folder)} <= entries.keys()
    hostile = {path for path in entries if path.startswith("broken/") or path.startswith("made/BAD_")}
    unseen = {path.split("/")[1] for path in entries.keys() - hostile if entries[path].info is None}
    assert unseen <= REFUSED.keys()
    server = tile_server(catalog)
    for path in hostile:
        key, sentence = path.split("/")[1], shown(server, entries[path])
        assert bool(sentence) == (key not in HARMLESS) or key in PARTLY_READABLE, path
        assert len(sentence) < 300


def shown(server: CachedTileServer, entry: CatalogEntry) -> str:
    """Open a volume as the viewer does, its first tile included; why it cannot be."""
    try:
        server.manifest(entry.path)
        assert server.tile(entry.path, "z", 0, 0, 0, 0).pixels
    except AppError as error:
        return str(error)
    return ""
