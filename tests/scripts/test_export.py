"""Labels out and in by the commands people type, and as the job that the page starts."""

import re

import numpy as np

from core.labels.classes import LabelClass
from core.labels.exchange import open_labels
from core.labels.slices import read_slice
from core.labels.store import Rewrite
from core.learning.jobs import JobKind, JobState
from scripts import export, import_labels
from tests.image_files import STACK
from tests.scripts.conftest import CLASSES, VOLUME
from utils.exchange_files import DiskExchange
from utils.labels.label_db import SqlLabelStore

SLICES = (1, 4)


def painted(workplace) -> dict[int, np.ndarray]:
    """Two classes on two slices, in the store; returns what is there."""
    store = SqlLabelStore(workplace.settings.labels_uri)
    store.set_classes(VOLUME, CLASSES, user="anna")
    tile = np.zeros((512, 512), np.uint8)
    tile[3:30, 4:50], tile[10:20, 10:20] = 3, 5
    store.rewrite(Rewrite("1" * 32, VOLUME, "import", [((z, 0, 0), lambda _: tile) for z in SLICES], "anna"))
    found = {z: read_slice(store, VOLUME, z, STACK.shape[1:]) for z in SLICES}
    store.close()
    return found


def test_an_export_job_writes_a_file_that_holds_the_labels(workplace):
    expected = painted(workplace)
    request = workplace.request(
        JobKind.EXPORT, name="Labels", parameters={"format": "ome-zarr", "source": ""}, slices=SLICES, classes=CLASSES
    )
    job = workplace.jobs.submit(request)
    assert workplace.ends(job).state is JobState.DONE, workplace.jobs.log(job)
    path = DiskExchange.from_settings(workplace.settings).exported(job)
    assert path.name == "scan_labels.zarr.zip"
    found = dict(open_labels(path, STACK.shape))
    assert sorted(found) == list(SLICES)
    for z, labels in expected.items():
        np.testing.assert_array_equal(found[z], labels)


def test_the_command_lines_bring_labels_back_and_report_first(workplace, tmp_path, monkeypatch, capsys):
    expected = painted(workplace)
    for module in (export, import_labels):
        monkeypatch.setattr(module, "read_settings", lambda: workplace.settings)
    assert export.main([VOLUME, "--format", "nrrd", "--out", str(tmp_path)]) == 0
    path = capsys.readouterr().out.strip()
    store = SqlLabelStore(workplace.settings.labels_uri)
    store.rewrite(Rewrite("2" * 32, VOLUME, "import", [((z, 0, 0), np.zeros_like) for z in SLICES], "anna"))
    store.set_classes(VOLUME, [CLASSES[0]], user="anna")
    assert import_labels.main([VOLUME, path]) == 2
    assert "The volume has no class Bright" in capsys.readouterr().err
    assert import_labels.main([VOLUME, path, "--add-classes"]) == 0
    assert re.search(r"Bright: 200 pixels of value 5 -> a new class", capsys.readouterr().out)
    bright = next(each for each in store.classes(VOLUME) if each.name == "Bright")
    assert bright == LabelClass(bright.id, "Bright", "#56B4E9")
    for z, labels in expected.items():
        now = read_slice(store, VOLUME, z, STACK.shape[1:])
        np.testing.assert_array_equal(np.where(now == bright.id, 5, now), labels)
    store.close()
