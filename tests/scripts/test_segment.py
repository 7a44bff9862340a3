"""`python -m scripts.segment`: the same code as the jobs, from files or Tiled to a file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from scripts.algorithms import NETWORKS
from scripts.segment import EXIT_USER, main

ROOT = Path(__file__).resolve().parents[2]
SHAPE = (5, 96, 130)
QUICK = ("--algorithm", "Pixel classifier", "--param", "n_estimators=10")


def truth() -> np.ndarray:
    """Squares of class 3 on class 0, which is a class like any other."""
    z, y, x = np.indices(SHAPE)
    return np.where(((y // 24 + x // 26 + z) % 2).astype(bool), 3, 0).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """images.tif, masks.tif (uint8, 255), signed.tif (int8, -1), and folders of files with the same content."""
    folder = tmp_path_factory.mktemp("segment")
    rng = np.random.default_rng(0)
    images = (100 * truth() + rng.integers(0, 60, SHAPE)).astype(np.uint16)
    masks = np.full(SHAPE, 255, np.uint8)
    masks[1, ::6], masks[2, :, ::7] = truth()[1, ::6], truth()[2, :, ::7]
    tifffile.imwrite(folder / "images.tif", images)
    tifffile.imwrite(folder / "masks.tif", masks)
    tifffile.imwrite(folder / "signed.tif", masks.view(np.int8))
    for name, stack in (("images", images), ("masks", masks)):
        (folder / name).mkdir()
        for z, page in enumerate(stack):
            tifffile.imwrite(folder / name / f"slice_{z + 8}.tif", page)  # 8, 9, 10: as numbers, not as letters
    return folder


def run(folder: Path, images: str, masks: str, out: Path, *extra: str) -> int:
    return main([_at(folder, images), _at(folder, masks), "--out", str(out), *(extra or QUICK)])


def _at(folder: Path, name: str) -> str:
    return name if name.startswith("http") else str(folder / name)


def test_the_command_writes_the_stack_and_tells_what_it_took(folder, tmp_path):
    out = tmp_path / "out.tif"
    command = [sys.executable, "-m", "scripts.segment", str(folder / "images.tif"), str(folder / "masks.tif")]
    outcome = subprocess.run(
        [*command, *QUICK, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = json.loads(outcome.stdout.splitlines()[-1])
    segmented = tifffile.imread(out)
    assert (segmented.shape, segmented.dtype) == (SHAPE, np.uint8)
    assert (segmented == truth()).mean() > 0.95
    assert set(told["seconds"]) == {"features", "training", "inference"}
    masks = tifffile.imread(folder / "masks.tif")
    assert told["labelled_pixels"] == {"0": int((masks == 0).sum()), "3": int((masks == 3).sum())}
    assert 50 < told["peak_rss_mb"] < 4000
    assert [path.name for path in tmp_path.iterdir()] == ["out.tif"]


@pytest.mark.parametrize(("images", "masks"), [("images", "masks"), ("images.tif", "signed.tif")])
def test_folders_and_signed_masks_give_the_same(folder, tmp_path, images, masks):
    assert run(folder, "images.tif", "masks.tif", tmp_path / "a.tif") == 0
    assert run(folder, images, masks, tmp_path / "b.tif") == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), tifffile.imread(tmp_path / "b.tif"))


def test_tiled_uris_give_the_same(folder, tmp_path, serve_tiled, monkeypatch):
    server = serve_tiled(folder, "images", "masks")
    monkeypatch.setenv("DATA_TILED_API_KEY", server.key)
    monkeypatch.setenv("MASK_TILED_API_KEY", server.key)
    root = f"{server.uri}api/v1/metadata/"
    assert run(folder, "images.tif", "masks.tif", tmp_path / "a.tif") == 0
    assert run(folder, f"{root}images", f"{root}masks", tmp_path / "b.tif") == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), tifffile.imread(tmp_path / "b.tif"))


@pytest.fixture
def one_thread():
    """Tiny networks gain nothing from a second, and on a busy machine threads wait for each other."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("name", "quick"),
    [
        ("U-Net", "base_channels=8 context=1"),
        ("ConvNeXt U-Net", "base_channels=8 depth=3"),
        ("MSDNet", "num_layers=3"),
        ("TUNet", "base_channels=8 depth=3"),
        ("TUNet3+", "base_channels=8 depth=3 carryover_channels=4"),
        ("SMSNet ensemble", "num_networks=2 layers=3 hidden_channels=2"),
        ("3-D U-Net", "depth=2 context=1"),
    ],
)
def test_each_network_does_it_too(folder, tmp_path, one_thread, name, quick):
    chosen = f"steps=20 patch_px=128 batch_size=1 {quick}".split()
    extra = [word for each in chosen for word in ("--param", each)]
    outcome = run(folder, "images.tif", "masks.tif", tmp_path / "out.tif", "--algorithm", name, "--device=cpu", *extra)
    assert outcome == 0
    assert set(np.unique(tifffile.imread(tmp_path / "out.tif"))) <= {0, 3}


