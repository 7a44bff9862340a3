"""What can go wrong with a job, provoked: each time the page says what happened and the way out, and nothing is lost.

Jobs run in this process, on real Tiled servers behind lines that can be cut. Crashes, kills, limits and restarts of the
app and of the machine need a process: tests/utils/test_jobs_local.py; a training killed as it learns: test_train.py.
"""

import shutil
import signal
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import SecretStr
from werkzeug.serving import make_server

from core.errors import UnavailableError
from core.learning.jobs import JobKind, JobState
from scripts import job_run, pipelines, predict, train
from scripts.job_run import JobRun, run_to_its_end
from scripts.job_slices import results_of
from tests.conftest import KEY, TiledServer, find_free_port
from tests.lines import Line
from tests.mlflow_template import fresh_settings
from tests.scripts.conftest import painted_rows, truth
from tests.scripts.failure_scene import SLICES, Scene, after, fill, shows
from utils.jobs.job_folders import PREVIEW_FILE, JobFolders
from utils.jobs.job_ledger import JobLedger
from utils.jobs.jobs_local import LocalJobs
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

TINY_NETWORK = {"steps": 2, "base_channels": 4, "depth": 2, "patch_px": 32, "batch_size": 1}


@pytest.fixture(scope="module")
def lines(tiled_server, writable_tiled):
    made = Line(tiled_server.port), Line(writable_tiled.port)
    yield made
    for line in made:
        line.cut()


@pytest.fixture
def scene(workplace, lines, tmp_path, monkeypatch) -> Scene:
    monkeypatch.setattr(job_run, "PATIENCE_S", (0.01, 0.01))
    monkeypatch.setattr(pipelines, "AHEAD", 0)  # a slice at a time, so that a cut falls between two
    terminate = signal.getsignal(signal.SIGTERM)
    settings = workplace.settings.model_copy(update={"seg_tiled_uri": lines[1].uri})
    yield Scene(workplace, tmp_path, *lines, settings, workplace.store)
    signal.signal(signal.SIGTERM, terminate)
    for line in lines:
        line.mend()


@pytest.fixture(scope="module")
def model(workplace, tmp_path_factory) -> str:
    """A pixel classifier in the registry."""
    mask_uri = workplace.publish(painted_rows(), name="for-failures")
    request = workplace.request(JobKind.TRAIN, mask_uri=mask_uri, slices=[0], parameters={"n_estimators": 5})
    ledger = JobLedger(workplace.store)
    folder = tmp_path_factory.mktemp("model")
    run = JobRun(ledger.create(request), folder, request, workplace.settings, ledger, workplace.store)
    assert run_to_its_end(run, train.work) == job_run.EXIT_OK
    return run.id


# Tiled


def test_images_that_go_away_in_the_middle(scene, model):
    run = after(scene.segmentation(model), 2, scene.images.cut)
    view = scene.does(run)
    shows(view, "does not answer", "bash tiled_serve_dir.sh")
    assert view.slices_done == (0, 1)
    scene.images.mend()
    scene.goes_on(run)


def test_results_that_cannot_be_kept_in_the_middle(scene, model):
    run = after(scene.segmentation(model), 2, scene.results.cut)
    view = scene.does(run)
    shows(view, "does not answer", "bash scripts/serve_results.sh")
    assert view.slices_done == (0, 1)
    scene.goes_on(run)


@pytest.mark.parametrize("server", ["data", "seg"])
def test_a_wrong_key(scene, model, server):
    run = scene.segmentation(model)
    wrong = {f"{server}_tiled_api_key": SecretStr("wrong")}
    shows(scene.does(scene.again(run, **wrong)), "refuses the key", f"Check {server.upper()}_TILED_API_KEY.")
    scene.goes_on(run)


def test_images_that_are_not_there_any_more(scene, model):
    gone = f"{scene.workplace.settings.data_tiled_uri}api/v1/metadata/folders/deep/gone"
    shows(scene.does(scene.segmentation(model, data_uri=gone)), "is not on Tiled (any more)", "Refresh")


