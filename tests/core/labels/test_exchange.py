"""Every format brings back what it was given, and the libraries people use read it unmodified."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.errors import LabelFileError
from core.labels.exchange import FORMATS, open_labels
from core.labels.exchange.exporting import export
from core.labels.exchange.facts import Facts, FileClass

CLASSES = (FileClass(1, "pore", "#E69F00"), FileClass(3, "Bead", "#56B4E9"), FileClass(7, "Γ-phase, old", "#0A0B0C"))
VOXEL = (2.0, 0.65, 0.65)
SHAPES = arrays.array_shapes(min_dims=3, max_dims=3, max_side=9)
VOLUMES = SHAPES.flatmap(lambda shape: arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 3, 7])))


def written(kind: str, folder: Path, volume: np.ndarray, slices: tuple[int, ...] | None = None, **options) -> Path:
    facts = Facts(volume.shape, slices or tuple(range(len(volume))), CLASSES, VOXEL, "bead pack")
    return export(FORMATS[kind], folder, facts, lambda z: volume[z], told=lambda _: None, **options)


def labels_in(path: Path, shape: tuple[int, int, int]) -> tuple[Facts, dict[int, np.ndarray]]:
    """Pixels in the words of `CLASSES`, whatever numbers the file gave them."""
    file = open_labels(path, shape)
    ours = {each.name: each.value for each in CLASSES}
    table = np.zeros(256, np.uint8)
    for each in file.facts.classes:
        table[each.value] = ours[each.name]
    return file.facts, {z: table[pixels.astype(np.uint8)] for z, pixels in file}


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(volume=VOLUMES, data=st.data())
def test_a_file_brings_back_pixels_classes_voxel_size_and_origin(kind, tmp_path_factory, volume, data):
    chosen = data.draw(st.sets(st.integers(0, len(volume) - 1), min_size=1))
    slices = tuple(sorted(chosen))
    folder = tmp_path_factory.mktemp("round")
    facts, labels = labels_in(written(kind, folder, volume, slices), volume.shape)
    assert (facts.shape, facts.slices, facts.first) == (volume.shape, slices, slices[0])
    assert [(c.name, c.color) for c in facts.classes] == [(c.name, c.color) for c in CLASSES]
    assert facts.voxel_size_um == VOXEL
    for z in slices:
        np.testing.assert_array_equal(labels[z], volume[z])


def blobs(shape: tuple[int, int, int] = (4, 60, 70)) -> np.ndarray:
    """Every class, with holes."""
    z, y, x = np.indices(shape)
    rings = (np.hypot(y - 30, x - 35) // 6 + z) % 4
    return np.array([0, 1, 3, 7], np.uint8)[rings.astype(int)]


def test_tifffile_reads_the_tiff_with_its_voxel_size(tmp_path):
    path = written("tiff", tmp_path, blobs())
    with tifffile.TiffFile(path) as tif:
        np.testing.assert_array_equal(tif.asarray(), blobs())
        assert tif.series[0].axes == "ZYX"
        assert 'PhysicalSizeX="0.65"' in tif.ome_metadata
        assert tif.pages.first.tags["XResolution"].value[0] / tif.pages.first.tags["XResolution"].value[
            1
        ] == pytest.approx(1e4 / 0.65)


def test_numpy_loads_the_archive(tmp_path):
    with np.load(written("npz", tmp_path, blobs(), (1, 3))) as archive:
        np.testing.assert_array_equal(archive["labels"], blobs()[[1, 3]])
        assert archive["slices"].tolist() == [1, 3]
        assert json.loads(str(archive["metadata"]))["classes"][1]["name"] == "Bead"


def test_nibabel_reads_the_nifti_with_its_place(tmp_path):
    import nibabel

    image = nibabel.load(written("nifti", tmp_path, blobs(), (1, 3)))
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, np.stack([blobs()[1], 0 * blobs()[2], blobs()[3]]))
    assert image.header.get_xyzt_units()[0] == "micron"
    np.testing.assert_allclose(image.affine, [[0.65, 0, 0, 0], [0, 0.65, 0, 0], [0, 0, 2, 2], [0, 0, 0, 1]], rtol=1e-6)


def test_pynrrd_reads_the_nrrd_with_its_place_and_the_names_of_slicer(tmp_path):
    import nrrd

    pixels, header = nrrd.read(str(written("nrrd", tmp_path, blobs(), (1, 3))))
    np.testing.assert_array_equal(pixels.T[[0, 2]], blobs()[[1, 3]])
    assert header["space origin"].tolist() == [0, 0, 2]
    assert (header["Segment1_Name"], header["Segment1_LabelValue"]) == ("Bead", "3")


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools under numpy 2
def test_pycocotools_reads_the_coco(tmp_path):
    from pycocotools.coco import COCO

    coco = COCO(written("coco", tmp_path, blobs()))
    for z, image in enumerate(coco.dataset["images"]):
        found = np.zeros(blobs().shape[1:], np.uint8)
        for row in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            found[coco.annToMask(row).astype(bool)] = row["category_id"]
        np.testing.assert_array_equal(found, blobs()[z])
    assert [row["name"] for row in coco.loadCats(coco.getCatIds())] == [each.name for each in CLASSES]


@pytest.mark.filterwarnings("ignore")  # of the library's own parts
def test_ome_zarr_reads_the_labels_with_names_colours_and_levels(tmp_path):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    volume = np.kron(blobs((2, 60, 70)), np.ones((1, 20, 20), np.uint8))
    folder = written("ome-zarr", tmp_path, volume, packed=False)
    (node,) = list(Reader(parse_url(folder / "labels" / "classes"))())[:1]
    np.testing.assert_array_equal(node.data[0].compute(), volume)
    assert [level.shape for level in node.data] == [(2, 1200, 1400), (2, 600, 700), (2, 300, 350)]
    assert node.metadata["coordinateTransformations"][1] == [{"type": "scale", "scale": [2.0, 1.3, 1.3]}]
    assert node.metadata["color"][1] == pytest.approx([230 / 255, 159 / 255, 0, 1])
    assert node.metadata["properties"][3]["name"] == "Bead"


def test_pillow_reads_the_pictures_with_the_class_colours(tmp_path):
    from PIL import Image

    with zipfile.ZipFile(written("png", tmp_path, blobs())) as archive:
        picture = Image.open(io.BytesIO(archive.read("slice_2.png")))
    np.testing.assert_array_equal(np.asarray(picture), blobs()[1])
    y, x = np.argwhere(blobs()[1] == 3)[0]
    assert picture.convert("RGB").getpixel((int(x), int(y))) == (0x56, 0xB4, 0xE9)


def test_the_former_app_finds_its_masks(tmp_path):
    with zipfile.ZipFile(written("former-app", tmp_path, blobs(), (1, 3))) as archive:
        assert json.loads(archive.read("annotation_metadata.json")) == {"1": [], "3": []}
        mask = np.load(io.BytesIO(archive.read("mask_4.npy")))
    assert mask.dtype == np.int8
    np.testing.assert_array_equal(mask == 1, blobs()[3] == 3)
    np.testing.assert_array_equal(mask == -1, blobs()[3] == 0)


def test_masks_of_the_former_app_itself_are_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "annotation_masks.zip", "w") as archive:
        packed = io.BytesIO()
        np.save(packed, np.array([[-1, 0, 1]], np.int8))
        archive.writestr("mask_5.npy", packed.getvalue())
    facts, *_ = [file.facts for file in [open_labels(tmp_path / "annotation_masks.zip", (9, 1, 3))]]
    ((z, pixels),) = open_labels(tmp_path / "annotation_masks.zip", (9, 1, 3))
    assert (facts.slices, facts.classes, z, pixels.tolist()) == ((4,), (), 4, [[0, 1, 2]])


def test_a_stack_that_fiji_wrote_is_read_through_its_single_header(tmp_path):
    tifffile.imwrite(tmp_path / "fiji.tif", blobs(), imagej=True, metadata={"axes": "ZYX"})
    file = open_labels(tmp_path / "fiji.tif", blobs().shape)
    assert (file.facts.placed, file.facts.shape) == (False, blobs().shape)
    np.testing.assert_array_equal(np.stack([pixels for _, pixels in file]), blobs())


# ---- files from strangers ----


def npz_of_objects(path: Path) -> Path:
    np.savez(path, labels=np.array([{"run": "me"}], object), allow_pickle=True)
    return path


def zip_with(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def header_only(shape: tuple[int, ...], dtype: type = np.uint8) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape})
    return stream.getvalue()


HOSTILE = {
    "pickled": (lambda d: npz_of_objects(d / "a.npz"), "Python objects"),
    "climbs": (lambda d: zip_with(d / "a.zip", **{"../../mask_1.npy": b""}), "leads out"),
    "absolute": (lambda d: zip_with(d / "a.zip", **{"/etc/mask_1.npy": b""}), "leads out"),
    "no zip": (lambda d: text(d / "a.zip", "PK but no"), "no zip file"),
    "empty zip": (lambda d: zip_with(d / "a.zip"), "no Zarr"),
    "cut off": (lambda d: zip_with(d / "a.npz", **{"labels.npy": header_only((3, 8, 8))}), "ends too soon"),
    "floats": (lambda d: zip_with(d / "a.npz", **{"labels.npy": header_only((3, 8, 8), np.float32)}), "whole numbers"),
    "long header": (lambda d: zip_with(d / "a.npz", **{"labels.npy": long_header()}), "header"),
    "no tiff": (lambda d: text(d / "a.tif", "II*\0 and nothing"), "cannot be read"),
    "no nifti": (lambda d: text(d / "a.nii", "n" * 500), "cannot be read"),
    "no nrrd": (lambda d: text(d / "a.nrrd", "NRRD0005\nsizes: 1 a\n\n"), "cannot be read"),
    "elsewhere": (
        lambda d: text(
            d / "a.nrrd",
            "NRRD0005\ntype: uint8\ndimension: 2\nsizes: 1 1\nencoding: raw\ndata file: /etc/passwd\n\n",
        ),
        "another file",
    ),
    "no json": (lambda d: text(d / "a.json", "{" * 9), "not JSON"),
    "deep json": (lambda d: text(d / "a.json", "[" * 100_000), "not JSON"),
    "other json": (lambda d: text(d / "a.json", '{"a": 1}'), "cannot be read"),
    "huge picture": (lambda d: text(d / "a.json", json.dumps({"info": {}, "images": [
        {"id": 1, "width": 10**9, "height": 10**9}], "categories": [], "annotations": []})), "one size"),
    "unknown": (lambda d: text(d / "a.exe", "MZ"), "no known format"),
}  # fmt: skip


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def long_header() -> bytes:
    words = b"{'descr': '|u1', 'fortran_order': False, 'shape': (" + b"1, " * 20_000 + b")}\n"
    return b"\x93NUMPY\x02\x00" + len(words).to_bytes(4, "little") + words


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_is_not_what_it_says_is_refused_in_one_sentence(case, tmp_path):
    make, words = HOSTILE[case]
    path = make(tmp_path)
    with pytest.raises(LabelFileError, match=words) as refusal:
        list(open_labels(path, (3, 8, 8)))
    assert "\n" not in str(refusal.value)


def test_a_bomb_in_a_tiff_is_not_decoded_beyond_its_slice(tmp_path):
    """A strip of 8 x 8 pixels whose 200 MB unpack to nothing but zeros."""
    import tracemalloc
    import zlib

    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.uint8), compression="zlib")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as tif:
        page = tif.pages.first
        bomb = zlib.compress(bytes(200 << 20), 9)
        tif.filehandle.seek(0, 2)
        at = tif.filehandle.tell()
        tif.filehandle.write(bomb)
        page.tags["StripOffsets"].overwrite(at)
        page.tags["StripByteCounts"].overwrite(len(bomb))
    tracemalloc.start()
    with pytest.raises(LabelFileError):
        list(open_labels(tmp_path / "a.tif", (1, 8, 8)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20