def test_every_network_is_run():
    (cases,) = [mark.args[1] for mark in test_each_network_does_it_too.pytestmark if mark.name == "parametrize"]
    assert tuple(name for name, _ in cases) == NETWORKS


def test_what_is_wrong_is_said_in_one_sentence_with_exit_code_2(folder, tmp_path, capsys):
    tifffile.imwrite(tmp_path / "empty.tif", np.full(SHAPE, 255, np.uint8))
    tifffile.imwrite(tmp_path / "one.tif", np.where(truth() == 3, 3, 255).astype(np.uint8))
    tifffile.imwrite(tmp_path / "small.tif", np.zeros((5, 96, 96), np.uint8))
    tifffile.imwrite(tmp_path / "float.tif", np.zeros(SHAPE, np.float32))
    tifffile.imwrite(tmp_path / "large.tif", np.full(SHAPE, 300, np.uint16))
    (tmp_path / "none").mkdir()
    out, good = tmp_path / "out.tif", ("images.tif", "masks.tif")
    cases = [
        (("images.tif", str(tmp_path / "empty.tif")), QUICK, "No pixel of the masks is labelled"),
        (("images.tif", str(tmp_path / "one.tif")), QUICK, "Only the class 3 is labelled"),
        (("images.tif", str(tmp_path / "small.tif")), QUICK, "5 slices of 96 x 96, the images 5 slices of 130 x 96"),
        (("images.tif", str(tmp_path / "float.tif")), QUICK, "float32 values"),
        (("images.tif", str(tmp_path / "large.tif")), QUICK, "the value 300"),
        (("nowhere.tif", "masks.tif"), QUICK, "does not exist"),
        ((str(tmp_path / "none"), "masks.tif"), QUICK, "no TIFF file"),
        (good, ("--algorithm", "Magic"), 'There is no algorithm "Magic"'),
        (good, (*QUICK, "--param", "trees=5"), '"trees" is no parameter'),
        (good, (*QUICK, "--param", "num_leaves=many"), "must be a number"),
        (good, (*QUICK, "--param", "num_leaves"), "is no parameter"),
        (good, ("--algorithm", "U-Net", "--device", "cuda"), "no GPU"),
        (("http://127.0.0.1:9/", "masks.tif"), QUICK, "does not answer"),
    ]
    for (images, masks), extra, sentence in cases:
        assert run(folder, images, masks, out, *extra) == EXIT_USER, sentence
        error = capsys.readouterr().err
        assert sentence in error
        assert "Traceback" not in error
        assert not out.exists()


def test_a_target_that_cannot_be_written_is_refused_before_the_work(folder, tmp_path, capsys):
    assert run(folder, "images.tif", "masks.tif", tmp_path / "no" / "out.tif") == EXIT_USER
    assert "cannot be written" in capsys.readouterr().err