def test_a_mask_that_is_not_there_any_more(scene):
    gone = scene.workplace.publish(painted_rows(), name="gone") + "x"
    view = scene.does(scene.training(mask_uri=gone), train.work)
    shows(view, "is not on Tiled (any more)", "Train again")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"algorithm": "Crystal ball"}, "Crystal ball"),
        ({"data_uri": "http://127.0.0.1:9/api/v1/metadata/gone"}, "does not answer"),
        ({"slices": [0, 99]}, "Slice 100 does not exist; the volume has 6."),
    ],
)
def test_a_training_of_what_is_not_there(scene, changes, said):
    mask_uri = scene.workplace.publish(painted_rows(), name="bad")
    view = scene.does(scene.training(mask_uri=mask_uri, **changes), train.work)
    assert view.state is JobState.FAILED
    assert said in view.error
    assert view.hint


def test_a_mask_of_one_class(scene):
    labels = {1: np.full(truth().shape[1:], 3, np.uint8)}
    view = scene.does(scene.training(mask_uri=scene.workplace.publish(labels, name="one-class")), train.work)
    assert view.state is JobState.FAILED
    assert "class" in view.error


def test_a_full_disk_below_the_results(scene, model, small_disk, tmp_path):
    environment = {"MASK_TILED_API_KEY": KEY, "STATE_DIR": str(small_disk)}
    command = ["bash", "scripts/serve_results.sh"]
    server = TiledServer(command, find_free_port(), tmp_path / "server.log", environment)
    server.start()
    line, scene.results = scene.results, Line(server.port)
    scene.settings = scene.settings.model_copy(update={"seg_tiled_uri": scene.results.uri})
    try:
        run = after(scene.segmentation(model), 1, lambda: fill(small_disk))
        shows(scene.does(run), "answers 500", "whether its disk is full")
        (small_disk / "filler").unlink()
        scene.goes_on(run)
    finally:
        scene.results.cut()
        scene.results = line
        server.stop()


# Models


def test_a_model_that_was_deleted(scene, model):
    view = scene.does(scene.segmentation("0" * 32))
    shows(view, "There is no trained model", "train again")


def test_a_network_on_a_full_disk_without_a_gpu_and_with_files_that_are_damaged_or_gone(scene, monkeypatch):
    """A disk too full for pictures of the training costs the pictures."""
    mask_uri = scene.workplace.publish(painted_rows(), name="network")
    run = scene.training(algorithm="U-Net", parameters=TINY_NETWORK, mask_uri=mask_uri, slices=[0])
    (run.folder / f"{PREVIEW_FILE}.part").symlink_to("/dev/full")
    assert scene.does(run, train.work).state is JobState.DONE

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    view = scene.does(scene.again(scene.segmentation(run.id), job_device="cuda"))
    shows(view, "no GPU", "cpu")

    with scene.store.client() as client:
        files = Path(client.get_run(run.id).info.artifact_uri.removeprefix("file://")) / "model"
    weights = next(files.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1000])
    shows(scene.does(scene.segmentation(run.id)), "cannot be read", "Train it again")
    shutil.rmtree(files)
    shows(scene.does(scene.segmentation(run.id)), "The files of the model are gone.", "Train it again")


# MLflow


