"""Algorithms of other people: registered, trained and segmenting through real jobs, in a Python and in an image."""

import json
import os
import stat
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.learning.algorithm_file import read_algorithms
from core.learning.jobs import JobKind, JobState
from core.learning.outside import chosen_engine, in_container
from scripts.local_stack import wait_until
from scripts.save_mlflow_algorithm import main as register
from tests.scripts.conftest import VOLUME, painted_rows, truth
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledResults
from utils.jobs.job_folders import JobFolders
from utils.jobs.jobs_local import LocalJobs
from utils.registry.mlflow_registry import MlflowRegistry
from utils.settings import ROOT

EXAMPLE = ROOT / "scripts" / "own_algorithm"
ENTRY = json.loads((EXAMPLE / "algorithm.json").read_text())["contents"][0]

# Plays docker: says what it was asked, then does inside "the container" what the real one would.
FAKE_DOCKER = """#!{python}
import json, subprocess, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(words) + "\\n")
if words[0] != "run":
    sys.exit(0)
if "missing/image:1" in words:
    print("pull access denied for missing/image", flush=True)
    sys.exit(125)
mounts = dict(reversed(words[i + 1].split(":")) for i, word in enumerate(words) if word == "-v")
command = words[-1]
for inside, outside in mounts.items():
    command = command.replace(inside, outside)
parameters = command.split()[-1]
told = json.loads(open(parameters).read())
told["io_parameters"]["models_dir"] = mounts[told["io_parameters"]["models_dir"]]
changed = parameters + ".inside"
open(changed, "w").write(json.dumps(told))
command = command.replace(parameters, changed).replace("python ", sys.executable + " ", 1)
sys.exit(subprocess.run(["/bin/sh", "-c", command]).returncode)
"""

# The example, which stops and waits once its second slice is done.
PATIENT = """
import sys, time
from pathlib import Path
sys.path.insert(0, {example!r})
import segment
tell = segment.tell
def patiently(**facts):
    if facts["slices_done"] != [0]:
        tell(**dict(facts, slices_done=[0, 1] if facts["slices_done"] == [1] else facts["slices_done"]))
    while facts["slices_done"] == [1] and not Path({go_on!r}).exists():
        time.sleep(0.02)
segment.tell = patiently
segment.main(sys.argv[1])
"""


@pytest.fixture(scope="module")
def described(workplace, tmp_path_factory):
    """Registers an algorithm as people do: a file and the command."""
    folder = tmp_path_factory.mktemp("own")

    def describe(**changes) -> str:
        entry = {**ENTRY, **changes}
        path = folder / "algorithm.json"
        path.write_text(json.dumps({"contents": [entry]}))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STATE_DIR", str(workplace.settings.state_dir))
            patch.setenv("MLFLOW_TRACKING_URI", workplace.settings.mlflow_uri)
            patch.delenv("MLFLOW_TRACKING_URI_OUTSIDE", raising=False)
            assert register([str(path)]) == 0
        return entry["model_name"]

    return describe


def results_of(workplace) -> TiledResults:
    settings = workplace.settings
    return TiledResults(TiledAccess(settings.seg_tiled_uri, settings.seg_tiled_api_key.get_secret_value(), "SEG_TILED"))


def train(workplace, name, jobs=None, meanwhile=lambda _: None):
    mask_uri = workplace.publish(painted_rows(), name="own")
    request = workplace.request(JobKind.TRAIN, algorithm=name, parameters={"smooth_px": 0}, mask_uri=mask_uri)
    place = workplace if jobs is None else replace(workplace, jobs=jobs)
    job_id = place.jobs.submit(request)
    meanwhile(job_id)
    return place.ends(job_id)


def assert_segmented(workplace, view) -> None:
    assert view.state is JobState.DONE, f"{view}\n{workplace.jobs.log(view.id)}"
    assert view.slices_done == (0, 1, 2, 4, 5)
    for z in view.slices_done:
        labels = results_of(workplace).read_slice(view.id, z)
        assert np.mean(labels == truth()[z]) > 0.9


def test_the_example_is_registered_trains_and_segments_slice_by_slice_through_real_jobs(workplace, described, tmp_path):
    program, go_on = tmp_path / "patient.py", tmp_path / "go on"
    program.write_text(PATIENT.format(example=str(EXAMPLE), go_on=str(go_on)))
    programs = {**ENTRY["python_file_name"], "inference": str(program)}
    name = described(interpreter=sys.executable, python_file_name=programs)

    def look(job_id):
        workplace.until(job_id, lambda view: view.slices_done == (0, 1))
        assert np.mean(results_of(workplace).read_slice(job_id, 1) == truth()[1]) > 0.9
        go_on.touch()

    trained = train(workplace, name, meanwhile=look)
    assert_segmented(workplace, trained)
    model = next(each for each in MlflowRegistry(workplace.store).models() if each.id == trained.id)
    assert (model.algorithm, model.volume, trained.model_id) == (name, VOLUME, trained.id)
    facts = {"algorithm": name, "model_id": trained.id, "parameters": {"smooth_px": 0}}
    request = workplace.request(JobKind.SEGMENT, slices=[3], **facts)
    segmented = workplace.ends(workplace.jobs.submit(request))
    assert (segmented.state, segmented.slices_done) == (JobState.DONE, (3,)), f"{segmented.error} {segmented.hint}"
    assert np.mean(results_of(workplace).read_slice(segmented.id, 3) == truth()[3]) > 0.9
    key = workplace.settings.data_tiled_api_key.get_secret_value()
    kept = [path.read_text() for path in (workplace.settings.state_dir / "jobs" / trained.id).iterdir()]
    assert not [text for text in kept if key in text], "keys go with the folder of the program"


