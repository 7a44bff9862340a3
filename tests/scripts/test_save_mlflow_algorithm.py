"""The command that registers algorithms, run as people run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.learning.algorithm_file import read_algorithms
from scripts.save_mlflow_algorithm import main
from tests.mlflow_template import fresh_settings

ROOT = Path(__file__).resolve().parents[2]
ENTRY = {
    "model_name": "Net",
    "version": "1",
    "type": "segmentation",
    "description": "a net",
    "gui_parameters": [],
    "python_file_name": "run.py",
}


@pytest.fixture
def state(tmp_path, monkeypatch):
    settings = fresh_settings(tmp_path / "state")
    monkeypatch.setenv("STATE_DIR", str(settings.state_dir))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.mlflow_uri)
    return settings.state_dir


@pytest.fixture
def write(tmp_path):
    def write_file(**keys) -> str:
        path = tmp_path / "algorithms.json"
        path.write_text(json.dumps({"contents": [{**ENTRY, **keys}]}, indent=1))
        return str(path)

    return write_file


def test_the_commands_of_the_readme_register_our_algorithms(state):
    environment = {**os.environ, "ALGORITHM_JSON_PATH": "../assets/models.json"}
    command = [sys.executable, "save_mlflow_algorithm.py"]
    outcome = subprocess.run(command, cwd=ROOT / "scripts", env=environment, capture_output=True, text=True, check=True)
    said = outcome.stdout.splitlines()
    names = [each.model_name for each in read_algorithms((ROOT / "assets" / "models.json").read_text())]
    assert [line.rpartition(" 0.")[0] for line in said] == names
    assert all(line.endswith(": registered") for line in said)
    command = [sys.executable, "-m", "scripts.save_mlflow_algorithm"]
    outcome = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert outcome.stdout.count("already registered") == len(names)


def test_changed_content_needs_a_version_or_overwrite(state, write, capsys):
    assert main([write()]) == 0
    assert main([write(description="other")]) == 0
    assert "use --overwrite" in capsys.readouterr().out
    assert main([write(description="other"), "--overwrite"]) == 0
    assert "registered again" in capsys.readouterr().out
    assert main(["--list"]) == 0
    assert capsys.readouterr().out == "Net 1: other\n"


def test_a_list_of_nothing_says_so(state, capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out == "No algorithm is registered.\n"


def test_the_store_outside_wins(tmp_path, state, write, capsys, monkeypatch):
    outside = fresh_settings(tmp_path / "outside")
    monkeypatch.setenv("MLFLOW_TRACKING_URI_OUTSIDE", outside.mlflow_uri)
    assert main([write()]) == 0
    monkeypatch.delenv("MLFLOW_TRACKING_URI_OUTSIDE")
    capsys.readouterr()
    assert main(["--list"]) == 0
    assert "Net" not in capsys.readouterr().out


def test_a_bad_file_is_named_with_key_and_line_and_exit_code_two(state, write, capsys):
    assert main([write(version=1)]) == 2
    said = capsys.readouterr().err
    assert 'algorithms.json, line 5, key "version": 1 is not text.' in said
    assert "Traceback" not in said


def test_a_missing_file_is_one_sentence(state, tmp_path, capsys):
    assert main([str(tmp_path / "nothing.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_store_that_is_gone_is_one_sentence(state, write, capsys, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert main([write()]) == 2
    assert "does not answer" in capsys.readouterr().err