@pytest.fixture
def registry_server(scene, monkeypatch):
    """The real server of MLflow's store, behind a line; it wants the password "right"."""
    from mlflow.server import app, handlers

    settings = scene.workplace.settings
    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.mlflow_uri)  # MLflow sets it, and leaves it behind
    handlers.initialize_backend_stores(settings.mlflow_uri, default_artifact_root=f"{scene.folder / 'artifacts'}")

    def guarded(environ, start_response):
        if environ.get("HTTP_AUTHORIZATION") != "Basic YW5uYTpyaWdodA==":  # anna:right
            start_response("401 Unauthorized", [("Content-Type", "text/plain")])
            return [b"You are not authenticated."]
        return app(environ, start_response)

    server = make_server("127.0.0.1", 0, guarded, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    line = Line(server.port)
    yield line
    line.cut()
    server.shutdown()
    server.server_close()


def over(line: Line, folder: Path, *, password: str = "right") -> MlflowStore:
    return MlflowStore(line.uri.rstrip("/"), folder=folder, username="anna", password=password)


def test_a_registry_that_goes_away_in_the_middle(scene, model, registry_server):
    """What was told meanwhile is told later; a job that ends before that has its end written by the supervisor."""
    run = scene.segmentation(model)
    run.store = over(registry_server, scene.folder)
    run.ledger = JobLedger(run.store)
    assert run_to_its_end(after(run, 2, registry_server.cut), predict.segment) == job_run.EXIT_BUG
    with pytest.raises(UnavailableError, match="does not answer") as told:
        run.ledger.view(run.id)
    assert "MLFLOW_TRACKING_URI" in told.value.hint
    assert all(results_of(run).read_slice(run.id, z).any() for z in SLICES), "the work itself went on"
    registry_server.mend()
    assert scene.does(scene.again(run)).state is JobState.DONE


def test_a_registry_that_refuses_the_password(scene, registry_server):
    with pytest.raises(UnavailableError) as told:
        MlflowRegistry(over(registry_server, scene.folder, password="wrong")).models()
    assert "refuses" in told.value.message
    assert "MLFLOW_TRACKING_PASSWORD" in told.value.hint


# Machines


@pytest.fixture
def small_disk(tmp_path):
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_below_the_registry(scene, small_disk):
    """The model is trained and cannot be kept; nothing is told done that is not."""
    settings = fresh_settings(small_disk, **seg_of(scene.settings))
    scene.store = MlflowStore.from_settings(settings)
    scene.store.experiment("Jobs")
    mask_uri = scene.workplace.publish(painted_rows(), name="full")
    run = scene.training(mask_uri=mask_uri, slices=SLICES, parameters={"n_estimators": 5})
    filled = run.begin

    def begin(message: str, *, start: float, stop: float) -> None:
        filled(message, start=start, stop=stop)
        if message == "Training":
            fill(small_disk)

    run.begin = begin
    assert run_to_its_end(run, train.work) == job_run.EXIT_BUG
    with pytest.raises(UnavailableError, match="disk of the registry is full") as told:
        run.ledger.finish(run.id, JobState.FAILED)
    assert "Free some space" in told.value.hint
    (small_disk / "filler").unlink()
    assert scene.does(scene.again(run), train.work).slices_done == tuple(SLICES)


def seg_of(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in ("seg_tiled_uri", "seg_tiled_api_key")}


def test_a_full_disk_when_a_job_is_asked_for(workplace, small_disk, tmp_path):
    """It is said at once, and no job stays that nobody will ever begin."""
    settings = workplace.settings.model_copy(update={"state_dir": small_disk})
    with closing(LocalJobs(settings, workplace.store)) as jobs:
        before = {view.id for view in jobs.jobs()}
        fill(small_disk)
        with pytest.raises(UnavailableError, match="cannot be written to disk") as told:
            jobs.submit(workplace.request(JobKind.SEGMENT, model_id="0" * 32))
        assert "Free some space" in told.value.hint
        (left,) = [view for view in JobLedger(workplace.store).views() if view.id not in before]
    shows(left, "cannot be written to disk", "Free some space")


def test_memory_that_runs_out(scene, model):
    for much in (lambda: np.ones(1 << 50), lambda: torch.ones(1 << 50)):
        run = after(scene.segmentation(model), 2, much)
        shows(scene.does(run), "Memory ran out.", "smaller")
    scene.goes_on(run)


@pytest.mark.parametrize("content", ["{", "{}"])
def test_a_parameter_file_that_was_damaged(workplace, content):
    """Seen by the supervisor; the next job has its turn."""
    folders = JobFolders(workplace.settings.state_dir / "jobs")
    job_id = JobLedger(workplace.store).create(workplace.request(JobKind.SEGMENT))
    folders.add(job_id, {})
    folders.parameters_file(job_id).write_text(content)
    workplace.jobs.jobs()
    shows(workplace.ends(job_id), "parameter file cannot be read", "Start it anew")
