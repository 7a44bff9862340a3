"""Annotations of Label Studio as pixels, and pixels as annotations: both exact."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import LabelFileError
from core.labels.classes import LabelClass
from core.labels.exchange import open_labels
from core.labels.exchange.importing import Target, report_on
from core.labelstudio.brush import decode, encode
from core.labelstudio.choices import table_of
from core.labelstudio.config import missing_labels, read_config, write_config
from core.labelstudio.files import as_file
from core.labelstudio.results import painted, regions_of
from core.labelstudio.shapes import mask_of
from core.labelstudio.tasks import Region, Spot, chosen_annotation, data_of, spot_of
from core.learning.curation.table_csv import read_csv, write_csv
from tests.labelstudio_brush import mask

CLASSES = (LabelClass(1, "Pore", "#E69F00"), LabelClass(4, 'Fibre & "matrix"', "#56B4E9"))
CONFIG = read_config(write_config(CLASSES))
VALUES = {"pore": 1, 'fibre & "matrix"': 4}
SDK = {  # seed of `mask`: sha256 of the bytes label_studio_sdk 2.1.2 writes for it
    0: "2fe70a6416f981aca94ad06f097521a6900bdf1d346cc495207d64268a0a2487",
    1: "e7e443be120aa78d64f3d968ab08b792cc87dfb90cec896228b70e9612a7c3d4",
    2: "11cf70390b9faba3854a6674a0cd1c40f21918284b6e62d1ec0ff237f08814fa",
    3: "5a2e4753b0c1b8f8e6e7e695eb08006a0dcebe4c61b710c2cb893cc263748533",
    50: "19693e50ce8d9abf318a9b41e261c5633e6e1e0d41d343ae82412e49b7597d66",
    100: "946ef1bf253b866cba0bb1ee36e8711381244bf40db5c7a4d71235f6b6c070dd",
    117: "01f3902631189d6e5cbe9e082c46682bb4ff9386286958cf92628816bc2d70d1",
    150: "fdcea0a55e2da3d2d5160b9998a82eb2243ffba3021f6c431b64db41533d8182",
}


@pytest.mark.parametrize("seed", SDK)
def test_brush_regions_are_the_bytes_of_the_sdk(seed):
    rle = encode(mask(seed))
    assert hashlib.sha256(bytes(rle)).hexdigest() == SDK[seed]
    np.testing.assert_array_equal(decode(rle, mask(seed).shape), mask(seed))


@given(st.integers(0, 10**6))
def test_brush_regions_come_back_as_they_were(seed):
    there = mask(seed, side=40)
    np.testing.assert_array_equal(decode(encode(there), there.shape), there)


def test_values_that_do_not_repeat_are_read_too():
    """The page of Label Studio writes them so; the SDK never does."""
    bits = f"{12:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    bits += "0" + "00" + f"{7:03b}" + "".join(f"{v:08b}" for v in (0, 0, 0, 0, 9, 8, 7, 255))
    bits += "1" + "00" + f"{3:03b}" + f"{0:08b}"
    bits += "0" * (-len(bits) % 8)
    rle = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    assert decode(rle, (1, 3)).tolist() == [[False, True, False]]


@pytest.mark.parametrize("rle", [[], [0, 0, 0, 16], [0, 0, 0, 16, 57, 27], [300], ["a"], None])
def test_damaged_brush_regions_are_one_sentence(rle):
    with pytest.raises(LabelFileError):
        decode(rle, (2, 2))


def test_a_brush_region_of_another_size_is_refused():
    with pytest.raises(LabelFileError, match=r"4 pixels, its picture of 3 x 2"):
        decode(encode(np.ones((2, 2), bool)), (2, 3))


def with_holes() -> np.ndarray:
    labels = np.zeros((48, 64), np.uint8)
    labels[5:30, 10:50] = 1
    labels[12:20, 20:30] = 0  # a hole
    labels[14:16, 22:24] = 4  # with something in it
    labels[35:45, 3:20] = 4
    labels[44, 60] = 1  # a part of its own
    return labels


@pytest.mark.parametrize("style", ["brush", "polygon"])
def test_labels_with_holes_come_back_pixel_for_pixel(style):
    regions = json.loads(json.dumps(regions_of(with_holes(), CLASSES, CONFIG, style=style)))
    np.testing.assert_array_equal(painted(regions, VALUES, (48, 64)).labels, with_holes())
    kinds = {region["type"] for region in regions}
    assert kinds == ({"brushlabels"} if style == "brush" else {"brushlabels", "polygonlabels"})


POLYGONS_ALONE = read_config(
    '<View><Image name="i" value="$image"/><PolygonLabels name="p" toName="i"><Label value="Pore"/>'
    '<Label value="Fibre &amp; &quot;matrix&quot;"/></PolygonLabels></View>'
)


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.sampled_from([0, 1, 4])),
    st.sampled_from([CONFIG, POLYGONS_ALONE]),
)
def test_polygons_lose_no_pixel_whatever_holes_and_islands_there_are(labels, config):
    regions = json.loads(json.dumps(regions_of(labels, CLASSES, config, style="polygon")))
    np.testing.assert_array_equal(painted(regions, VALUES, labels.shape).labels, labels)


def test_a_project_without_a_brush_gets_an_object_with_holes_as_one_ring():
    there = np.ones((9, 12), np.uint8)
    there[2:4, 2:5] = there[5:7, 6:9] = there[4, 9] = 0
    (only,) = regions_of(there, CLASSES[:1], POLYGONS_ALONE)
    assert only["type"] == "polygonlabels"
    x, y = (np.array(only["value"]["points"]) * (12 / 100, 9 / 100)).T
    area = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2  # with its sign: holes count against the outline
    assert area == pytest.approx(there.sum())


def region(kind: str, **value) -> dict:
    """On a picture of 100 x 50."""
    return {"type": f"{kind}labels", "to_name": "image", "original_width": 100, "original_height": 50,
            "image_rotation": 0, "value": {**value, f"{kind}labels": ["Pore"]}}  # fmt: skip


def test_a_rectangle_is_its_pixels():
    there = mask_of(region("rectangle", x=10, y=20, width=30, height=40, rotation=0), (50, 100))
    assert np.argwhere(there).min(0).tolist() == [10, 10]
    assert there.sum() == 30 * 20


def test_a_rectangle_turns_clockwise_about_its_upper_left_corner():
    there = mask_of(region("rectangle", x=50, y=20, width=30, height=20, rotation=90), (50, 100))
    assert there.sum() == 30 * 10
    assert np.argwhere(there).min(0).tolist() == [10, 40]  # 30 px down from (y 10, x 50), 10 px to the left


def test_an_ellipse_has_its_area_and_turns_about_its_middle():
    upright = mask_of(region("ellipse", x=50, y=50, radiusX=20, radiusY=20), (50, 100))
    turned = mask_of(region("ellipse", x=50, y=50, radiusX=20, radiusY=20, rotation=90), (50, 100))
    assert upright.sum() == pytest.approx(np.pi * 20 * 10, rel=0.01)
    assert (np.ptp(np.argwhere(upright), axis=0) + 1).tolist() == [20, 40]
    assert (np.ptp(np.argwhere(turned), axis=0) + 1).tolist() == [40, 20]
    assert np.argwhere(turned).mean(0) == pytest.approx([24.5, 49.5])


def test_a_key_point_is_the_pixel_under_it_or_its_disc():
    assert np.argwhere(mask_of(region("keypoint", x=10.2, y=10.4, width=0.1), (50, 100))).tolist() == [[5, 10]]
    assert mask_of(region("keypoint", x=50, y=50, width=10), (50, 100)).sum() == pytest.approx(np.pi * 25, rel=0.1)


def test_a_polygon_of_several_rings_keeps_its_hole():
    outer, inner = [[10, 10], [90, 10], [90, 90], [10, 90]], [[30, 30], [60, 30], [60, 60], [30, 60]]
    there = mask_of(region("polygon", points=[outer, inner]), (50, 100))
    assert there.sum() == 80 * 40 - 30 * 15


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "vectorlabels"}, "vector"),
        ({"original_width": 90}, "90 x 50"),
        ({"image_rotation": 90}, "turned"),
        ({"value": {"x": "nan", "y": 1, "width": 1, "height": 1, "rectanglelabels": ["Pore"]}}, "damaged"),
        ({"value": {"rectanglelabels": ["Mud"], "x": 0, "y": 0, "width": 9, "height": 9}}, "Mud"),
    ],
)
def test_what_cannot_be_drawn_is_left_out_and_told(change, words):
    there = region("rectangle", x=10, y=20, width=30, height=40) | change
    found = painted([there], VALUES, (50, 100))
    assert not found.labels.any()
    assert words in found.left_out[0]


def test_labels_beside_their_shape_and_choices_are_read():
    shape = region("rectangle", x=0, y=0, width=50, height=100) | {"id": "a", "type": "rectangle"}
    shape["value"].pop("rectanglelabels")
    label = {"id": "a", "type": "labels", "to_name": "image", "value": {"labels": ["pore"]}}
    choice = {"type": "choices", "to_name": "image", "value": {"choices": ["good"]}}
    found = painted([shape, label, choice], VALUES, (50, 100))
    assert (found.labels == 1).sum() == 50 * 50
    assert (found.choices, found.left_out) == (("good",), ())


def test_classes_become_a_configuration_and_come_back_with_their_colours():
    assert [(c.name, c.color) for c in CONFIG.classes] == [(c.name, c.color) for c in CLASSES]
    assert missing_labels(CONFIG, (*CLASSES, LabelClass(9, "New", "#009E73"))) == ["New"]


def test_a_configuration_of_somebody_else_is_read_in_its_own_names():
    config = read_config(
        '<View><Image name="pic" value="$photo"/><BrushLabels name="b" toName="pic"><Label value="PORE" '
        'background="rgba(255, 0, 0, .5)"/></BrushLabels><Choices name="c" toName="pic">'
        '<Choice value="ok"/></Choices></View>'
    )
    assert (config.image_key, [(c.name, c.color) for c in config.classes]) == ("photo", [("PORE", "#FF0000")])
    (only,) = regions_of((with_holes() == 1).astype(np.uint8), CLASSES, config)
    assert (only["from_name"], only["to_name"], only["value"]["brushlabels"]) == ("b", "pic", ["PORE"])


@pytest.mark.parametrize("text", ["<View>", "<View/>", '<!DOCTYPE a [<!ENTITY b "c">]><View/>', "no XML"])
def test_a_configuration_that_is_none_is_one_sentence(text):
    with pytest.raises(LabelFileError):
        read_config(text)


def test_uncertain_objects_stay_out():
    scores = np.full((48, 64), 200, np.uint8)
    scores[35:45, 3:20] = 20
    regions = regions_of(with_holes(), CLASSES, CONFIG, scores=scores, least_score=0.5)
    found = painted(regions, VALUES, (48, 64)).labels
    assert not found[35:45, 3:20].any()
    assert (found[:30] == with_holes()[:30]).all()
    assert [round(region["score"], 2) for region in regions] == [0.78, 0.78]


def a_task(labels: np.ndarray, z: int, region: Region, **more) -> dict:
    spot = Spot("a/stack", z, region)
    assert spot_of({"data": data_of(spot, (0, 1))}) == spot
    result = regions_of(labels[region.slices], CLASSES, CONFIG)
    return {"data": {"image": "/data/upload/1/x.png", **data_of(spot, (0, 1))},
            "annotations": [{"result": result, "updated_at": "2026-01-01", "completed_by": 1, **more}]}  # fmt: skip


def test_regions_of_a_slice_return_to_their_pixels(tmp_path):
    labels = with_holes()
    tasks = [a_task(labels, 2, Region(0, 0, 48, 30)), a_task(labels, 2, Region(0, 30, 48, 64))]
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(as_file(tasks, write_config(CLASSES), project="Pores")))
    file = open_labels(path, (5, 48, 64))
    ((z, pixels),) = list(file)
    np.testing.assert_array_equal(pixels, np.select([labels == 1, labels == 4], [1, 2]))
    report = report_on(file, Target((5, 48, 64), CLASSES))
    assert (z, report.fits, report.notes, [m.class_id for m in report.matches]) == (2, True, (), [1, 4])


def test_an_export_of_label_studio_itself_is_placed_by_its_pictures_names(tmp_path):
    task = a_task(with_holes(), 0, Region(0, 0, 48, 64))
    task["data"] = {"image": "/data/upload/1/ab12cd34-slice_0004.png"}
    other = {"data": {"image": "/data/upload/1/none.png"}, "annotations": task["annotations"] * 2}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task, other, {"data": {}, "annotations": []}]))
    file = open_labels(path, (9, 48, 64))
    assert file.facts.slices == (3,)
    notes = report_on(file, Target((9, 48, 64), CLASSES)).notes
    assert notes == (
        "Tasks with several annotations: 1. The ground truth counts, else the newest.",
        "Tasks that show no part of this volume: 1. They stay out.",
    )


def test_the_ground_truth_counts_else_the_newest_that_was_not_cancelled():
    rows = [
        {"id": 1, "updated_at": "2026-01-03", "was_cancelled": True},
        {"id": 2, "updated_at": "2026-01-02", "completed_by": {"id": 7, "email": "anna@example.com"}},
        {"id": 3, "updated_at": "2026-01-01", "completed_by": 8},
    ]
    assert chosen_annotation({"annotations": rows})["id"] == 2
    assert chosen_annotation({"annotations": rows}, "8")["id"] == 3
    assert chosen_annotation({"annotations": rows}, "anna@example.com")["id"] == 2
    assert chosen_annotation({"annotations": [*rows, {"id": 4, "ground_truth": True}]})["id"] == 4
    assert chosen_annotation({"annotations": rows[:1]}) is None


def test_choices_become_a_label_table():
    config = (
        '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="good"/><Choice value="bad"/>'
        '</Choices><Choices name="d" toName="i"><Choice value="sharp"/></Choices></View>'
    )
    chosen = {"type": "choices", "from_name": "c", "to_name": "i", "value": {"choices": ["bad"]}}
    data = data_of(Spot("a/stack", 2, Region(0, 0, 48, 64)), (0, 1))
    tasks = [
        {"id": 7, "data": {"image": "/x.png", **data}, "annotations": [{"result": [chosen]}]},
        {"id": 8, "data": {"image": "/y/photo.png"}, "annotations": [{"result": []}]},
        {"id": 9, "data": {}, "annotations": []},
    ]
    table = table_of(tasks, config)
    assert table.classes == ("good", "bad", "sharp")
    assert table.tags.tolist() == [[0, 1, -1], [-1, -1, -1]]
    assert [(each.source, each.filename) for each in table.items] == [("a/stack", "stack_00003.png"), ("", "photo.png")]
    assert read_csv(write_csv(table)) == table
    with pytest.raises(LabelFileError, match="no choices"):
        table_of(tasks, write_config(CLASSES))
