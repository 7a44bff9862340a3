"""The command line of active learning: labels a folder by simulation, goes on after a kill, leaves originals alone."""

import csv
import hashlib
import io
import json
import uuid
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from core.learning.curation.store import Decision
from core.learning.curation.table import Item
from core.learning.segmenter import Progress
from scripts import active_label
from scripts.active_learning import by_swipe, learner
from scripts.active_learning.labellers import ByName
from scripts.active_learning.reports import COLUMNS
from scripts.active_learning.settings import PipelineSettings, read_model
from scripts.command_line import draw_bar
from scripts.pretrain import main as pretrain
from utils.curation.curation_db import SqlCurationStore

COUNT = 60


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Sixty small images, a third of them with stripes, in folders whose file names repeat."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for number in range(COUNT):
        pixels = rng.normal(120, 20, (48, 48))
        kind = "stripe" if number % 3 == 0 else "plain"
        if kind == "stripe":
            pixels[:, ::6] += 60
        folder = root / kind
        folder.mkdir(exist_ok=True)
        mode = pixels.clip(0, 255).astype(np.uint8)
        image = Image.fromarray(np.stack([mode] * 3, -1) if number % 2 else mode)
        image.save(folder / f"{len(list(folder.iterdir()))}.png")
    return root


def hashes(root: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


def configured(tmp_path: Path, data: Path, **changes) -> list[str]:
    """The command's arguments, with a file in the sections of the original."""
    options = {
        "data_path": str(data),
        "runtime_path": str(tmp_path / "runtime"),
        "model": {"image_size": 48},
        "seed_dataset": {"ref_img_path": str(data / "stripe" / "0.png")},
        "ActiveLabeler": {"sampling_strategy": "guassian", "sample_size": 6},
        "test": {"metrics": 1, "pos_class": "stripe", "simulate_label": True},
        "steps": "lll",
        **changes,
    }
    (tmp_path / "pipeline.yaml").write_text(yaml.safe_dump(options))
    (tmp_path / "model.yaml").write_text(
        yaml.safe_dump({"training": {"epochs": 40}, "classifier": {"c_hidden_dim": 16}})
    )
    return ["--config", str(tmp_path / "pipeline.yaml"), "--model-config", str(tmp_path / "model.yaml")]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_simulated_session_finds_the_class_and_leaves_the_originals_as_they_were(tmp_path, data, capsys):
    before = hashes(data)
    assert active_label.main(configured(tmp_path, data)) == 0
    facts = json.loads(capsys.readouterr().out)
    runtime = tmp_path / "runtime"
    assert hashes(data) == before
    metrics = table(runtime / "metrics.csv")
    assert tuple(metrics[0]) == COLUMNS and [row["step"] for row in metrics] == ["1", "2", "3"]
    assert metrics[-1]["model_type"] == "l" and float(metrics[-1]["pos_class_confidence_median"]) > 0.5
    probabilities = table(runtime / "probabilities.csv")
    assert list(probabilities[0]) == ["filepath", "step 1", "step 2", "step 3"] and len(probabilities) == COUNT
    manifest = table(runtime / "final_dataset" / "manifest.csv")
    right = sum((row["label"] == "positive") == ("stripe" in Path(row["filepath"]).parts) for row in manifest)
    assert len(manifest) == COUNT and right >= 57
    copies = list((runtime / "final_dataset" / "positive").rglob("*.png"))
    assert len(copies) == facts["final"]["positive"] == sum(row["label"] == "positive" for row in manifest)
    assert (runtime / "model" / "weights.safetensors").exists()


def test_a_killed_session_goes_on_and_ends_as_if_nothing_had_happened(tmp_path, data, monkeypatch):
    (tmp_path / "whole").mkdir(), (tmp_path / "cut").mkdir()
    assert active_label.main(configured(tmp_path / "whole", data, final_dataset_as="manifest")) == 0
    asked = []

    def dies(self, items):
        asked.append(len(items))
        if len(asked) in (2, 4):
            raise KeyboardInterrupt
        return {item.id: int("stripe" in item.id) for item in items}

    monkeypatch.setattr(ByName, "ask", dies)
    arguments = configured(tmp_path / "cut", data, final_dataset_as="manifest")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            active_label.main(arguments)
    assert active_label.main(arguments) == 0
    for name in ("table.csv", "probabilities.csv", "final_dataset/manifest.csv"):
        assert (tmp_path / "cut/runtime" / name).read_text() == (tmp_path / "whole/runtime" / name).read_text()
    assert not (tmp_path / "cut/runtime/final_dataset/positive").exists()
    assert active_label.main(configured(tmp_path / "cut", data, seed=7)) == 2  # other settings, the same folder


def test_an_encoder_is_tuned_and_neighbours_of_the_chosen_are_asked_about_too(tmp_path, data, capsys):
    small = {"depth": 3, "base_channels": 8, "steps": 20, "batch_size": 4, "patch_px": 32, "slices": 4}
    stack = tmp_path / "stack.tif"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 96), np.uint8)).save(stack)
    params = [part for key, value in small.items() for part in ("--param", f"{key}={value}")]
    assert pretrain([str(stack), "--algorithm", "SimCLR", "--out", str(tmp_path / "encoder"), *params]) == 0
    capsys.readouterr()
    arguments = configured(
        tmp_path,
        data,
        model={"image_size": 48, "model_path": str(tmp_path / "encoder")},
        ActiveLabeler={"sampling_strategy": "uncertainty", "sample_size": 3, "sampling_nn": 1, "n_closest": 2},
        steps="lf",
        final_dataset_as="manifest",
    )
    assert active_label.main(arguments) == 0
    facts = json.loads((tmp_path / "runtime/model/model.json").read_text())
    assert facts["kind"] == "Tuned"
    rows = table(tmp_path / "runtime/metrics.csv")
    assert [row["model_type"] for row in rows] == ["l", "f"]
    assert 3 < int(rows[1]["labeled_pos"]) + int(rows[1]["labeled_neg"]) <= 9


