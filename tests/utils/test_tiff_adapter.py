"""TIFF stacks read page by page: through the adapter, through the folder tree, and through a real server."""

import subprocess
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
from tiled.ndslice import NDBlock, NDSlice

from core.errors import UnsupportedImageError
from tests.utils.tiled_questions import Questions
from utils.served import tiff_adapter, tiff_files
from utils.served.tiff_adapter import TiffAdapter, UnreadableError
from utils.served.tiff_files import layout_of, read_rows
from utils.served.tiled_server import FolderTree, Unreadable, list_folder

ROOT = Path(__file__).resolve().parents[2]


def adapter(path: Path) -> TiffAdapter:
    return TiffAdapter.from_uris(path.as_uri())


def stack(dtype="uint16", shape=(5, 40, 30), seed=0) -> np.ndarray:
    values = np.random.default_rng(seed).integers(0, 200, shape)
    return values.astype(dtype)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"compression": "lzw", "byteorder": ">", "predictor": True},
        {"compression": "zstd", "tile": (16, 16)},
        {"byteorder": ">"},
        {"bigtiff": True, "rowsperstrip": 7},
        {"imagej": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_every_page_comes_back_as_it_was_written(tmp_path, options, dtype):
    pixels = stack(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, **{"photometric": "minisblack", **options})
    stacked = adapter(tmp_path / "a.tif")
    structure = stacked.structure()
    assert structure.shape == pixels.shape
    assert structure.chunks == ((1,) * 5, (40,), (30,))
    for z in range(5):
        block = stacked.read_block(NDBlock(z, 0, 0))
        np.testing.assert_array_equal(block[0], pixels[z])
        assert block.dtype.isnative


@pytest.mark.parametrize(
    ("axes", "options"),
    [
        ("TZCYX", {"imagej": True}),
        ("TZCYX", {"ome": True}),
        ("TCZYX", {"ome": True, "compression": "zlib"}),
        ("ZTCYX", {"ome": True}),
        ("CYX", {"imagej": True}),
    ],
    ids=str,
)
def test_axes_that_ome_and_imagej_name_are_axes(tmp_path, axes, options):
    sizes = {"T": 3, "Z": 4, "C": 2, "Y": 40, "X": 30}
    pixels = stack("uint16", tuple(sizes[axis] for axis in axes))
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, metadata={"axes": axes}, photometric="minisblack", **options)
    stacked = adapter(tmp_path / "a.ome.tif")
    assert (stacked.structure().shape, stacked.structure().dims) == (pixels.shape, tuple(axes.lower()))
    np.testing.assert_array_equal(stacked.read(), pixels)
    np.testing.assert_array_equal(stacked.read(NDSlice(1, ..., slice(3, 9), slice(2, 7))), pixels[1, ..., 3:9, 2:7])
    np.testing.assert_array_equal(stacked.read(NDSlice(slice(0, 2), ..., 5)), pixels[:2, ..., 5])


def test_page_axes_that_do_not_fit_the_pages_are_not_believed(tmp_path):
    xml = '<OME><Pixels DimensionOrder="XYZCT" SizeZ="9" SizeC="1" SizeT="2"/></OME>'
    tifffile.imwrite(tmp_path / "a.tif", stack(), description=xml, metadata=None)
    assert adapter(tmp_path / "a.tif").structure().dims == ("z", "y", "x")


@pytest.mark.parametrize("dtype", ["bool", "int16", "int32", "uint32", "float16", "float64"])
def test_less_common_types_keep_their_values(tmp_path, dtype):
    pixels = stack(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", compression="zlib")
    np.testing.assert_array_equal(adapter(tmp_path / "a.tif").read(), pixels)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_comes_last_however_it_is_stored(tmp_path, planar):
    pixels = stack("uint8", (3, 20, 25, 3))
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 1)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, compression="zlib")
    assert adapter(tmp_path / "a.tif").structure().dims == ("z", "y", "x", "c")
    np.testing.assert_array_equal(adapter(tmp_path / "a.tif").read(NDSlice(1)), pixels[1])


