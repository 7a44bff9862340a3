"""Volumes on a real Tiled server: what is found, what comes back, and what is said when something is wrong."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import tifffile
import urllib3

from core.errors import NotFoundError, UnavailableError, UnsupportedImageError
from core.images import overview
from core.images.geometry import Box, whole_slice
from core.images.layout import ExtraAxis
from core.images.volumes import CatalogEntry, Listing
from scripts.local_stack import wait_until
from tests.image_files import ARRAYS, CELLS, COARSE, COARSER, MOVIE, STACK, UNREADABLE
from tests.tile_server import tile_server
from utils.images import tiled_volumes
from utils.images.tiled_volumes import TiledCatalog, open_uri, split_box
from utils.images.tiled_walk import GrowingListing


@pytest.fixture
def catalog(tiled_server):
    return TiledCatalog(tiled_server.uri, tiled_server.key)


def read_all(volume):
    _, height, width = volume.info.shape
    return volume.read(Box(start=(0, 0, 0), stop=(volume.info.shape[0], height, width)))


def test_every_image_is_listed_once_and_nothing_else(catalog):
    entries = catalog.list_entries()
    assert [e.path for e in entries] == sorted({*ARRAYS, *UNREADABLE})


@pytest.mark.parametrize("path", UNREADABLE)
def test_what_cannot_be_opened_says_why(catalog, path):
    (entry,) = [e for e in catalog.list_entries() if e.path == path]
    assert entry.info is None
    assert UNREADABLE[path] in entry.reason
    with pytest.raises(UnsupportedImageError, match=UNREADABLE[path]):
        catalog.open(path)


@pytest.mark.parametrize("path", ARRAYS)
def test_every_voxel_comes_back_as_it_was_written(catalog, path):
    array = ARRAYS[path]
    volume = catalog.open(path)
    pixels = read_all(volume)
    assert pixels.dtype.isnative
    assert pixels.dtype == array.dtype.newbyteorder("=")
    assert pixels.flags.writeable
    np.testing.assert_array_equal(pixels.reshape(array.shape), array)


@pytest.mark.parametrize("path", ["folders/deep/scan", "bigendian", "rgb16_stack", "nested/entry/data/data"])
def test_a_box_is_read_without_its_surroundings(catalog, path):
    box = Box(start=(1, 10, 20), stop=(3, 31, 50))
    np.testing.assert_array_equal(catalog.open(path).read(box), ARRAYS[path][box.slices])


def test_each_position_on_a_further_axis_is_a_volume(catalog):
    info = catalog.open("movie@t=2").info
    assert (info.shape, info.extra_axes) == ((6, 70, 90), (ExtraAxis("t", 3, 2),))
    assert info.uri.endswith("/movie#t=2")
    np.testing.assert_array_equal(read_all(catalog.open("movie@t=2")), MOVIE[2])
    np.testing.assert_array_equal(read_all(catalog.open("movie@axes=ztyx,t=5")), MOVIE[:, 5])
    with pytest.raises(NotFoundError, match="0 to 2"):
        catalog.open("movie@t=3")
    with pytest.raises(NotFoundError, match="do not suit"):
        catalog.open("movie@axes=tyx")


def test_channels_and_their_names_come_from_ome_metadata(catalog):
    info = catalog.open("cells@t=1").info
    assert (info.channels, info.is_colour, info.channel_names) == (2, False, ("DNA", "actin"))
    np.testing.assert_array_equal(read_all(catalog.open("cells@t=1")), np.moveaxis(CELLS[1], 0, -1))


def test_a_tiff_of_several_times_and_channels_is_more_than_one_long_stack(catalog):
    info = catalog.open("hyper@t=1").info
    assert (info.shape, info.channels, info.extra_axes) == ((6, 40, 50), 2, (ExtraAxis("t", 2, 1),))
    assert (info.channel_names, info.channel_colors) == (("DNA", "actin"), ("#0000ff", "#00ff00"))
    np.testing.assert_array_equal(read_all(catalog.open("hyper@t=1")), np.moveaxis(CELLS[1], 0, -1))


def test_positions_of_one_array_share_a_base_path(catalog):
    assert catalog.open("movie@t=2").info.base_path == "movie"
    assert catalog.open("movie@axes=ztyx,t=2").info.base_path == "movie@axes=ztyx"
    assert catalog.open("pages").info.base_path == "pages"


def test_jobs_open_the_position_that_a_uri_names(catalog, tiled_server):
    volume = open_uri(catalog.open("movie@t=1").info.uri, api_key=tiled_server.key)
    np.testing.assert_array_equal(read_all(volume), MOVIE[1])


@pytest.mark.parametrize("limit", [1000, overview.WHOLE_SLICE_BYTES])
@pytest.mark.parametrize("path", sorted(COARSER))
def test_stored_levels_are_used_as_they_are(catalog, monkeypatch, path, limit):
    monkeypatch.setattr(overview, "WHOLE_SLICE_BYTES", limit)
    server, array = tile_server(catalog), ARRAYS[path]
    full = array if array.shape[-1] == 3 else array[0]
    coarse = np.frombuffer(server.tile(path, "z", 0, 1, 0, 1).pixels, array.dtype)
    assert coarse.size == (701 - 512) * 300 * full[0, 0].size
    assert (coarse == COARSE).all()
    coarser = np.frombuffer(server.tile(path, "z", 0, 2, 0, 0).pixels, array.dtype)
    assert coarser.size == 351 * 150 * full[0, 0].size
    assert (coarser == COARSE).all()
    fine = np.frombuffer(server.tile(path, "z", 0, 0, 1, 2).pixels, array.dtype)
    np.testing.assert_array_equal(fine, full[1024:, 512:].ravel())


def test_contrast_is_the_same_at_all_positions(catalog):
    server = tile_server(catalog)
    first, later = server.manifest("movie"), server.manifest("movie@t=2")
    assert (later.encoding, later.window, later.histogram) == (first.encoding, first.window, first.histogram)
    assert later.info.extra_axes[0].position == 2


def test_the_row_of_a_folder_with_one_image_names_the_folder(catalog):
    info = catalog.open("folders/deep/scan").info
    assert info.name == "scan"
    assert info.uri.endswith("/api/v1/metadata/folders/deep/scan/slice_")


def test_an_array_can_also_be_opened_by_its_own_path(catalog):
    volume = catalog.open("folders/deep/scan/slice_")
    np.testing.assert_array_equal(volume.read(whole_slice(5, volume.info.shape))[0], STACK[5])


def test_the_voxel_size_of_ome_zarr_is_known(catalog):
    assert catalog.open("ome").info.voxel_size_um == (2.0, 0.5, 0.5)
    assert catalog.open("pages").info.voxel_size_um is None


@pytest.mark.parametrize("form", ["{uri}", "{bare}", "{uri}api/v1", "{uri}api/v1/metadata/", "{uri}?api_key={key}"])
def test_the_server_may_be_named_in_any_usual_way(tiled_server, form):
    uri = form.format(uri=tiled_server.uri, bare=f"127.0.0.1:{tiled_server.port}", key=tiled_server.key)
    info = TiledCatalog(uri, tiled_server.key).open("pages").info
    assert info.uri == f"{tiled_server.uri}api/v1/metadata/pages"


def test_a_key_in_the_uri_opens_the_server_and_stays_out_of_what_is_passed_on(tiled_server):
    catalog = TiledCatalog(f"{tiled_server.uri}?api_key={tiled_server.key}")
    assert tiled_server.key not in catalog.open("pages").info.uri


@pytest.mark.parametrize("container", ["folders", "folders/", "folders/deep"])
def test_paths_count_from_the_container_the_uri_names(tiled_server, container):
    catalog = TiledCatalog(f"{tiled_server.uri}api/v1/metadata/{container}", tiled_server.key)
    (entry,) = catalog.list_entries()
    assert entry.path == "folders/deep/scan".removeprefix(container.rstrip("/")).strip("/")
    np.testing.assert_array_equal(read_all(catalog.open(entry.path)), STACK)


def test_an_array_as_the_root_is_a_catalog_of_one(tiled_server):
    catalog = TiledCatalog(f"{tiled_server.uri}api/v1/metadata/pages", tiled_server.key)
    (entry,) = catalog.list_entries()
    assert entry.path == "pages"
    np.testing.assert_array_equal(read_all(catalog.open("pages")), STACK)


@pytest.mark.parametrize("path", ["pages", "ome", "folders/deep/scan", "nested/entry/data/data"])
def test_open_uri_opens_what_the_catalog_gave_out(catalog, tiled_server, path):
    info = catalog.open(path).info
    volume = open_uri(info.uri, api_key=tiled_server.key)
    np.testing.assert_array_equal(read_all(volume), STACK)
    assert volume.info.uri == info.uri
    assert volume.info.version == info.version


@pytest.mark.parametrize("path", ["nope", "pages/nope", "folders/nope", "nested/entry/data/nope", ""])
def test_a_node_that_is_not_there_is_not_found(catalog, path):
    with pytest.raises(NotFoundError):
        catalog.open(path)


def test_a_folder_of_several_images_is_not_one(catalog):
    with pytest.raises(NotFoundError, match="folder") as caught:
        catalog.open("nested")
    assert caught.value.hint


def test_a_wrong_key_names_the_setting_and_not_the_key(tiled_server):
    catalog = TiledCatalog(tiled_server.uri, "wrongkey")
    with pytest.raises(UnavailableError, match="DATA_TILED_API_KEY") as caught:
        catalog.list_entries()
    assert "wrongkey" not in str(caught.value)


def test_no_server_at_all_names_the_setting(free_port):
    with pytest.raises(UnavailableError, match="DATA_TILED_URI"):
        TiledCatalog(f"http://127.0.0.1:{free_port}/", "k").list_entries()


def test_a_container_that_is_not_there_is_a_matter_of_the_setting(tiled_server):
    with pytest.raises(UnavailableError, match="DATA_TILED_URI"):
        TiledCatalog(f"{tiled_server.uri}api/v1/metadata/nope", tiled_server.key).list_entries()


@pytest.mark.parametrize("uri", ["http://[", "http://no such host/", "ftp://127.0.0.1/", "http://127.0.0.1:99999/"])
def test_a_uri_that_makes_no_sense_is_a_matter_of_the_setting(uri):
    with pytest.raises(UnavailableError, match="DATA_TILED_URI"):
        TiledCatalog(uri, "k").list_entries()


def test_a_server_that_stays_silent_is_given_up(free_port):
    with socket.create_server(("127.0.0.1", free_port)), pytest.raises(UnavailableError, match=r"0\.2 s"):
        TiledCatalog(f"http://127.0.0.1:{free_port}/", timeout_s=0.2).list_entries()


def test_another_kind_of_server_is_recognised(free_port):
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    with socket.create_server(("127.0.0.1", free_port)) as server:
        answering = threading.Thread(target=answer_once, args=(server, page))
        answering.start()
        with pytest.raises(UnavailableError, match="as Tiled does"):
            TiledCatalog(f"http://127.0.0.1:{free_port}/").list_entries()
        answering.join()


def answer_once(server, page):
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(page)


def test_many_threads_read_the_right_slices(catalog):
    volume = catalog.open("pages")
    places = [z % 6 for z in range(48)]
    with ThreadPoolExecutor(8) as pool:
        slices = list(pool.map(lambda z: volume.read(whole_slice(z, volume.info.shape))[0], places))
    for z, pixels in zip(places, slices, strict=True):
        np.testing.assert_array_equal(pixels, STACK[z])


def test_an_answer_too_large_for_tiled_is_asked_for_in_parts(catalog, monkeypatch):
    monkeypatch.setattr(tiled_volumes, "MAX_ANSWER_BYTES", 5000)
    for path in ("pages", "rgb16_stack"):
        np.testing.assert_array_equal(read_all(catalog.open(path)), ARRAYS[path])


def test_parts_of_a_box_cover_it_once_and_keep_the_limit():
    box = Box(start=(1, 3, 5), stop=(4, 50, 25))
    covered = np.zeros((6, 60, 30), int)
    for part in split_box(box, 2, 600):
        covered[part.slices] += 1
        assert np.prod(part.shape) * 2 <= 600
    assert covered.sum() == np.prod(box.shape)
    assert (covered[box.slices] == 1).all()


def add_node(server, path, family="container", *, specs=(), metadata=None, sources=()):
    parent, _, key = path.rpartition("/")
    body = {
        "id": key, "structure_family": family, "metadata": metadata or {}, "data_sources": list(sources),
        "specs": [{"name": name, "version": None} for name in specs],
    }  # fmt: skip
    headers = {"Authorization": f"Apikey {server.key}"}
    httpx.post(f"{server.uri}api/v1/metadata/{parent}", json=body, headers=headers).raise_for_status()


def add_stack(server, path):
    """Write STACK as an array of one chunk."""
    data_type = {"endianness": "little", "kind": "u", "itemsize": 2, "dt_units": None}
    structure = {
        "data_type": data_type, "chunks": [[n] for n in STACK.shape], "shape": list(STACK.shape),
        "dims": None, "resizable": False,
    }  # fmt: skip
    source = {
        "structure_family": "array", "structure": structure, "management": "writable",
        "parameters": {}, "properties": {}, "assets": [],
    }  # fmt: skip
    add_node(server, path, "array", sources=[source])
    headers = {"Authorization": f"Apikey {server.key}", "Content-Type": "application/octet-stream"}
    url = f"{server.uri}api/v1/array/block/{path}?block=0,0,0"
    httpx.put(url, content=STACK.tobytes(), headers=headers).raise_for_status()


def test_the_stack_of_an_nxtomoproc_container_is_found_by_its_spec(writable_tiled):
    add_node(writable_tiled, "tomo", specs=["NXtomoproc"], metadata={"voxel_size_um": [1, 2, 3]})
    add_node(writable_tiled, "tomo/entry")
    add_node(writable_tiled, "tomo/entry/data")
    add_stack(writable_tiled, "tomo/entry/data/data")
    catalog = TiledCatalog(writable_tiled.uri, writable_tiled.key)
    (entry,) = [e for e in catalog.list_entries() if e.path.startswith("tomo")]
    assert (entry.path, entry.info.voxel_size_um) == ("tomo", (1, 2, 3))
    np.testing.assert_array_equal(read_all(catalog.open("tomo")), STACK)


def test_a_spec_without_its_array_is_a_row_with_a_reason(writable_tiled):
    add_node(writable_tiled, "halftomo", specs=["NXtomoproc"])
    catalog = TiledCatalog(writable_tiled.uri, writable_tiled.key)
    (entry,) = [e for e in catalog.list_entries() if e.path == "halftomo"]
    assert entry.info is None
    assert "entry/data/data" in entry.reason


@pytest.fixture(scope="module")
def own_dir(tmp_path_factory):
    """A folder that these tests may change."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "many").mkdir()
    for n in range(305):
        np.save(folder / "many" / f"a{n:03d}x.npy", np.zeros((2, 2), "u1"))
    for n in range(40):
        slices = folder / "scans" / f"scan{n}x" / "recon" / "slices"
        slices.mkdir(parents=True)
        np.save(slices / "a.npy", np.zeros((2, 2, 2), "u1"))
    deep = folder.joinpath("deep", *"abcdefghij")
    deep.mkdir(parents=True)
    np.save(deep / "lost.npy", np.zeros((2, 2), "u1"))
    tifffile.imwrite(folder / "stack.tif", STACK, photometric="minisblack")
    return folder


