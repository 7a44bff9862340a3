"""The whole way round with a real Label Studio: out, annotated there, back, without a pixel lost or a task twice."""

import json
import stat

import numpy as np
import pytest

from core.errors import AppError, InvalidInputError, UnavailableError
from core.images.memory import ArrayVolume
from core.labels.classes import LabelClass
from core.labels.exchange import open_labels
from core.labels.exchange.importing import Target, apply, report_on
from core.labels.slices import read_slice
from core.labelstudio.config import read_config
from core.labelstudio.exporting import Sent, Shipment, project_for, send
from core.labelstudio.fetching import fetched
from core.labelstudio.pictures import from_picture
from core.labelstudio.results import regions_of
from core.labelstudio.sources import StackSource, regions_to_send
from core.labelstudio.tasks import spot_of
from tests.labelstudio_server import TOKEN
from utils.labels.label_db import SqlLabelStore
from utils.labelstudio.labelstudio_client import FILE, HttpLabelStudio
from utils.labelstudio.labelstudio_tokens import TokenAuth

pytestmark = pytest.mark.labelstudio
CLASSES = (LabelClass(1, "Pore", "#E69F00"), LabelClass(4, "Fibre", "#56B4E9"))
SHAPE = (4, 60, 90)
VOLUME = "folder/stack"
WINDOW = (0.0, 64800.0)


@pytest.fixture
def studio(studio_server, tmp_path):
    there = HttpLabelStudio(tmp_path / FILE)
    there.connect(studio_server.url, TOKEN)
    yield there
    there.close()


def labels(z: int) -> np.ndarray:
    """Two classes; the first one has holes, in one of which the second lies."""
    found = np.zeros(SHAPE[1:], np.uint8)
    found[5:40, 10 : 50 + z] = 1
    found[12:20, 20:30] = 0
    found[14:17, 22:26] = 4
    found[59, 89] = 4
    return found


def volume() -> ArrayVolume:
    return ArrayVolume(np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE) * 3, VOLUME)


def shipment(**more) -> Shipment:
    given = {"slices": (0, 1), "regions": regions_to_send(SHAPE[1:]), "role": "annotations"} | more
    return Shipment(volume=VOLUME, window=WINDOW, classes=CLASSES, **given)


def source() -> StackSource:
    return StackSource(volume(), lambda z: (labels(z), np.full(SHAPE[1:], 204, np.uint8)))


def nothing(_done: float) -> None:
    """Nobody asks how far it is."""


def brought_back(studio, project, tmp_path) -> tuple[np.ndarray, list[str]]:
    """(Z, Y, X) labels of a fresh volume after an import, and the notes of its report."""
    path = tmp_path / "fetched.json"
    path.write_text(json.dumps(fetched(studio, project.id, VOLUME)))
    store = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    store.set_classes(VOLUME, CLASSES, user="anna")
    file = open_labels(path, SHAPE)
    report = report_on(file, Target(SHAPE, CLASSES))
    apply(store, VOLUME, file, report, "over", user="anna", told=nothing)
    found = np.stack([read_slice(store, VOLUME, z, SHAPE[1:]) for z in range(SHAPE[0])])
    assert store.history(VOLUME, user="anna").undo == 2  # the classes, and all slices as one edit
    store.close()
    return found, list(report.notes)


@pytest.mark.parametrize("style", ["brush", "polygon"])
def test_labels_with_holes_go_round_without_losing_a_pixel(studio, tmp_path, style):
    project = project_for(studio, f"Round {style}", CLASSES)
    sent = send(studio, project, shipment(style=style), source(), told=nothing)
    assert sent == Sent(added=2)
    found, notes = brought_back(studio, project, tmp_path)
    np.testing.assert_array_equal(found[:2], np.stack([labels(0), labels(1)]))
    assert not found[2:].any()
    assert notes == []


def test_tiles_of_slices_return_to_their_pixels_and_a_second_export_adds_nothing(studio, tmp_path):
    project = project_for(studio, "Tiles", CLASSES)
    cut = shipment(regions=regions_to_send(SHAPE[1:], tile_px=50))
    assert send(studio, project, cut, source(), told=nothing) == Sent(added=8)
    again = project_for(studio, "Tiles", CLASSES)
    assert again.id == project.id
    sent = send(studio, again, cut, source(), told=nothing)
    assert (sent.added, sent.updated) == (0, 0)
    found, _ = brought_back(studio, project, tmp_path)
    np.testing.assert_array_equal(found[:2], np.stack([labels(0), labels(1)]))


def test_pictures_are_the_slices_as_the_window_shows_them(studio):
    project = project_for(studio, "Pictures", CLASSES)
    send(studio, project, shipment(role="nothing", slices=(2,)), source(), told=nothing)
    (task,) = studio.tasks(project.id)
    shown = from_picture(studio.picture(task["data"]["image"]))
    true = np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)[2] * 3
    expected = np.rint(true.astype(np.float32) * np.float32(255.0 / WINDOW[1]))
    np.testing.assert_array_equal(shown, expected)
    assert spot_of(task).z == 2


