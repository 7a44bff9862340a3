"""Our models as Label Studio's own server asks them: connected, trained by its button, asked for predictions."""

import subprocess
import sys
from contextlib import closing

import httpx
import numpy as np
import pytest
import tifffile

from core.labels.classes import LabelClass
from core.labels.slices import read_slice
from core.labelstudio.config import read_config
from core.labelstudio.exporting import find_project
from core.labelstudio.results import painted, regions_of
from core.labelstudio.tasks import spot_of
from scripts import labelstudio
from scripts.command_line import find_algorithm
from scripts.local_stack import wait_until
from tests.labelstudio_server import TOKEN
from tests.mlflow_template import fresh_settings
from utils.labels.label_db import SqlLabelStore
from utils.labelstudio.labelstudio_client import HttpLabelStudio
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.services import build_services
from utils.settings import ROOT

pytestmark = pytest.mark.labelstudio
VOLUME = "scan"
SHAPE = (6, 70, 90)
CLASSES = (LabelClass(1, "Dark", "#E69F00"), LabelClass(2, "Bright", "#56B4E9"))
VALUES = {"dark": 1, "bright": 2}
PROJECT = "Bright things"


def truth(z: int) -> np.ndarray:
    """A bright disc that grows, on dark ground."""
    rows, columns = np.ogrid[: SHAPE[1], : SHAPE[2]]
    return np.where((rows - 30) ** 2 + (columns - 45) ** 2 < (12 + 2 * z) ** 2, 2, 1).astype(np.uint8)


def stack() -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 100, SHAPE)
    return (1000 + 2000 * (np.stack([truth(z) for z in range(SHAPE[0])]) == 2) + noise).astype(np.uint16)


@pytest.fixture(scope="module")
def settings(tmp_path_factory, serve_tiled, writable_tiled):
    folder = tmp_path_factory.mktemp("images")
    tifffile.imwrite(folder / "scan.tif", stack())
    tiled_server = serve_tiled(folder, VOLUME)
    return fresh_settings(
        tmp_path_factory.mktemp("state"),
        data_tiled_uri=tiled_server.uri,
        data_tiled_api_key=tiled_server.key,
        mask_tiled_uri=writable_tiled.uri,
        mask_tiled_api_key=writable_tiled.key,
        seg_tiled_uri=writable_tiled.uri,
        seg_tiled_api_key=writable_tiled.key,
    )


