"""Masks and results in a real Tiled, painted in a real label database."""

import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from tiled.client import from_uri

from core.errors import InvalidInputError, NotEnoughLabelsError, NotFoundError, UnavailableError
from core.labels.classes import LabelClass
from core.labels.publishing import classes_of, result_metadata
from core.labels.store import Paint
from tests.image_files import STACK
from tests.utils.tiled_questions import Questions
from utils.images.tiled_http import TiledAccess, TiledContainer, split_uri
from utils.images.tiled_masks import TiledMaskPublisher, TiledResults, read_mask
from utils.images.tiled_volumes import TiledCatalog
from utils.labels.label_db import SqlLabelStore

VOLUME = "tall"  # (1, 1400, 600): two tiles wide, three high
CLASSES = (LabelClass(2, "Pore", "#E69F00"), LabelClass(9, "Größe", "#009E73"))


@pytest.fixture
def labels(tmp_path) -> Iterator[SqlLabelStore]:
    database = SqlLabelStore(f"sqlite:///{tmp_path / 'labels.db'}")
    for volume in (VOLUME, "pages"):
        database.set_classes(volume, [*database.classes(volume), *CLASSES[1:]], user="anna")
    yield database
    database.close()


def paint(labels: SqlLabelStore, spans: list[list[int]], *, label: int, z: int = 0, volume: str = VOLUME) -> None:
    edit = Paint(f"{time.time_ns()}", volume, z, label, np.array(spans, np.int32), "anna")
    labels.paint(edit, shape=(1, 1400, 600) if volume == VOLUME else STACK.shape)


@pytest.fixture
def access(writable_tiled, request) -> TiledAccess:
    return TiledAccess(f"{writable_tiled.uri}api/v1/metadata/", writable_tiled.key, "MASK_TILED")


@pytest.fixture
def publisher(labels, tiled_server, access) -> TiledMaskPublisher:
    return TiledMaskPublisher(labels, TiledCatalog(tiled_server.uri, tiled_server.key), access)


def test_a_published_mask_is_what_was_painted_pixel_by_pixel(publisher, labels, access, tiled_server):
    paint(labels, [[3, 0, 600], [1399, 500, 900], [520, 400, 520]], label=2)
    paint(labels, [[3, 500, 520]], label=9)
    uri = publisher.publish(VOLUME, namespace="anna")
    expected = np.full((1400, 600), -1, np.int8)
    expected[3], expected[1399, 500:], expected[520, 400:520] = 1, 1, 1
    expected[3, 500:520] = 2

    container = from_uri(uri, api_key=access.api_key)  # as the former app's workers read it
    with closing(container.context.http_client):
        assert container["mask"].dtype == np.int8
        np.testing.assert_array_equal(container["mask"][:], expected[None])
        facts = dict(container.metadata)
    assert facts["project_name"] == VOLUME
    assert facts["data_uri"] == f"{tiled_server.uri}api/v1/metadata/{VOLUME}"
    assert list(facts["image_shape"]) == [1400, 600]
    assert list(facts["mask_idx"]) == [0]
    assert facts["classes"]["2"] == {"label": "Größe", "color": "#009E73", "id": 9}
    assert facts["unlabeled_class_id"] == -1
    assert uri.startswith(f"{split_uri(access.uri)[0]}/metadata/anna/{VOLUME}/")
    assert access.api_key not in uri


def test_a_training_job_reads_class_ids_slice_by_slice(publisher, labels, access):
    paint(labels, [[3, 0, 5]], label=9, z=4, volume="pages")
    paint(labels, [[7, 2, 3]], label=1, z=1, volume="pages")
    mask = read_mask(publisher.publish("pages", namespace="Anna Größe/100 %"), api_key=access.api_key)
    assert mask.slices == (1, 4)
    assert [c.id for c in mask.classes] == [1, 2, 9]
    seen = dict(mask)
    assert seen[1][7, 2] == 1
    assert seen[1].sum() == 1
    assert (seen[4][3, :5] == 9).all()
    assert np.count_nonzero(seen[4]) == 5


def revisions(server, uri: str) -> int:
    """How often the metadata of a node were replaced."""
    with closing(Questions(server.uri, server.key)) as tiled:
        return len(tiled.get(f"revisions/{split_uri(uri)[1]}").json()["data"])