HYPER = {  # (T, Z, C, Y, X) in the words of each dialect
    "imagej": {"imagej": True, "metadata": {"axes": "TZCYX"}},
    "ome": {"ome": True, "metadata": {"axes": "TZCYX"}},
    "tifffile": {"metadata": {"axes": "TZCYX"}},
    "compressed": {"ome": True, "metadata": {"axes": "TZCYX"}, "compression": "zlib"},
}


@pytest.mark.parametrize("options", HYPER.values(), ids=HYPER)
@pytest.mark.parametrize(
    "picked", [(), (1,), (1, 2), (1, slice(0, 4), 1), (0, 3, 0, slice(2, 9), 5), (slice(None), -1, 1, 4)], ids=str
)
def test_pages_of_several_axes_are_read_along_all_of_them(tmp_path, options, picked):
    pixels = stack(shape=(2, 4, 3, 20, 25))
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", **options)
    hyper = adapter(tmp_path / "a.tif")
    assert hyper.structure().dims == ("t", "z", "c", "y", "x")
    assert hyper.structure().chunks[:3] == ((1, 1), (1,) * 4, (1,) * 3)
    assert hyper.metadata()["pages"] == 24
    np.testing.assert_array_equal(hyper.read(NDSlice(*picked)), pixels[picked])
    np.testing.assert_array_equal(hyper.read_block(NDBlock(1, 2, 0, 0, 0)), pixels[1:, 2:3, :1])


@pytest.mark.parametrize(
    ("shape", "options", "served", "axes"),
    [
        ((4, 20, 25), {}, (4, 20, 25), "ZYX"),
        ((20, 25), {}, (1, 20, 25), "ZYX"),
        ((4, 20, 25), {"imagej": True, "metadata": {"axes": "TYX"}}, (4, 20, 25), "TYX"),
        ((3, 20, 25), {"imagej": True, "metadata": {"axes": "CYX"}}, (3, 20, 25), "CYX"),
        ((2, 4, 20, 25), {"metadata": {}}, (2, 4, 20, 25), "QQYX"),  # nobody has named them
        ((2, 2, 2, 2, 20, 25), {"metadata": {}}, (16, 20, 25), "ZYX"),  # nor could anybody
        ((2, 4, 20, 25, 3), {"metadata": {"axes": "TZYXS"}, "photometric": "rgb"}, (2, 4, 20, 25, 3), "TZYXS"),
    ],
)
def test_the_axes_are_those_of_the_array_as_it_is_served(tmp_path, shape, options, served, axes):
    tifffile.imwrite(tmp_path / "a.tif", stack("uint8", shape), **{"photometric": "minisblack"} | options)
    stacked = adapter(tmp_path / "a.tif")
    assert (stacked.structure().shape, stacked.metadata()["axes"]) == (served, axes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'SizeZ="4"', b'SizeZ="9"'),  # more pages than there are: the others are in another file
        (b'<TiffData IFD="0"', b'<TiffData IFD="3"'),
        (b'DimensionOrder="XYCZT"', b'DimensionOrder="XYYYY"'),
    ],
)
def test_ome_metadata_that_do_not_account_for_the_pages_are_not_believed(tmp_path, old, new):
    pixels = stack(shape=(2, 4, 3, 20, 25))
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", **HYPER["ome"])
    written = (tmp_path / "a.tif").read_bytes()
    assert old in written
    (tmp_path / "a.tif").write_bytes(written.replace(old, new))
    stacked = adapter(tmp_path / "a.tif")
    assert (stacked.structure().shape, stacked.metadata()["axes"]) == ((24, 20, 25), "ZYX")
    np.testing.assert_array_equal(stacked.read(), pixels.reshape(24, 20, 25))


@pytest.mark.parametrize(
    "picked",
    [
        (1,),
        (2, 5),
        (2, 5, 6),
        (slice(1, 4), slice(3, 9), slice(None, None, 2)),
        (slice(0, 5, 2), 7),
        (-1, slice(30, 0, -3)),
    ],
    ids=str,
)
def test_any_slicing_equals_slicing_the_whole_array(tmp_path, picked):
    pixels = stack()
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression="zlib", photometric="minisblack")
    np.testing.assert_array_equal(adapter(tmp_path / "a.tif").read(NDSlice(*picked)), pixels[picked])


