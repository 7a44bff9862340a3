"""An import under way: how far it says it is, and what is left of one that was stopped."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import BusyError, InvalidInputError
from core.labels.exchange import open_labels
from core.labels.exchange.facts import FileClass, LabelFile
from core.labels.exchange.importing import Target
from core.labels.exchange.running import STOPPED, ImportRun, Imports, Stopped
from core.labels.store import Rewrite
from tests.core.labels.test_importing import CLASSES, SHAPE, TARGET, VOLUME, a_file, pixels, store, stripes
from utils.labels import label_tables
from utils.labels.label_db import SqlLabelStore

__all__ = ["store"]


def brings_a_class(folder: Path) -> Path:
    return a_file(folder, stripes(1, 2), FileClass(1, "pore", ""), FileClass(2, "crack", ""))


def a_run(path: Path, at_slice: Callable[[int], None] = lambda _: None) -> ImportRun:
    """A run that tells `at_slice` how many slices were read before each one."""

    def watched() -> LabelFile:
        file = open_labels(path, SHAPE)

        def read():
            for count, slice_ in enumerate(file.read()):
                at_slice(count)
                yield slice_

        return replace(file, read=read)

    return ImportRun(VOLUME, path.name, "0" * 32, watched)


def test_a_run_looks_through_its_file_then_writes_it_and_tells_how_far_it_is(tmp_path, store):
    seen = []
    run = a_run(brings_a_class(tmp_path), lambda _: seen.append((run.progress.stage, run.progress.done)))
    run.read(TARGET)
    assert (run.progress.stage, run.progress.report.pixels) == ("ready", 21000)
    run.claim()
    run.write(store, "over", user="anna")
    assert (run.progress.stage, run.progress.changed) == ("done", 3)
    assert seen == [(stage, done) for stage in ("reading", "writing") for done in range(3)]


def test_within_a_large_slice_fractions_are_told(tmp_path, store):
    tall = (1, 1200, 30)
    path = a_file(tmp_path, stripes(1)[:1, :1, :1].repeat(1200, 1).repeat(30, 2), FileClass(1, "pore", ""))
    told = []
    run = ImportRun(VOLUME, path.name, "0" * 32, lambda: open_labels(path, tall))
    run.read(Target(tall, CLASSES))
    run._told = told.append
    run.claim()
    run.write(store, "over", user="anna")
    assert told == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_a_run_stopped_while_it_writes_leaves_neither_pixels_nor_classes_and_can_be_written_again(tmp_path, store):
    path, before = brings_a_class(tmp_path), (store.revision(VOLUME), store.classes(VOLUME))
    reads = iter(range(9))
    run = a_run(path, lambda _: run.stop() if next(reads) == SHAPE[0] + 1 else None)  # the second that is written
    run.read(TARGET)
    run.claim()
    run.write(store, "over", user="anna")
    assert (run.progress.stage, run.progress.said) == ("ready", STOPPED)
    assert (store.revision(VOLUME), store.classes(VOLUME)) == before
    run.claim()
    run.write(store, "over", user="anna")
    assert (pixels(store) > 0).sum() == 21000


def test_a_run_stopped_while_it_reads_ends(tmp_path):
    run = a_run(brings_a_class(tmp_path), lambda count: run.stop() if count == 1 else None)
    with pytest.raises(Stopped):
        run.read(TARGET)


def test_what_stands_in_the_way_is_said_and_nothing_can_be_written(tmp_path, store):
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"no picture")
    run = a_run(broken)
    run.read(TARGET)
    assert run.progress.stage == "failed"
    assert "cannot be read" in run.progress.said
    with pytest.raises(InvalidInputError, match="cannot be imported now"):
        run.claim()


def test_a_class_that_went_meanwhile_is_said_and_the_report_stays(tmp_path, store):
    run = a_run(a_file(tmp_path, stripes(1, 2), FileClass(1, "pore", ""), FileClass(2, "bead", "")))
    run.read(TARGET)
    store.delete_class(VOLUME, 2, edit_id="1" * 32, user="bob")
    run.claim()
    run.write(store, "over", user="anna")
    assert (run.progress.stage, run.progress.said) == ("ready", "The class 'bead' is not there (any more).")
    assert not pixels(store).any()


def test_a_new_run_stops_the_one_before_but_not_while_it_writes(tmp_path):
    imports, first, second = Imports(), a_run(brings_a_class(tmp_path)), a_run(tmp_path)
    imports.begin("anna", first)
    assert imports.begin("anna", second) is first
    with pytest.raises(Stopped):
        first.read(TARGET)
    third = a_run(brings_a_class(tmp_path))
    imports.begin("anna", third)
    third.read(TARGET)
    assert imports.claim("anna", VOLUME) is third
    with pytest.raises(InvalidInputError, match="is being imported"):
        imports.begin("anna", second)
    assert imports.drop("anna", VOLUME) is imports.of("anna", VOLUME) is third


def test_a_run_waits_for_its_turn_while_somebody_else_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(label_tables, "BUSY_S", 0.02)
    stores = [SqlLabelStore(f"sqlite:///{tmp_path / 'held.db'}") for _ in range(2)]
    stores[0].set_classes(VOLUME, CLASSES, user="somebody")
    path, refused, over = brings_a_class(tmp_path), threading.Event(), threading.Event()
    opened = iter(range(9))

    def open_again() -> LabelFile:
        if next(opened) == 2:  # it was looked through, then it was to be written
            refused.set()
            over.wait(60)
        return open_labels(path, SHAPE)

    run = ImportRun(VOLUME, path.name, "0" * 32, open_again)
    run.read(TARGET)
    run.claim()
    writer = threading.Thread(target=run.write, args=(stores[0], "over"), kwargs={"user": "anna"})

    def tiles():
        writer.start()
        assert refused.wait(60)
        yield (0, 0, 0), np.zeros_like

    stores[1].rewrite(Rewrite("8" * 32, VOLUME, "import", tiles(), "somebody else"))
    over.set()
    writer.join()
    assert (run.progress.stage, run.progress.changed) == ("done", 3)
    for each in stores:
        each.close()


def test_a_run_that_waits_for_its_turn_can_be_stopped(tmp_path, store):
    def busy(*_):
        run.stop()
        raise BusyError("Somebody else is writing many labels.")

    run = a_run(brings_a_class(tmp_path), lambda _: busy() if run.progress.stage == "writing" else None)
    run.read(TARGET)
    run.claim()
    run.write(store, "over", user="anna")
    assert (run.progress.stage, run.progress.said) == ("ready", STOPPED)