def test_equal_labels_are_written_once_and_changed_ones_beside_them(publisher, labels, writable_tiled):
    paint(labels, [[30, 0, 5]], label=2)
    first = publisher.publish(VOLUME, namespace="anna")
    assert revisions(writable_tiled, first) == 1
    assert publisher.publish(VOLUME, namespace="anna") == first
    assert revisions(writable_tiled, first) == 1
    paint(labels, [[30, 5, 6]], label=2)
    second = publisher.publish(VOLUME, namespace="anna")
    assert second != first
    assert second.rpartition("/")[0] == first.rpartition("/")[0]
    assert publisher.publish(VOLUME, namespace="a/../b") != second


def test_a_mask_whose_writer_died_is_never_taken_for_a_whole_one(publisher, labels, access):
    paint(labels, [[40, 0, 5]], label=2)
    uri = publisher.publish(VOLUME, namespace="anna")
    tiled = TiledContainer(access)
    path = split_uri(uri)[1]
    tiled.replace_metadata(path, {})
    tiled.write_slice(f"{path}/mask", 0, np.zeros((1400, 600), np.int8))
    with pytest.raises(NotFoundError, match="not complete. Press Train again"):
        read_mask(uri, api_key=access.api_key)
    assert publisher.publish(VOLUME, namespace="anna") == uri
    assert np.count_nonzero(read_mask(uri, api_key=access.api_key).read(0)) == 5


def test_nothing_painted_is_said_before_anything_is_written(publisher):
    with pytest.raises(NotEnoughLabelsError, match=f"Nothing is painted on {VOLUME}"):
        publisher.publish(VOLUME, namespace="anna")


@pytest.mark.parametrize(
    ("uri", "key", "hint"),
    [("http://127.0.0.1:9/", "anykey", "MASK_TILED_URI"), (None, "wrongkey", "MASK_TILED_API_KEY")],
    ids=["down", "wrong key"],
)
def test_an_unusable_server_is_named_with_the_setting_to_look_at(labels, tiled_server, writable_tiled, uri, key, hint):
    paint(labels, [[40, 0, 5]], label=2)
    volumes = TiledCatalog(tiled_server.uri, tiled_server.key)
    publisher = TiledMaskPublisher(labels, volumes, TiledAccess(uri or writable_tiled.uri, key, "MASK_TILED"))
    with pytest.raises(UnavailableError) as caught:
        publisher.publish(VOLUME, namespace="anna")
    assert hint in caught.value.hint
    assert key not in str(caught.value)


# --- results ---


def facts(job_id: str, slices: list[int]) -> dict:
    return result_metadata(
        job_id=job_id, job_name="n", model="m", data_uri="d", mask_uri="", slices=slices, classes=CLASSES
    )


def confidence(access: TiledAccess, job_id: str, row: int, shape: tuple[int, int]) -> np.ndarray:
    return TiledContainer(access).read(f"{job_id}/confidence", f"{row},:,:", dtype="uint8", shape=shape)


@pytest.fixture
def job_id() -> str:
    return f"job{time.time_ns()}"


def test_a_slice_can_be_read_as_soon_as_it_is_written_and_not_before(access, job_id):
    results = TiledResults(access)
    writer = results.create(job_id, shape=(5, 7), metadata=facts(job_id, [2, 8]))
    labels = np.where(np.arange(35).reshape(5, 7) % 2, 9, 2).astype(np.uint8)
    with pytest.raises(NotFoundError, match="Slice 9 of this result is not there yet"):
        results.read_slice(job_id, 8)
    writer.write_slice(8, labels, np.zeros((5, 7), np.uint8))
    np.testing.assert_array_equal(results.read_slice(job_id, 8), labels)
    np.testing.assert_array_equal(confidence(access, job_id, 1, (5, 7)), 1)
    with pytest.raises(NotFoundError):
        results.read_slice(job_id, 2)
    with pytest.raises(NotFoundError, match="does not hold slice 4"):
        results.read_slice(job_id, 3)
    with pytest.raises(NotFoundError):
        results.read_slice("nosuchjob", 3)