@pytest.fixture(scope="module")
def own_server(serve_tiled, own_dir):
    """A server that these tests may stop."""
    return serve_tiled(own_dir, "stack")


def test_more_children_than_a_page_are_all_found(own_server):
    catalog = TiledCatalog(f"{own_server.uri}api/v1/metadata/many", own_server.key)
    assert len(catalog.list_entries()) == 305


def test_small_folders_of_folders_take_one_question_for_each_page_not_one_for_each_folder(own_server, asked):
    catalog = TiledCatalog(f"{own_server.uri}api/v1/metadata/scans", own_server.key)
    entries = catalog.list_entries()
    assert [entry.path for entry in entries] == sorted(f"scan{n}x/recon/slices" for n in range(40))
    assert all(entry.info.shape == (2, 2, 2) for entry in entries)
    assert len(asked) == 2, "what the catalog starts at, and a page of what is in it"


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The requests that are sent to Tiled."""
    urls: list[str] = []
    request = urllib3.PoolManager.request

    def noted(pool, method, url, **options):
        urls.append(url)
        return request(pool, method, url, **options)

    monkeypatch.setattr(urllib3.PoolManager, "request", noted)
    return urls


def test_a_list_is_shown_as_far_as_it_is_known_and_stays_while_a_newer_one_is_made():
    first, second = (CatalogEntry(name, None) for name in "ab")
    go_on = threading.Event()

    def rows():
        yield [second]
        go_on.wait()
        yield [first]

    growing = GrowingListing(rows())
    wait_until(lambda: growing.entries == (second,), "the first row")
    assert growing.wait(0.01) == Listing((second,), is_complete=False)
    go_on.set()
    assert growing.wait(None) == Listing((first, second), is_complete=True)
    go_on.clear()
    renewed = GrowingListing(rows(), known=growing.entries)
    assert renewed.wait(0.01) == Listing((first, second), is_complete=False)
    go_on.set()
    renewed.wait(None)


def test_what_ends_a_search_is_told_to_all_who_wait():
    growing = GrowingListing(failing())
    for _ in range(2):
        with pytest.raises(UnavailableError, match="gone"):
            growing.wait(None)


def failing():
    yield [CatalogEntry("a", None)]
    raise UnavailableError("gone")


def test_folders_too_deep_are_named_rather_than_followed(own_server):
    (entry,) = TiledCatalog(f"{own_server.uri}api/v1/metadata/deep", own_server.key).list_entries()
    assert entry.path == "a/b/c/d/e/f/g/h"
    assert "DATA_TILED_URI" in entry.reason


def test_a_file_written_anew_has_a_new_version(own_server, own_dir):
    catalog = TiledCatalog(own_server.uri, own_server.key)
    before = catalog.open("stack").info.version
    assert catalog.open("stack").info.version == before
    tifffile.imwrite(own_dir / "stack.tif", STACK[::-1], photometric="minisblack")
    wait_until(lambda: catalog.open("stack").info.version != before, "a new version")
    np.testing.assert_array_equal(read_all(catalog.open("stack")), STACK[::-1])


def test_the_catalog_recovers_when_the_server_comes_back(own_server):
    catalog = TiledCatalog(f"{own_server.uri}api/v1/metadata/stack", own_server.key)
    volume = catalog.open("stack")
    before = read_all(volume)
    own_server.stop()
    with pytest.raises(UnavailableError):
        catalog.open("stack")
    with pytest.raises(UnavailableError):
        catalog.list_entries()
    with pytest.raises(UnavailableError):
        volume.read(whole_slice(0, volume.info.shape))
    own_server.start("stack")
    np.testing.assert_array_equal(read_all(volume), before)
    assert [e.path for e in catalog.list_entries()] == ["stack"]