@pytest.fixture
def docker(workplace, tmp_path, monkeypatch):
    """An engine of jobs whose PATH has a fake docker; with it, what docker was asked."""
    log, program = tmp_path / "asked.jsonl", tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(FAKE_DOCKER.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    changes = {"state_dir": tmp_path / "state", "mlflow_tracking_uri": workplace.settings.mlflow_uri}
    settings = workplace.settings.model_copy(update=changes)
    with closing(LocalJobs(settings, workplace.store)) as jobs:
        yield jobs, lambda: [json.loads(line) for line in log.read_text().splitlines()]
        wait_until(lambda: not JobFolders(settings.state_dir / "jobs").open_jobs(), "the end of all jobs")


def test_an_image_is_run_as_its_description_says(workplace, described, docker):
    jobs, asked = docker
    name = described(model_name="In an image", image_name="ghcr.io/lab/grey", image_tag="main")
    view = train(workplace, name, jobs)
    assert_segmented(workplace, view)
    first, second = asked()
    assert first[:6] == ["run", "--rm", "--name", f"job-{view.id}-train", "--network", "host"]
    assert first[-4:-1] == ["ghcr.io/lab/grey:main", "/bin/sh", "-c"]
    assert first[-1] == "python scripts/own_algorithm/train.py /app/work/config/params.yaml"
    assert second[-1] == "python scripts/own_algorithm/segment.py /app/work/config/params.yaml"
    assert [word.partition(":")[2] for word in first if word.startswith("/tmp") or ":/app" in word] == [
        "/app/work/config/params.yaml",
        "/app/work/models",
    ]


def test_what_cannot_run_is_one_sentence(workplace, described, docker):
    jobs, _ = docker
    cases = [
        ({"interpreter": "/no/python"}, "/no/python cannot be started: No such file or directory."),
        ({"python_file_name": "no/train.py"}, "no/train.py, does not exist."),
        (
            {"image_name": "missing/image", "image_tag": "1"},
            "missing/image:1 cannot be run by docker: pull access denied",
        ),
    ]
    names = [described(model_name=f"Broken {n}", **changes) for n, (changes, _) in enumerate(cases)]
    mask_uri = workplace.publish(painted_rows(), name="own")
    ids = [
        jobs.submit(workplace.request(JobKind.TRAIN, algorithm=name, parameters={}, mask_uri=mask_uri))
        for name in names
    ]
    place = replace(workplace, jobs=jobs)
    for job_id, (_, words) in zip(ids, cases, strict=True):
        failed = place.ends(job_id)
        assert failed.state is JobState.FAILED
        assert words in failed.error
        assert failed.hint


def test_a_program_that_fails_says_why_by_its_last_line(workplace, described):
    name = described(interpreter=sys.executable)
    dark = {z: np.where(labels == 3, labels, 0).astype(np.uint8) for z, labels in painted_rows().items()}
    mask_uri = workplace.publish(dark, name="dark")
    request = workplace.request(JobKind.TRAIN, algorithm=name, parameters={"smooth_px": 0}, mask_uri=mask_uri)
    failed = workplace.ends(workplace.jobs.submit(request))
    assert failed.error == "Nearest grey ended with code 1 while training: Paint two classes at least."


def test_each_engine_is_asked_in_its_own_words():
    (descriptor,) = read_algorithms(
        json.dumps([{**ENTRY, "image_name": "lab/grey", "image_tag": "2", "is_gpu_enabled": True}])
    )
    paths = Path("/p.yaml"), Path("/models")
    podman = in_container(descriptor, "train", *paths, engine="podman", name="job-1", gpu=True).command
    apptainer = in_container(descriptor, "train", *paths, engine="apptainer", name="job-1", gpu=True)
    assert podman[:6] == ("podman", "run", "--rm", "--name", "job-1", "--network")
    assert "nvidia.com/gpu=all" in podman
    assert apptainer.command[:2] == ("apptainer", "exec")
    assert "docker://lab/grey:2" in apptainer.command
    assert not apptainer.container
    with pytest.raises(InvalidInputError, match="none of docker, podman, apptainer is on this machine"):
        chosen_engine("auto", [], "lab/grey:2")
    with pytest.raises(InvalidInputError, match="but podman is not on"):
        chosen_engine("podman", ["docker"], "lab/grey:2")
