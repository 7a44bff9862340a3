"""The Models place behind its buttons: what it offers, refuses and submits, with a real registry and real Tiled."""

import json
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dash import Dash

from callbacks import class_shares
from callbacks import models as feature
from components import ids, model_table, models, stores
from components.models import place
from core.images.volumes import read_slice, volume_id
from core.labels.store import Paint
from core.learning.algorithm_file import read_algorithms
from core.learning.jobs import JobKind, JobState
from core.learning.pixel_training import train_pixel_classifier
from core.learning.segmenter import LabelledSlice
from tests.callbacks.page_client import PageClient
from tests.mlflow_template import fresh_settings
from tests.utils.test_jobs_local import COMMANDS, reach, wait_for
from tests.utils.test_mlflow_registry import trained
from utils.images.tiled_masks import read_mask
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_ledger import JobLedger
from utils.jobs.jobs_local import LocalJobs
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.services import build_services

pytestmark = pytest.mark.filterwarnings(r"ignore:subprocess \d+ is still running:ResourceWarning")
PATH = "folders/deep/scan"
SHAPE = (6, 70, 90)
ALGORITHM_FILE = Path(__file__).resolve().parents[2] / "assets" / "models.json"
STARTED = f"{stores.STARTED_JOB}.data"
VOLUME = {f"{name}.data": {"path": PATH, "id": volume_id(PATH)} for name in (stores.VOLUME, stores.MODELS_VOLUME)}
TRAIN = {
    **VOLUME,
    f"{ids.ALGORITHM_SELECT}.value": "Pixel classifier",
    f"{ids.TRAIN_SCOPE}.value": "painted",
    "parameter.id": [(ids.parameter("num_leaves"), ids.parameter("num_leaves"))],
    "parameter.value": [(ids.parameter("num_leaves"), "20")],
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory, tiled_server, writable_tiled):
    return fresh_settings(
        tmp_path_factory.mktemp("models") / "state",
        data_tiled_uri=tiled_server.uri,
        data_tiled_api_key=tiled_server.key,
        mask_tiled_uri=writable_tiled.uri,
        mask_tiled_api_key=writable_tiled.key,
        user_name="anna",
    )


@pytest.fixture(scope="module")
def store(settings):
    """One MLflow store for all, with our algorithms."""
    store = MlflowStore.from_settings(settings)
    for algorithm in read_algorithms(ALGORITHM_FILE.read_text()):
        MlflowRegistry(store).register_algorithm(algorithm)
    return store


@pytest.fixture(scope="module")
def jobs(settings, store):
    with closing(LocalJobs(settings, store, commands=COMMANDS)) as local:
        yield local
        wait_for(lambda: not JobFolders(settings.state_dir / "jobs").open_jobs())


@pytest.fixture
def services(settings, store, jobs, tmp_path):
    """With labels of its own."""
    built = build_services(settings.model_copy(update={"state_dir": tmp_path}))
    built.jobs.close()
    yield replace(built, jobs=jobs, registry=MlflowRegistry(store))
    built.labels.close()


def page_of(services) -> PageClient:
    app = Dash(__name__, suppress_callback_exceptions=True)
    app.layout = place
    app._on_error = raised.append
    feature.register(app, services)
    class_shares.register(app, services)
    raised.clear()
    return PageClient(app)


@pytest.fixture
def client(services) -> PageClient:
    return page_of(services)


raised: list[Exception] = []


def paint(services, *, label: int, z: int) -> None:
    spans = np.array([[10 * label, 0, 30]], np.int32)
    services.labels.paint(Paint(f"{label}-{z}", PATH, z, label, spans, "anna"), shape=SHAPE)


def advice(client, known=VOLUME, **more) -> dict:
    known = {**known, f"{stores.PLACE}.data": "models", f"{ids.ALGORITHM_SELECT}.value": "Pixel classifier", **more}
    told = client.call(f"{ids.TRAIN_BUTTON}.disabled", known, trigger=f"{stores.PLACE}.data")
    return {"disabled": told[ids.TRAIN_BUTTON]["disabled"], "text": json.dumps(told[ids.TRAINING_ADVICE]["children"])}


def start(client, known, *, button=ids.TRAIN_BUTTON):
    return client.call(STARTED, known, trigger=f"{button}.n_clicks").get(stores.STARTED_JOB, {}).get("data")