def test_planes_across_a_result_are_read_in_one_go(access, job_id):
    results = TiledResults(access)
    writer = results.create(job_id, shape=(5, 7), metadata=facts(job_id, [2, 8]))
    stack = np.where(np.arange(70).reshape(2, 5, 7) % 3, 9, 2).astype(np.uint8)
    for z, labels in zip((2, 8), stack, strict=True):
        writer.write_slice(z, labels, np.ones((5, 7), np.uint8))
    slices, rows = results.read_planes(job_id, "y", 1, 4)
    assert slices == [2, 8]
    np.testing.assert_array_equal(rows, stack[:, 1:4].swapaxes(0, 1))
    np.testing.assert_array_equal(results.read_planes(job_id, "x", 6, 7)[1], stack[:, :, 6:].swapaxes(0, 2))


def test_a_resumed_job_keeps_what_its_first_run_wrote(access, job_id):
    results = TiledResults(access)
    first = results.create(job_id, shape=(4, 4), metadata=facts(job_id, [0, 1]))
    first.write_slice(0, np.full((4, 4), 9, np.uint8), np.full((4, 4), 200, np.uint8))
    again = results.create(job_id, shape=(4, 4), metadata=facts(job_id, [0, 1]))
    again.write_slice(1, np.full((4, 4), 2, np.uint8), np.full((4, 4), 100, np.uint8))
    assert (results.read_slice(job_id, 0) == 9).all()
    assert (results.read_slice(job_id, 1) == 2).all()
    assert (confidence(access, job_id, 1, (4, 4)) == 100).all()


def test_a_result_may_lie_below_another_key(access, job_id):
    tiled, elsewhere = TiledContainer(access), f"{job_id}-child"
    tiled.create_container(elsewhere)
    tiled.create_array(f"{elsewhere}/seg_result", dtype="int8", shape=(2, 3, 3))
    tiled.write_slice(f"{elsewhere}/seg_result", 1, np.array([[0, 1, -1]] * 3, np.int8))
    results = TiledResults(access)
    with pytest.raises(InvalidInputError, match="of the volume"):
        results.refer(job_id, elsewhere, facts(job_id, []), shape=(2, 4, 4))
    assert results.refer(job_id, elsewhere, facts(job_id, []), shape=(2, 3, 3)) == (0, 1)
    np.testing.assert_array_equal(results.read_slice(job_id, 1), [[2, 9, 0]] * 3)
    slices, rows = results.read_planes(job_id, "y", 1, 2)
    assert slices == [0, 1] and rows[0, 1].tolist() == [2, 9, 0]
    assert results.read_confidence(job_id, 1) is None


def test_entropy_and_margin_are_kept_beside_a_result_that_was_made_for_it(access, job_id):
    results = TiledResults(access)
    writer = results.create(job_id, shape=(4, 4), metadata=facts(job_id, [2]), entropy=True)
    writer.write_slice(2, *(np.full((4, 4), value, np.uint8) for value in (9, 90, 30, 60)))
    kept = results.read_confidence(job_id, 2), results.read_entropy(job_id, 2), results.read_margin(job_id, 2)
    assert [set(each.flat) for each in kept] == [{90}, {30}, {60}]


def test_a_result_of_the_former_app_is_read_without_ids_and_confidence(access, job_id):
    tiled = TiledContainer(access)
    classes = {"0": {"label": "a", "color": "rgb(1,2,3)"}, "1": {"label": "b", "color": "#000000"}}
    tiled.create_container(job_id, {"mask_idx": None, "classes": classes})
    tiled.create_array(f"{job_id}/seg_result", dtype="int8", shape=(2, 3, 3))
    tiled.write_slice(f"{job_id}/seg_result", 1, np.array([[0, 1, -1]] * 3, np.int8))
    np.testing.assert_array_equal(TiledResults(access).read_slice(job_id, 1), [[1, 2, 0]] * 3)


@pytest.mark.parametrize("metadata", [{}, {"classes": 3}, {"classes": {"0": {}}}, {"classes": {"x": {"label": "a"}}}])
def test_a_class_table_that_is_none_is_refused(metadata):
    with pytest.raises(InvalidInputError, match="no class table"):
        classes_of(metadata)
