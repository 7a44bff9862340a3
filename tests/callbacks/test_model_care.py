"""Models and algorithms in the hands of people: renamed, staged, archived, deleted, taken elsewhere, registered."""

import base64
import json

import pytest
from dash import Dash

from callbacks import model_care
from callbacks.http import models as models_http
from components import ids
from components.models import place
from core.errors import NotFoundError
from core.learning.models import ModelWords
from core.services import Services
from tests.callbacks.page_client import PageClient
from tests.mlflow_template import fresh_settings
from tests.utils.test_mlflow_registry import trained
from utils.exchange_files import DiskExchange
from utils.jobs.job_ledger import JobLedger
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore

CARE = f"{ids.MODEL_CARE_NOTE}.children"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return fresh_settings(tmp_path_factory.mktemp("care") / "state")


@pytest.fixture(scope="module")
def store(settings):
    return MlflowStore.from_settings(settings)


@pytest.fixture(scope="module")
def registry(store):
    return MlflowRegistry(store)


@pytest.fixture(scope="module")
def app(settings, registry):
    made = Dash(__name__, suppress_callback_exceptions=True)
    made.layout = place
    parts = {"registry": registry, "exchange": DiskExchange.from_settings(settings)}
    services = Services(**{name: None for name in Services.__dataclass_fields__} | parts)
    model_care.register(made, services)
    models_http.register(made, services)
    return made


@pytest.fixture
def model(store, registry, tmp_path):
    """One with files, registered."""
    made = trained(store)
    (tmp_path / "model.json").write_text("{}")
    JobLedger(store).keep_files(made.id, tmp_path)
    registry.register_model(made)
    return made


def test_a_model_has_a_picture_once_one_is_kept(app, registry, model):
    client, address = app.server.test_client(), f"/api/models/{model.id}/thumbnail"
    with pytest.raises(NotFoundError, match="no picture"):
        registry.thumbnail(model.id)
    registry.keep_thumbnail(model.id, b"a picture")
    assert registry.model(model.id).has_thumbnail
    answer = client.get(address)
    assert (answer.data, answer.mimetype) == (b"a picture", "image/png")


def press(app, button, model=None, *, prop="n_clicks", **fields):
    chosen = {f"{ids.MODEL_TABLE}.selectedRows": [{"id": model.id}] if model else []}
    known = {f"{name}.value": value for name, value in fields.items()}
    answer = PageClient(app).call(CARE, {**chosen, **known, f"{button}.{prop}": 1}, trigger=f"{button}.{prop}")
    return json.dumps(answer[ids.MODEL_CARE_NOTE])


def test_a_model_is_described_archived_brought_back_and_deleted(app, registry, model):
    fields = {ids.MODEL_RENAME: "Rims", ids.MODEL_DESCRIPTION: "Sharp", ids.MODEL_TAGS: "a, b", ids.MODEL_STAGE: ""}
    assert "Saved." in press(app, ids.MODEL_SAVE, model, **fields)
    assert registry.model(model.id).words == ModelWords("Rims", "Sharp", ("a", "b"))
    assert "Rims is archived." in press(app, ids.MODEL_ARCHIVE, model)
    assert "needs a name" in press(app, ids.MODEL_SAVE, model, **{**fields, ids.MODEL_RENAME: " "})
    assert registry.model(model.id).words.archived
    assert "back in the lists" in press(app, ids.MODEL_ARCHIVE, model)
    assert "Rims is deleted." in press(app, ids.MODEL_DELETE, model)
    assert "no trained model" in press(app, ids.MODEL_DELETE, model)


def test_a_downloaded_model_is_loaded_again_as_another(app, registry, model):
    with app.server.test_client().get(f"/api/models/{model.id}/bundle") as answer:
        assert answer.status_code == 200 and "Membranes.model.zip" in answer.headers["Content-Disposition"]
        sent = f"data:application/zip;base64,{base64.b64encode(answer.data).decode()}"
    known = {f"{ids.MODEL_LOAD}.contents": sent, f"{ids.MODEL_LOAD}.filename": "it.zip"}
    told = PageClient(app).call(CARE, known, trigger=f"{ids.MODEL_LOAD}.contents")
    assert "Membranes was loaded from it.zip." in json.dumps(told)
    names = [each.id for each in registry.models() if each.name == "Membranes"]
    assert model.id in names and len(names) >= 2


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_file_that_is_no_algorithm_is_refused_in_words(app, registry, content):
    sent = f"data:;base64,{base64.b64encode(content.encode()).decode()}"
    known = {f"{ids.ALGORITHM_LOAD}.contents": sent, f"{ids.ALGORITHM_LOAD}.filename": "mine.json"}
    told = PageClient(app).call(f"{ids.ALGORITHM_NOTE}.children", known, trigger=f"{ids.ALGORITHM_LOAD}.contents")
    assert "mine.json" in json.dumps(told)
    assert registry.algorithms() == []