def test_the_page_offers_the_algorithms_and_says_that_no_model_is_there(client):
    told = client.call(f"{stores.REGISTRY}.data", {}, trigger=f"{stores.JOBS_TICK}.n_intervals")
    assert "Pixel classifier" in told[stores.REGISTRY]["data"]["algorithms"]
    known = {f"{stores.MODELS_REGISTRY}.data": told[stores.REGISTRY]["data"]}
    offered = client.call(f"{ids.ALGORITHM_SELECT}.value", known, trigger=f"{stores.MODELS_REGISTRY}.data")
    assert offered[ids.ALGORITHM_SELECT]["value"] == "Pixel classifier"
    refused = client.call(f"{ids.SEGMENT_BUTTON}.disabled", VOLUME, trigger=f"{ids.MODEL_SELECT}.value")
    assert refused[ids.SEGMENT_BUTTON]["disabled"] is True
    assert "Train one first" in json.dumps(refused)


def test_the_advice_follows_what_is_painted(client, services):
    assert "No dataset is open" in advice(client, {})["text"]
    assert "Nothing is painted yet" in advice(client)["text"]
    paint(services, label=2, z=0)
    only = advice(client)
    assert only["disabled"]
    assert "Only Class 2 is painted" in only["text"]
    paint(services, label=1, z=3)
    assert advice(client) == {
        "disabled": False,
        "text": '"Learns from 60 labelled pixels of 2 classes on 2 slices."',
    }


def test_training_waits_for_strokes_on_their_way(client, services):
    paint(services, label=1, z=0)
    paint(services, label=2, z=0)
    told = advice(client, **{f"{stores.MODELS_SAVE}.data": {"state": "pending", "pending": 2}})
    assert told["disabled"]
    assert "on their way" in told["text"]


def test_the_form_of_an_algorithm_asks_for_its_parameters(client):
    known = {f"{ids.ALGORITHM_SELECT}.value": "Pixel classifier"}
    told = client.call(f"{ids.TRAINING_FORM}.children", known, trigger=f"{ids.ALGORITHM_SELECT}.value")
    assert len(told[ids.TRAINING_FORM]["children"]) == 4
    assert "no GPU needed" in told[ids.ALGORITHM_ABOUT]["children"]


def test_train_publishes_the_mask_and_submits_what_was_chosen(client, services, settings):
    paint(services, label=1, z=1)
    paint(services, label=2, z=4)
    job_id = start(client, {**TRAIN, f"{ids.MODEL_NAME}.value": " Bright things "})
    job = reach(services.jobs, job_id, JobState.DONE)
    assert (job.kind, job.name, job.user, job.volume) == (JobKind.TRAIN, "Bright things", "anna", PATH)
    content = json.loads(JobFolders(settings.state_dir / "jobs").parameters_file(job_id).read_text())
    assert content["io_parameters"]["slices"] == [1, 4]
    assert content["model_parameters"]["num_leaves"] == 20
    assert content["model_parameters"]["n_estimators"] == 50, "the default of what the page did not ask for"
    mask = read_mask(content["io_parameters"]["mask_tiled_uri"], api_key="keyoftests")
    assert mask.slices == (1, 4)


def test_a_model_without_a_name_is_called_after_its_algorithm_and_the_time(client, services):
    paint(services, label=1, z=1)
    paint(services, label=2, z=1)
    job_id = start(client, {**TRAIN, f"{ids.TRAIN_SCOPE}.value": "all"})
    assert reach(services.jobs, job_id, JobState.DONE).name.startswith("Pixel classifier, ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "Nothing is painted yet."),
        ({f"{stores.VOLUME}.data": None}, "No dataset is open."),
        ({f"{ids.ALGORITHM_SELECT}.value": "Gone"}, "The algorithm 'Gone' is not registered (any more)."),
        ({"parameter.value": [(ids.parameter("num_leaves"), "5000")]}, "it must be at most 127."),
    ],
)
def test_train_refuses_in_words_what_cannot_be_trained(client, services, change, message):
    before = len(services.jobs.jobs())
    assert start(client, TRAIN | change) is None
    (error,) = raised
    assert message in error.message
    assert len(services.jobs.jobs()) == before


def test_a_wrong_number_is_told_beside_its_field(client):
    field = ids.parameter("num_leaves")
    (dependency,) = [each for each in client.dependencies if "parameter-error" in each["output"]]
    told = client.client.post(
        "/_dash-update-component",
        json={
            "output": dependency["output"],
            "outputs": [
                {"id": ids.parameter_error("num_leaves"), "property": "children"},
                {"id": ids.parameter_aside("num_leaves"), "property": "children"},
            ],
            "inputs": [{"id": field, "property": "value", "value": "5000"}],
            "state": [
                {"id": field, "property": "id", "value": field},
                {"id": ids.ALGORITHM_SELECT, "property": "value", "value": "Pixel classifier"},
            ],
            "changedPropIds": [],
        },
    )
    assert "at most 127" in told.text