def test_a_seed_folder_gives_its_labels_and_no_reference_is_needed(tmp_path, data, capsys):
    for label, kind in (("positive", "stripe"), ("negative", "plain")):
        folder = tmp_path / "seeds" / label
        folder.mkdir(parents=True)
        for number in range(5):
            Image.open(data / kind / f"{number}.png").save(folder / f"seed_{number}.png")
    arguments = configured(
        tmp_path, data, seed_dataset={"seed_nn": 0, "seed_data_path": str(tmp_path / "seeds")}, steps="l"
    )
    assert active_label.main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["labelled"] == 10


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sampling_stratgy": "random"}, "sampling_stratgy"),
        ({"ActiveLabeler": {"sampling_strategy": "best"}}, "'best'"),
        ({"seed_dataset": {"ref_img_path": "nowhere.png"}}, "nowhere.png"),
        ({"data_path": "nowhere"}, "nowhere"),
        ({"steps": "lx"}, "lx"),
        ({"steps": "f"}, "encoder"),
        ({"seed": "many"}, "many"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said_in_a_sentence(tmp_path, data, capsys, changes, told):
    assert active_label.main(configured(tmp_path, data, **changes)) == 2
    error = capsys.readouterr().err.splitlines()
    assert told in error[-1] and "Traceback" not in "".join(error)


def test_the_model_settings_reach_the_training(tmp_path):
    path = tmp_path / "model.yaml"
    path.write_text(
        "classifier:\n  c_scheduler_type: step\n  c_decay_epochs: [2, 3]\n  c_weight_decay: 0.01\nepochs: 5\n"
    )

    training = learner.Learner(None, PipelineSettings("a", "b"), read_model(path), print).training
    assert (training.scheduler, training.decay_epochs, training.weight_decay, training.epochs) == (
        "step",
        (2, 3),
        0.01,
        5,
    )


def test_people_on_the_swipe_page_answer_and_nobody_is_asked_again_after_a_stop(tmp_path, monkeypatch):
    store = SqlCurationStore(f"sqlite:///{tmp_path / 'labels.db'}")
    items = [Item(f"a/{number}.png") for number in range(4)]
    told, verdicts = [], iter(("accept", "reject", "unsure", "accept"))

    def somebody_answers(_seconds: float) -> None:
        table = store.tables()[0].id
        lease = store.lease(table, table, owner="window", user="ann", count=1)
        decision = Decision(uuid.uuid4().hex, lease.items[0].number, next(verdicts), "ann", "window")
        store.decide(table, table, decision)

    monkeypatch.setattr(by_swipe.time, "sleep", somebody_answers)
    labeller = by_swipe.BySwipe(store, "cells: WBC", "WBC", "scans/cells", 10, told.append)
    answers = labeller.ask(items)
    assert sorted(map(str, answers.values())) == ["0", "1", "1", "None"]
    assert labeller.ask(items) == answers  # asked again after a stop: all is known, nobody is waited for
    assert store.rows(store.tables()[0].id)[0].item.volume == "scans/cells/a/0"
    assert "/swipe/" in told[0]
    store.close()


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(monkeypatch):
    for is_terminal, wanted in ((True, "[" + "#" * 12 + "." * 12 + "]  50%  Half"), (False, " 50%  Half\n")):
        stream = io.StringIO()
        stream.isatty = lambda told=is_terminal: told
        monkeypatch.setattr("sys.stderr", stream)
        draw_bar(Progress(0.5, "Half"))
        assert stream.getvalue().endswith(wanted)