def test_a_correction_counts_and_is_never_overwritten(studio, tmp_path):
    project = project_for(studio, "Corrected", CLASSES)
    predictions = shipment(role="predictions", version="Bright things", slices=(0,))
    assert send(studio, project, predictions, source(), told=nothing) == Sent(added=1)
    (task,) = studio.tasks(project.id)
    (given,) = task["predictions"]
    assert (given["model_version"], given["score"]) == ("Bright things", 0.8)
    config = read_config(studio.project(project.id).config)
    corrected = labels(0)
    corrected[50:55, 60:80] = 4
    studio.add_annotation(task["id"], regions_of(corrected, CLASSES, config))
    assert send(studio, project, shipment(slices=(0,)), source(), told=nothing) == Sent(kept=1)
    assert send(studio, project, predictions, source(), told=nothing) == Sent(known=1)
    newer = shipment(role="predictions", version="Brighter things", slices=(0,))
    assert send(studio, project, newer, source(), told=nothing) == Sent(updated=1)
    found, _ = brought_back(studio, project, tmp_path)
    np.testing.assert_array_equal(found[0], corrected)


def test_what_others_draw_is_painted(studio, tmp_path):
    project = project_for(studio, "Drawn", CLASSES)
    send(studio, project, shipment(role="nothing", slices=(1,)), source(), told=nothing)
    (task,) = studio.tasks(project.id)

    def drawn(kind: str, **value) -> dict:
        size = {"original_width": SHAPE[2], "original_height": SHAPE[1], "image_rotation": 0}
        named = {"from_name": kind, "to_name": "image", "type": f"{kind}labels"}
        return named | size | {"value": {**value, f"{kind}labels": ["Fibre"]}}

    shapes = [drawn("rectangle", x=0, y=0, width=10, height=10, rotation=0),
              drawn("ellipse", x=50, y=50, radiusX=10, radiusY=10, rotation=0),
              drawn("polygon", points=[[80, 80], [100, 80], [100, 100], [80, 100]], closed=True),
              drawn("keypoint", x=5, y=95, width=0.1)]  # fmt: skip
    studio.add_annotation(task["id"], shapes)
    found, _ = brought_back(studio, project, tmp_path)
    painted = found[1] == 4
    assert painted[:6, :9].all()
    assert painted[48:, 72:].all()
    assert painted[57, 4]
    assert painted[30, 45]
    assert painted.sum() == pytest.approx(54 + 12 * 18 + 1 + np.pi * 9 * 6, abs=8)


def test_a_project_gets_the_labels_it_lacks(studio):
    project = project_for(studio, "Growing", CLASSES[:1])
    again = project_for(studio, "Growing", CLASSES)
    names = [each.name for each in read_config(studio.project(project.id).config).classes]
    assert (again.id, names) == (project.id, ["Pore", "Fibre"])


def test_the_token_is_for_its_owner_alone(studio, tmp_path):
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert TOKEN not in repr(studio.connection())


def test_a_personal_token_works_and_is_bought_anew_when_it_has_ended(studio, studio_server, monkeypatch):
    studio.connect(studio_server.url, studio_server.personal_token())
    assert studio.connection().kind == "personal"
    assert studio.test().email == "anna@example.com"
    _, client = studio._client  # as if five minutes had gone by on the other side
    assert isinstance(client.auth, TokenAuth)
    client.auth._access = client.auth._access[:-6] + "AAAAAA"
    assert studio.test().email == "anna@example.com"


@pytest.mark.parametrize(
    ("token", "words"),
    [("0" * 40, "does not know the token"), ("a.eyJhIjoxfQ.b", "personal access token"), (" ", "is empty")],
)
def test_a_wrong_token_is_one_sentence(studio, studio_server, token, words):
    with pytest.raises(AppError, match=words) as caught:
        studio.connect(studio_server.url, token)
    assert caught.value.hint
    assert studio.test()  # the connection there was still stands


def test_a_wrong_address_is_one_sentence(studio, free_port, studio_server):
    with pytest.raises(UnavailableError, match="does not answer"):
        studio.connect(f"http://127.0.0.1:{free_port}", TOKEN)
    with pytest.raises(InvalidInputError, match="no address"):
        studio.connect("localhost", TOKEN)
    with pytest.raises(InvalidInputError, match="no Label Studio"):
        studio.connect(f"{studio_server.url}/nothing", TOKEN)


def test_only_pictures_of_the_connected_server_are_fetched(studio):
    for address in (
        "http://127.0.0.1:1/data/x.png",
        "//evil.example/data/x.png",
        "/api/projects/",
        "file:///etc/passwd",
    ):
        with pytest.raises(InvalidInputError, match="is asked"):
            studio.picture(address)


def test_a_server_that_stops_in_the_middle_loses_nothing_and_doubles_nothing(studio, studio_server, tmp_path):
    project = project_for(studio, "Stopped", CLASSES)
    everything = shipment(slices=(0, 1, 2, 3))

    def stop_half_way(done: float) -> None:
        if done == 0.5:
            studio_server.stop()

    with pytest.raises(UnavailableError, match="does not answer"):
        send(studio, project, everything, source(), told=stop_half_way)
    studio_server.start()
    assert len(list(studio.tasks(project.id))) == 2
    assert send(studio, project, everything, source(), told=nothing) == Sent(added=2, kept=2)
    found, _ = brought_back(studio, project, tmp_path)
    np.testing.assert_array_equal(found, np.stack([labels(z) for z in range(4)]))