def test_a_registry_that_is_down_is_told_in_place_of_the_list(services, tmp_path):
    (tmp_path / "mlflow.db").write_text("this is no database" * 100)
    store = MlflowStore(f"sqlite:///{tmp_path / 'mlflow.db'}", folder=tmp_path)
    client = page_of(replace(services, registry=MlflowRegistry(store)))
    told = client.call(f"{stores.REGISTRY}.data", {}, trigger=f"{stores.JOBS_TICK}.n_intervals")
    assert stores.REGISTRY not in told, "the lists stay as they were"
    assert "does not answer" in json.dumps(told[ids.MODEL_PROBLEM])
    assert raised == [], "no message each second"


def test_training_goes_on_with_an_earlier_model_of_the_same_algorithm(client, services, store, settings):
    paint(services, label=1, z=1)
    paint(services, label=2, z=4)
    model = trained(store, name="Yesterday")
    services.registry.register_model(model)
    unet = {f"{ids.ALGORITHM_SELECT}.value": "U-Net", "parameter.id": [], "parameter.value": []}
    rows = {"models": model_table.rows([model], services.timezone)}
    for name, hidden in (("U-Net", False), ("Pixel classifier", True)):
        known = {f"{ids.ALGORITHM_SELECT}.value": name, f"{stores.MODELS_REGISTRY}.data": rows}
        offered = client.call(f"{ids.TRAIN_START}.options", known, trigger=f"{ids.ALGORITHM_SELECT}.value")
        assert offered[ids.TRAIN_START_FIELD]["hidden"] is hidden
    job_id = start(client, {**TRAIN, **unet, f"{ids.TRAIN_START}.value": model.id})
    assert reach(services.jobs, job_id, JobState.DONE)
    content = json.loads(JobFolders(settings.state_dir / "jobs").parameters_file(job_id).read_text())
    assert content["io_parameters"]["uid_start"] == model.id
    assert content["prediction_parameters"]["min_size_px"] == 0
    job_id = start(client, {**TRAIN, f"{ids.TRAIN_START}.value": model.id})
    content = json.loads(JobFolders(settings.state_dir / "jobs").parameters_file(job_id).read_text())
    assert content["io_parameters"]["uid_start"] == "", "a pixel classifier learns from nothing but labels"
    reach(services.jobs, job_id, JobState.DONE)


def test_an_encoder_is_trained_without_a_stroke_and_only_its_network_starts_from_it(client, services, store, settings):
    told = advice(client, **{f"{ids.ALGORITHM_SELECT}.value": "SimSiam"})
    assert told["disabled"] is False and "6 slices. Nothing needs to be painted." in told["text"]
    form = client.call(
        f"{ids.TRAINING_FORM}.children",
        {f"{ids.ALGORITHM_SELECT}.value": "SimSiam"},
        trigger=f"{ids.ALGORITHM_SELECT}.value",
    )
    assert form[ids.TRAIN_SCOPE_FIELD]["hidden"] is True
    asked = {**TRAIN, f"{ids.ALGORITHM_SELECT}.value": "SimSiam", "parameter.id": [], "parameter.value": []}
    job_id = start(client, asked)
    reach(services.jobs, job_id, JobState.DONE)
    content = json.loads(JobFolders(settings.state_dir / "jobs").parameters_file(job_id).read_text())
    assert content["io_parameters"]["slices"] == [0, 1, 2, 3, 4, 5]
    assert content["io_parameters"]["mask_tiled_uri"] == ""
    encoder = replace(
        trained(store, name="Encoder"), algorithm="SimSiam", classes=(), parameters={"architecture": "U-Net"}
    )
    services.registry.register_model(encoder)
    rows = model_table.rows([encoder], services.timezone)
    assert model_table.options(rows) == [], "it segments nothing"
    assert [option["value"] for option in models.start_options(rows, "U-Net")[1:]] == [encoder.id]
    assert models.start_options(rows, "TUNet")[1:] == []
    assert start(client, {**VOLUME, f"{ids.MODEL_SELECT}.value": encoder.id}, button=ids.SEGMENT_BUTTON) is None
    assert "was trained without labels" in raised[-1].message


