"""The look at the infrastructure, on real servers: what is up says so, what is down says how to mend it."""

import shutil
import threading
from collections import namedtuple

import pytest

from core.infrastructure import Part
from tests.mlflow_template import fresh_settings
from utils import checkup
from utils.checkup import Checkup, database, disk, mlflow, nvidia_gpus, tiled
from utils.images.tiled_http import TiledAccess
from utils.labels.label_tables import open_engine
from utils.registry.mlflow_store import MlflowStore

NOBODY = "http://127.0.0.1:9/"


def look(tmp_path, **checks) -> dict[str, Part]:
    parts = Checkup(list(checks.items()), tmp_path, gpus=lambda: []).parts()
    return {part.name: part for part in parts}


def test_what_answers_is_up_and_says_how_soon(tiled_server, tmp_path):
    store = MlflowStore.from_settings(fresh_settings(tmp_path / "state"))
    found = look(
        tmp_path,
        images=tiled(TiledAccess(tiled_server.uri, tiled_server.key, "DATA_TILED")),
        labels=database(open_engine(f"sqlite:///{tmp_path / 'labels.db'}")),
        models=mlflow(store),
    )
    assert [part.state for part in found.values()] == ["up"] * 4
    assert all(found[name].latency_ms > 0 for name in ("images", "labels", "models"))
    assert found["labels"].told == "SQLite"


def test_what_is_down_names_the_setting_to_look_at(tiled_server, tmp_path):
    (tmp_path / "labels.db").mkdir()
    found = look(
        tmp_path,
        gone=tiled(TiledAccess(NOBODY, "", "DATA_TILED", starter="./tiled_serve_dir.sh")),
        refused=tiled(TiledAccess(tiled_server.uri, "wrong", "SEG_TILED")),
        labels=database(open_engine(f"sqlite:///{tmp_path / 'labels.db'}")),
        models=mlflow(MlflowStore(NOBODY, folder=tmp_path)),
    )
    assert [part.state for part in found.values()] == ["down"] * 4 + ["up"]
    assert "DATA_TILED_URI" in found["gone"].hint
    assert "./tiled_serve_dir.sh" in found["gone"].hint
    assert "SEG_TILED_API_KEY" in found["refused"].hint
    assert "LABELS_DB_URI" in found["labels"].hint
    assert "MLFLOW_TRACKING_URI" in found["models"].hint


def test_one_that_never_answers_keeps_nobody_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(checkup, "PATIENCE_S", 0.2)
    released = threading.Event()
    found = look(tmp_path, stuck=lambda: str(released.wait()), quick=lambda: "here")
    released.set()
    assert (found["stuck"].state, found["stuck"].told) == ("down", "No answer in 0.2 s.")
    assert found["quick"].state == "up"


def test_many_pages_ask_once(tmp_path):
    asked = []
    look_again = Checkup([("counted", lambda: asked.append(1) or "")], tmp_path, gpus=lambda: [])
    assert look_again.parts() == look_again.parts()
    assert len(asked) == 1


def test_a_disk_that_is_nearly_full_is_down(tmp_path, monkeypatch):
    assert disk(tmp_path / "not" / "yet").state == "up"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "total free")(250e9, 1e9))
    full = disk(tmp_path)
    assert (full.state, full.told) == ("down", "1 of 250 GB free")
    assert "STATE_DIR" in full.hint


@pytest.mark.parametrize(
    ("script", "states"),
    [
        ("echo 'NVIDIA H100, 20480, 81559, 45'; echo 'Old, [N/A], [N/A], [N/A]'", ["up", "up"]),
        ("exit 9", ["down"]),
        (None, ["absent"]),
    ],
)
def test_gpus_are_those_that_nvidia_smi_tells_of(tmp_path, monkeypatch, script, states):
    if script:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = nvidia_gpus()
    assert [part.state for part in found] == states
    if states == ["up", "up"]:
        assert [part.told for part in found] == ["NVIDIA H100, 21.5 of 85.5 GB, load 45 %", "Old"]