@pytest.fixture(scope="module")
def run(settings):
    """Runs a command as a person would, with the settings of the test."""

    def command(*words: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(labelstudio, "read_settings", lambda: settings)
            return labelstudio.main(list(words))

    return command


@pytest.fixture(scope="module")
def studio(settings, studio_server, run):
    assert run("setup", "--url", studio_server.url, "--token", studio_server.personal_token()) == 0
    with closing(HttpLabelStudio.from_settings(settings)) as there:
        yield there


@pytest.fixture(scope="module")
def backend(settings, studio):
    """Address of the models, served by a process of their own."""
    algorithm = find_algorithm("Pixel classifier", settings)
    MlflowRegistry(MlflowStore.from_settings(settings)).register_algorithm(algorithm)
    command = [sys.executable, "-m", "scripts.labelstudio", "ml-start", "--labelstudio-ml-port", "0", "--conf", "0"]
    process = subprocess.Popen(command, cwd=ROOT, env=settings.environment(), stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().rpartition(" ")[2].strip()
    process.terminate()
    process.wait()
    process.stdout.close()


def request_to(studio_server, method: str, path: str, **more) -> httpx.Response:
    headers = {"Authorization": f"Token {TOKEN}"}
    answer = httpx.request(method, f"{studio_server.url}{path}", headers=headers, timeout=120, **more)
    assert answer.is_success, answer.text
    return answer


def test_from_annotations_to_a_model_its_predictions_and_the_next_version(
    settings, studio, studio_server, run, backend, capsys
):
    with closing(SqlLabelStore(settings.labels_uri)) as labels:
        labels.set_classes(VOLUME, CLASSES, user="anna")
    export_pictures(run)
    project = find_project(studio, PROJECT)
    annotate(studio, project, slices=(0, 2))
    studio.add_backend(project.id, f"{backend}/", "Ours")
    (ours,) = request_to(studio_server, "GET", "/api/ml/", params={"project": project.id}).json()
    assert ours["state"] == "CO"  # connected

    request_to(studio_server, "POST", f"/api/ml/{ours['id']}/train", json={})
    services = build_services(settings)
    wait_until(lambda: any(services.registry.models()), "the first model", deadline_s=600)
    (model,) = services.registry.models()
    assert model.name.startswith(PROJECT)
    with closing(SqlLabelStore(settings.labels_uri)) as labels:
        np.testing.assert_array_equal(read_slice(labels, VOLUME, 2, SHAPE[1:]), truth(2))

    retrieve(studio_server, project.id)
    tasks = list(studio.tasks(project.id))
    assert all(each["predictions"] for each in tasks)
    for task in tasks:
        (found,) = task["predictions"]
        z = spot_of(task).z
        seen = painted(found["result"], VALUES, SHAPE[1:]).labels
        assert (seen == truth(z)).mean() > 0.9, z
        assert (found["model_version"], found["score"] > 0.5) == (model.name, True)

    pointed(studio_server, ours["id"], tasks[0])
    request_to(studio_server, "POST", f"/api/ml/{ours['id']}/train", json={})
    wait_until(lambda: len(services.registry.models()) == 2, "the next version", deadline_s=600)
    versions = request_to(studio_server, "GET", f"/api/ml/{ours['id']}/versions").json()["versions"]
    assert versions == [each.name for each in services.registry.models()]

    capsys.readouterr()
    out = ("export", "--train", versions[0], "--name", VOLUME, "--labelstudio-name", PROJECT, "--slices", "all")
    assert run(*out, "--slidewindow", "--slidewindow-size", "40", "30", "--overlap", "8") == 0
    assert f"0 tasks added, {len(tasks)} updated" in capsys.readouterr().out
    assert run("import", "--labelstudio-project-id", str(project.id), "--name", VOLUME, "--dry-run") == 0
    assert "2 slices" in capsys.readouterr().out
    assert run(*out, "--dry-run") == 0
    assert f"{len(tasks)} tasks" in capsys.readouterr().out

    studio.follow(project.id, follows=True)
    annotate(studio, project, slices=(4,))
    wait_until(lambda: (slice_now(settings, 4) == truth(4)).all(), "the annotation as labels")


def slice_now(settings, z: int) -> np.ndarray:
    with closing(SqlLabelStore(settings.labels_uri)) as labels:
        return read_slice(labels, VOLUME, z, SHAPE[1:])


def export_pictures(run) -> None:
    """Nothing is labelled yet, so annotations are none."""
    assert run("export", "--name", VOLUME, "--labelstudio-name", PROJECT, "--slices", "all") == 0


def annotate(studio, project, *, slices) -> None:
    for task in studio.tasks(project.id):
        z = spot_of(task).z
        if z in slices:
            studio.add_annotation(task["id"], regions_of(truth(z), CLASSES, read_config(project.config)))


def retrieve(studio_server, project: int) -> None:
    body = {"selectedItems": {"all": True, "excluded": []}}
    action = {"id": "retrieve_tasks_predictions", "project": project}
    request_to(studio_server, "POST", "/api/dm/actions", params=action, json=body)


def pointed(studio_server, backend: int, task) -> None:
    """Somebody clicks; the mask they get holds the click."""
    height, width = SHAPE[1:]
    value = {"x": 50, "y": 50, "width": 1, "keypointlabels": ["Bright"]}
    row = {"type": "keypointlabels", "from_name": "keypoint", "to_name": "image", "value": value, "is_positive": True}
    context = {"result": [row | {"original_width": width, "original_height": height}]}
    path = f"/api/ml/{backend}/interactive-annotating"
    answer = request_to(studio_server, "POST", path, json={"task": task["id"], "context": context}).json()
    assert "errors" not in answer, answer
    assert answer["data"]["model_version"] == "Edges and greys"
