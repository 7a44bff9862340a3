"""The infrastructure card: filled while the Models place is open, left alone while it is not."""

import json

import pytest
from dash import Dash

from callbacks import infrastructure as feature
from components import ids, stores
from components.models import place
from core.infrastructure import Part
from core.services import Services
from tests.callbacks.page_client import PageClient

OUTPUT = f"{ids.INFRASTRUCTURE}.children"
TICK = f"{stores.INFRASTRUCTURE_TICK}.n_intervals"


class TwoParts:
    def parts(self):
        return [Part("Images", "up", latency_ms=12), Part("Disk", "down", "1 of 250 GB free", "Free some space.")]


@pytest.fixture
def client() -> PageClient:
    app = Dash(__name__, suppress_callback_exceptions=True)
    app.layout = place
    feature.register(app, Services(**dict.fromkeys(Services.__dataclass_fields__) | {"infrastructure": TwoParts()}))
    return PageClient(app)


def test_each_part_has_a_line_and_what_is_down_its_way_out(client):
    told = json.dumps(client.call(OUTPUT, {f"{stores.PLACE}.data": "models"}, trigger=TICK))
    for words in (
        "Images",
        "12 ms",
        "infrastructure-up",
        "infrastructure-down",
        "1 of 250 GB free",
        "Free some space.",
    ):
        assert words in told


def test_nobody_is_asked_while_another_place_is_open(client):
    assert client.call(OUTPUT, {f"{stores.PLACE}.data": "annotate"}, trigger=TICK) == {"side": {}}
