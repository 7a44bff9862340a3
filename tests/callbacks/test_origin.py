"""What made a result: told beside it, on the way to its model and back."""

import json
from dataclasses import replace
from datetime import UTC

import pytest
from dash import Dash

from callbacks import model_care, origin
from callbacks.jobs import as_json
from components import ids, stores
from components.page import page
from core.labels.classes import LabelClass
from core.learning.jobs import JobKind, JobState, JobView
from core.learning.models import TrainedModel
from core.services import Services
from tests.callbacks.page_client import PageClient

POROUS = LabelClass(1, "pore", "#E69F00")
MODEL = TrainedModel(
    "m" * 32, "Pores", "U-Net", {"depth": 4}, (POROUS,), "stack", 1e9, labels_hash="ab12", code_version="0.1.0"
)
TRAINED = JobView(MODEL.id, JobKind.TRAIN, "Pores", "ann", "U-Net", "stack", JobState.DONE, slices_done=(0,))
SEGMENTED = replace(
    TRAINED, id="s" * 32, kind=JobKind.SEGMENT, name="Pores, all", model_id=MODEL.id, user="bob",
    prediction={"smooth_px": 2, "flips": False}, code_version="0.2.0", started=1e9, ended=1e9 + 75,
)  # fmt: skip


class OneModel:
    found = (MODEL,)

    def models(self) -> list[TrainedModel]:
        return list(self.found)


@pytest.fixture
def registry():
    return OneModel()


@pytest.fixture
def client(registry):
    app = Dash(__name__)
    app.layout = page
    services = Services(**dict.fromkeys(Services.__dataclass_fields__) | {"registry": registry, "timezone": UTC})
    for feature in (origin, model_care):
        feature.register(app, services)
    return PageClient(app)


def told(client, selected) -> dict:
    known = {f"{ids.RESULT_SELECT}.value": selected, f"{stores.JOBS}.data": [as_json(TRAINED), as_json(SEGMENTED)]}
    return client.call(f"{ids.ORIGIN_FACTS}.children", known, trigger=f"{ids.RESULT_SELECT}.value")


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (TRAINED, ("Pores", "U-Net", "depth 4", "ab12", "2001-09-09 01:46 on stack")),
        (SEGMENTED, ("smooth_px 2", "for bob, took 1 min 15 s", "version 0.1.0 trained, 0.2.0 segmented")),
    ],
)
def test_a_result_tells_model_parameters_labels_and_code(client, job, words):
    found = told(client, job.id)
    text = json.dumps(found[ids.ORIGIN_FACTS])
    assert [word for word in words if word not in text] == []
    assert (found[ids.ORIGIN]["hidden"], found[ids.ORIGIN_MODEL]["hidden"]) == (False, False)


def test_a_result_whose_model_is_deleted_says_so_and_leads_nowhere(client, registry):
    registry.found = ()
    found = told(client, SEGMENTED.id)
    assert "deleted since" in json.dumps(found[ids.ORIGIN_FACTS])
    assert found[ids.ORIGIN_MODEL]["hidden"]
    assert told(client, None)[ids.ORIGIN]["hidden"]


def test_the_way_leads_to_the_row_of_the_model_an_archived_one_too(client):
    row = {"id": MODEL.id, "archived": True}
    known = {
        f"{ids.RESULT_SELECT}.value": SEGMENTED.id,
        f"{stores.JOBS}.data": [as_json(SEGMENTED)],
        f"{stores.REGISTRY}.data": {"algorithms": [], "models": [{"id": "other", "archived": False}, row]},
    }
    went = client.call(f"{ids.MODEL_TABLE}.selectedRows", known, trigger=f"{ids.ORIGIN_MODEL}.n_clicks")
    assert went[ids.MODEL_TABLE]["selectedRows"] == [row]
    assert went[ids.MODEL_ARCHIVED]["value"] is True


def test_the_card_of_a_model_leads_back_to_its_results_on_the_open_volume(client):
    known = {
        f"{ids.MODEL_TABLE}.selectedRows": [{"id": MODEL.id}],
        f"{stores.JOBS}.data": [as_json(SEGMENTED), as_json(replace(SEGMENTED, id="o" * 32, volume="other"))],
        f"{stores.VOLUME}.data": {"path": "stack"},
    }
    shown = client.call(f"{ids.MODEL_FACTS}.children", known, trigger=f"{ids.MODEL_TABLE}.selectedRows")
    text = json.dumps(shown[ids.MODEL_FACTS])
    assert json.dumps(ids.model_result(SEGMENTED.id)) in text
    assert "Pores, all, on other" in text
    assert json.dumps(ids.model_result("o" * 32)) not in text