@pytest.mark.parametrize(
    "options", [{"tile": (32, 48)}, {"rowsperstrip": 13}, {"tile": (32, 32), "photometric": "rgb"}]
)
def test_of_a_large_page_only_the_touched_rows_are_decoded(tmp_path, monkeypatch, options):
    shape = (100, 110, 3) if options.get("photometric") == "rgb" else (100, 110)
    pixels = stack("uint8", shape)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, compression="zlib", **{"photometric": "minisblack", **options})
    monkeypatch.setattr(tiff_files, "WHOLE_PAGE_BYTES", 0)
    damaged = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        last = tif.pages[0].dataoffsets[-1]
    damaged[last : last + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(damaged)
    layout = layout_of(path)
    np.testing.assert_array_equal(read_rows(layout, 0, slice(20, 61)), pixels[20:61])
    with pytest.raises(UnsupportedImageError, match="Page 1 of a.tif cannot be decoded"):
        read_rows(layout, 0, slice(90, 100))


def test_a_palette_image_gives_its_indices(tmp_path):
    pixels = stack("uint8", (20, 30))
    colours = np.random.default_rng(1).integers(0, 65535, (3, 256)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="palette", colormap=colours)
    np.testing.assert_array_equal(adapter(tmp_path / "a.tif").read()[0], pixels)


@pytest.mark.parametrize(
    ("options", "voxel"),
    [
        ({"imagej": True, "resolution": (2, 4), "metadata": {"unit": "um", "spacing": 3}}, [3.0, 0.25, 0.5]),
        ({"imagej": True, "resolution": (2, 2), "metadata": {"unit": "nm"}}, [0.0005, 0.0005, 0.0005]),
        ({"resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}, [0.5, 0.5, 0.5]),
        ({"ome": True, "metadata": {"axes": "ZYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.2}}, [0.1, 0.2, 0.1]),
        ({"resolution": (300, 300), "resolutionunit": "INCH"}, None),
        ({"imagej": True, "metadata": {"unit": "pixel"}}, None),
        ({}, None),
    ],
    ids=["imagej um", "imagej nm", "centimetre", "ome", "inch", "pixel", "none"],
)
def test_the_voxel_size_is_read_from_three_dialects_and_never_from_a_printers_dpi(tmp_path, options, voxel):
    tifffile.imwrite(tmp_path / "a.tif", stack(), **{"photometric": "minisblack", **options})
    found = adapter(tmp_path / "a.tif").metadata().get("voxel_size_um")
    assert found == (voxel if voxel is None else pytest.approx(voxel))


def test_a_page_that_differs_from_the_first_is_named_when_it_is_read(tmp_path):
    for name, side in (("a1.tif", 20), ("a2.tif", 24)):
        tifffile.imwrite(tmp_path / name, stack("uint8", (side, side)))
    both = TiffAdapter.from_uris(*((tmp_path / name).as_uri() for name in ("a1.tif", "a2.tif")))
    with pytest.raises(UnreadableError, match=r"a2.tif is 24 x 24 uint8; the stack is 20 x 20 uint8"):
        both.read(NDSlice(1))


@pytest.mark.parametrize("keep", [0, 4, 100, 3000])
def test_a_file_cut_off_while_copying_is_refused_in_a_sentence(tmp_path, keep):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnsupportedImageError, match=r"a\.tif .*\."):
        adapter(path)


def test_reading_everything_of_a_huge_stack_is_refused_before_it_is_tried(tmp_path):
    tifffile.memmap(tmp_path / "a.tif", shape=(600, 1024, 1024), dtype="uint16")
    with pytest.raises(UnreadableError, match=r"1.2 GiB is too much for one read"):
        adapter(tmp_path / "a.tif").read()


def test_a_column_of_a_stack_larger_than_one_read_is_read_page_by_page(tmp_path, monkeypatch):
    pixels = stack(shape=(5, 40, 30))
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack")
    monkeypatch.setattr(tiff_adapter, "MAX_READ_BYTES", pixels[0].nbytes)
    column = adapter(tmp_path / "a.tif").read(NDSlice(slice(None), slice(None), slice(7, 8)))
    np.testing.assert_array_equal(column, pixels[:, :, 7:8])


def test_a_row_across_a_long_sequence_reads_the_headers_of_its_files_once(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(tiff_adapter, "layout_of", lambda path: asked.append(path) or layout_of(path))
    write_sequence(tmp_path, 300)
    paths = sorted(tmp_path.iterdir())
    files = TiffAdapter.from_uris(*(path.as_uri() for path in paths))
    for row in (3, 4):
        assert files.read(NDSlice(slice(None), slice(row, row + 1))).shape[0] == 300
    assert sorted(asked) == paths


def test_a_file_cut_off_after_it_was_opened_is_named_when_it_is_read(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack(shape=(40, 30)), photometric="minisblack")
    layout = layout_of(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UnsupportedImageError, match=r"a.tif is cut off: page 1 of 1 is missing data"):
        read_rows(layout, 0, slice(0, 40))


def test_pages_too_large_for_one_answer_are_cut_into_bands(tmp_path):
    tifffile.memmap(tmp_path / "a.tif", shape=(1, 20000, 20000), dtype="uint8", photometric="minisblack")
    bands = adapter(tmp_path / "a.tif").structure().chunks[1]
    assert sum(bands) == 20000
    assert max(bands) * 20000 <= 300e6


# --- the folder tree ---


def write_sequence(folder: Path, count: int, *, name: str = "slice_{}.tif") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for z in range(count):
        tifffile.imwrite(folder / name.format(z), np.full((8, 9), z % 256, np.uint8))


def test_a_numbered_folder_is_one_stack_in_the_order_of_its_numbers(tmp_path):
    write_sequence(tmp_path, 12)
    tree = FolderTree(tmp_path)
    assert list(tree.listing()) == ["slice_"]
    np.testing.assert_array_equal(tree.open("slice_").read()[:, 0, 0], np.arange(12))


def test_numbered_files_that_do_not_match_stay_files(tmp_path):
    write_sequence(tmp_path, 2)
    tifffile.imwrite(tmp_path / "slice_7.tif", np.zeros((4, 4), np.uint8))
    tifffile.imwrite(tmp_path / "scan_2024.tif", stack())
    assert list(list_folder(tmp_path)) == ["scan_2024", "slice_0", "slice_1", "slice_7"]


def test_two_files_that_differ_in_the_ending_are_both_there(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", stack())
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    assert set(list_folder(tmp_path)) == {"a", "a.tif"}


def test_a_new_and_a_changed_file_show_without_a_restart(tmp_path, monkeypatch):
    monkeypatch.setattr("utils.served.tiled_server.LISTING_S", 0.0)
    tifffile.imwrite(tmp_path / "a.tif", stack())
    tree = FolderTree(tmp_path)
    before = tree.open("a").metadata()["version"]
    assert tree.open("a").metadata()["version"] == before
    tifffile.imwrite(tmp_path / "a.tif", stack(shape=(6, 10, 10)))
    tifffile.imwrite(tmp_path / "b.tif", stack())
    assert tree.open("a").metadata()["version"] != before
    assert tree.open("a").structure().shape == (6, 10, 10)
    assert list(tree.listing()) == ["a", "b"]


def test_a_broken_file_is_listed_with_its_reason(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"<html>")
    (tmp_path / "b.h5").write_bytes(b"not HDF5")
    tree = FolderTree(tmp_path)
    for key in "ab":
        node = tree.open(key)
        assert isinstance(node, Unreadable)
        assert node.metadata()["unreadable"].endswith(".")


def test_hidden_files_and_folders_that_lead_back_up_are_left_out(tmp_path):
    write_sequence(tmp_path / "inside", 2)
    (tmp_path / "inside" / "loop").symlink_to(tmp_path)
    (tmp_path / ".a.tif.part").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("x")
    assert list(list_folder(tmp_path)) == ["inside"]
    assert list(FolderTree(tmp_path).open("inside").listing()) == ["slice_"]


def test_2160_files_are_listed_in_a_second(tmp_path):
    first = tmp_path / "slice_0000.tif"
    tifffile.imwrite(first, np.zeros((16, 16), np.uint16))
    for z in range(1, 2160):
        (tmp_path / f"slice_{z:04d}.tif").hardlink_to(first)
    started = time.process_time()  # of the processor: a busy machine does not change it much
    assert FolderTree(tmp_path).open("slice_").structure().shape == (2160, 16, 16)
    assert time.process_time() - started < 3  # about 0.1


# --- a real server ---


@pytest.fixture(scope="module")
def served(tmp_path_factory, serve_tiled):
    folder = tmp_path_factory.mktemp("served")
    write_sequence(folder / "nested" / "deep", 12)
    raw = tifffile.memmap(folder / "raw.tif", shape=(600, 1024, 1024), dtype="uint16", photometric="minisblack")
    raw[150] = np.arange(1024)
    raw.flush()
    packed = np.zeros((200, 1024, 1024), np.uint8)
    packed[100] = 7
    tifffile.imwrite(folder / "packed.tif", packed, compression="zlib", photometric="minisblack")
    (folder / "broken.tif").write_bytes(b"II*\0\x08\0\0\0")
    server = serve_tiled(folder)
    questions = Questions(server.uri, server.key)
    yield questions, psutil.Process(server.process.pid)
    questions.close()


def test_the_server_lists_nested_stacks_and_says_what_it_cannot_read(served):
    tiled, _ = served
    assert tiled.keys("") == ["broken", "nested", "packed", "raw"]
    assert tiled.keys("nested/deep") == ["slice_"]
    assert "holds no image" in tiled.attributes("broken")["metadata"]["unreadable"]
    assert tiled.attributes("nested/deep/slice_")["structure"]["shape"] == [12, 8, 9]
    assert tiled.get("metadata/nested/nothing").status_code == 404


@pytest.mark.parametrize(("name", "z", "itemsize"), [("raw", 150, 2), ("packed", 100, 1)])
def test_reading_one_slice_does_not_load_the_file(served, name, z, itemsize):
    tiled, process = served
    tiled.read(name, "0,0:4,0:4", np.uint8)  # imports and caches are paid for now
    before = process.memory_info().rss
    for _ in range(3):
        pixels = tiled.read(name, f"{z},:,:", f"u{itemsize}")
    assert pixels.reshape(1024, 1024)[0, 7] == 7
    assert process.memory_info().rss - before < 40 << 20  # the files hold 1200 and 200 MiB


def test_an_unsliced_read_of_a_large_file_is_answered_with_a_sentence(served):
    answer = served[0].get("array/full/raw", slice="::,::,::", format="application/octet-stream")
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


def run_script(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(ROOT / "tiled_serve_dir.sh"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


def test_the_script_says_how_to_make_a_key_and_a_folder(tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "DATA_TILED_API_KEY": "not-alphanumeric!"}
    wrong_key = run_script(str(tmp_path), environment=environment)
    assert wrong_key.returncode == 2
    assert "letters and digits" in wrong_key.stderr
    assert "secrets.token_hex" in wrong_key.stderr
    no_folder = run_script(str(tmp_path / "none"), environment=environment)
    assert no_folder.returncode == 2
    assert "download_sample_data.py" in no_folder.stderr


def test_the_scripts_read_env_files_as_the_app_does_and_let_the_environment_win(tmp_path):
    (tmp_path / ".env").write_text(
        "# a comment\nDATA_TILED_API_KEY='quoted # key'  # said twice\nexport MODE = dev # why\r\n"
        'USER_NAME="Anna B"\nDASH_DEPLOYMENT_LOC=\nSTATE_DIR=$(touch hacked)\nPORT=1\nlast=no newline'
    )
    names = ("DATA_TILED_API_KEY", "MODE", "USER_NAME", "DASH_DEPLOYMENT_LOC", "STATE_DIR", "PORT", "last")
    show = "; ".join(f'echo "${{{name}-}}"' for name in names)
    script = f'root="{tmp_path}"; source "{ROOT}/scripts/tiled_env.sh"; {show}'
    done = subprocess.run(
        ["bash", "-c", script], env={"PORT": "8075"}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["quoted # key", "dev", "Anna B", "", "$(touch hacked)", "8075", "no newline"]
    assert not (tmp_path / "hacked").exists()