def test_a_segmentation_is_refined_as_the_page_wishes(client, services, store, settings):
    model = trained(store, name="Refined")
    services.registry.register_model(model)
    asked = {**VOLUME, f"{ids.MODEL_SELECT}.value": model.id, f"{ids.SEGMENT_SCOPE}.value": "all"}
    form = client.call(f"{ids.SEGMENT_FORM}.children", asked, trigger=f"{ids.MODEL_SELECT}.value")
    assert "Fill holes" in json.dumps(form) and form[ids.SEGMENT_FORM_FOLD]["hidden"] is False
    field = ids.parameter("min_size_px", "prediction_model")
    wishes = {"prediction.id": [(field, field)], "prediction.value": [(field, "25")]}
    job_id = start(client, asked | wishes, button=ids.SEGMENT_BUTTON)
    reach(services.jobs, job_id, JobState.DONE)
    content = json.loads(JobFolders(settings.state_dir / "jobs").parameters_file(job_id).read_text())
    assert content["prediction_parameters"]["min_size_px"] == 25
    wishes["prediction.value"] = [(field, "-1")]
    assert start(client, asked | wishes, button=ids.SEGMENT_BUTTON) is None
    assert "must be at least 0" in raised[-1].message


def test_the_scores_of_chosen_models_are_shown(client, services, store):
    model = trained(store, name="Scored")
    services.registry.register_model(model)
    known = {f"{ids.MODEL_TABLE}.selectedRows": [{"id": model.id}]}
    told = client.call(f"{ids.MODEL_SCORES}.children", known, trigger=f"{ids.MODEL_TABLE}.selectedRows")
    assert "Mean IoU" in json.dumps(told) and "0.700" in json.dumps(told)


def pixel_model(store, images):
    """Trained on every fourth row of the first slice: what is brighter than most is class 2."""
    truth = np.where(images[0] > np.percentile(images[0], 80), 2, 1).astype(np.uint8)
    truth[np.arange(len(truth)) % 4 > 0] = 0
    segmenter, report = train_pixel_classifier(
        [LabelledSlice(0, images[0], truth)], {"n_estimators": 10}, seed=0, device="cpu", report=lambda _: None
    )
    kept = replace(trained(store, name="Pixels"), algorithm="Pixel classifier", learned_shares=report.learned_shares)
    with tempfile.TemporaryDirectory() as folder:
        segmenter.save(Path(folder))
        JobLedger(store).keep_files(kept.id, Path(folder))
    return kept


def test_class_shares_are_offered_estimated_and_submitted(client, services, store, settings):
    volume = services.volumes.open(PATH)
    network, model = trained(store, name="Net"), pixel_model(store, [read_slice(volume, 0)])
    for each in (network, model):
        services.registry.register_model(each)
    asked = {**VOLUME, f"{ids.MODEL_SELECT}.value": model.id, f"{ids.SEGMENT_SCOPE}.value": "slice"}
    rows, chosen = f"{ids.CLASS_SHARES_ROWS}.children", f"{ids.MODEL_SELECT}.value"
    assert client.call(rows, {chosen: network.id}, trigger=chosen)[ids.CLASS_SHARES]["hidden"] is True
    assert client.call(rows, asked, trigger=chosen)[ids.CLASS_SHARES]["hidden"] is False
    found = client.call(rows, asked, trigger=f"{ids.CLASS_SHARES_ESTIMATE}.n_clicks")
    assert found[ids.CLASS_SHARES_NOTE]["children"].startswith(f"Estimated: {model.classes[0].name} ")
    assert len(found[ids.CLASS_SHARES_ROWS]["children"]) == 2

    one, two = ids.class_share(1), ids.class_share(2)
    sliders = {"class-share.id": [(one, one), (two, two)], "class-share.value": [(one, "60"), (two, 20)]}
    for switched, expected in ((True, "1=75, 2=25"), (False, "")):
        known = asked | sliders | {f"{ids.CLASS_SHARES_SWITCH}.value": switched}
        job_id = start(client, known, button=ids.SEGMENT_BUTTON)
        reach(services.jobs, job_id, JobState.DONE)
        content = json.loads(JobFolders(settings.state_dir / "jobs").parameters_file(job_id).read_text())
        assert content["prediction_parameters"]["class_shares"] == expected


def test_segment_uses_the_classes_of_the_model_and_the_range_of_the_page(client, services, store):
    model = trained(store, name="Membranes")
    services.registry.register_model(model)
    known = {
        **VOLUME,
        f"{ids.MODEL_SELECT}.value": model.id,
        f"{ids.SEGMENT_SCOPE}.value": "range",
        f"{ids.SEGMENT_FIRST}.value": 2,
        f"{ids.SEGMENT_LAST}.value": 4,
    }
    job = reach(services.jobs, start(client, known, button=ids.SEGMENT_BUTTON), JobState.DONE)
    assert (job.kind, job.name, job.model_id) == (JobKind.SEGMENT, "Membranes on slices 2-4", model.id)
    assert job.classes == model.classes
    assert start(client, known | {f"{ids.SEGMENT_LAST}.value": 7}, button=ids.SEGMENT_BUTTON) is None
    assert raised[-1].message == "2 to 7 is no range of slices of this volume."
