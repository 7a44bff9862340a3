"""The scores of a model, and of several side by side."""

from dataclasses import replace

import numpy as np
import pytest

from components import model_details, model_table
from core.labels.classes import LabelClass
from core.learning.comparison import predecessor, warning
from core.learning.metrics import Scores
from core.learning.models import TrainedModel

CLASSES = (LabelClass(1, "cell", "#E69F00"), LabelClass(2, "membrane", "#56B4E9"))


def model(name, *, right=0.8, created=0.0, labels="abc", **changes):
    """A model that is right in so many of 100 pixels of each class, and as sure as that."""
    truth = np.repeat(np.array([1, 2], np.uint8), 100)
    wrong = np.tile(np.arange(100) >= 100 * right, 2)
    predicted = np.where(wrong, 3 - truth, truth)
    found = Scores((1, 2)).add(truth, predicted, np.full(200, round(255 * right), np.uint8)).evaluation()
    made = TrainedModel(name, name, "U-Net", {}, CLASSES, "stack", created, labels, found.scores, found)
    return replace(made, **changes)


def text(parts) -> str:
    return " ".join(str(part) for part in parts)


def test_a_model_shows_each_class_the_confusion_and_the_calibration():
    told = text(model_details.details([model("A")], [model("A")]))
    for words in (
        "Mean IoU",
        "Calibration error",
        "cell",
        "membrane",
        "Recall",
        "80%",
        "20 pixels of cell taken for membrane",
    ):
        assert words in told
    assert "Boundary F1" not in told, "nothing is shown that was not measured"


def test_the_features_that_count_most_have_a_bar_and_the_others_are_added_up():
    counted = {"Edges, 2 px": 0.4, "Texture, 5 px": 0.3} | {f"Spots, {px} px": 0.03 for px in range(10)}
    told = text(model_details.details([model("A", importances=counted)], []))
    assert told.index("Edges, 2 px") < told.index("Texture, 5 px") < told.index("4 others")
    assert "'40%'" in told and "'12%'" in told
    assert "Features" not in text(model_details.details([model("A")], []))


def test_two_models_stand_side_by_side_with_the_better_score_marked():
    good, bad = model("Good", right=0.9), model("Bad", right=0.7)
    told = text(model_details.details([bad, good], [bad, good]))
    assert "Td(children='0.900', className='score-best')" in told
    assert "Td(children='0.700', className='')" in told
    lines = model_details.calibration_figure([bad, good])["data"]
    assert [line.get("name") for line in lines] == [None, "Bad", "Good"]
    assert lines[1]["line"]["color"] != lines[2]["line"]["color"]
    assert (lines[2]["x"], lines[2]["y"]) == ([pytest.approx(230 / 255)], [0.9])


def test_models_judged_on_different_labels_say_so():
    assert "different labels" in text(model_details.details([model("A"), model("B", labels="xyz")], []))
    assert "different labels" not in text(model_details.details([model("A"), model("B")], []))


def test_what_to_do_is_said_where_nothing_is_chosen_or_scored():
    assert "Choose a model" in text(model_details.details([], []))
    assert "Too few labels" in text(model_details.details([model("A", scores={})], []))


def test_a_model_worse_than_the_one_before_it_warns():
    old, new, newest = model("Old", created=1), model("New", right=0.6, created=2), model("Newest", created=3)
    told = warning(new, [newest, new, old])
    assert told == "Scores 0.43, less than the model before it, Old, with 0.67 on the same labels."
    assert warning(newest, [newest, new, old]) == "" and warning(old, [newest, new, old]) == ""
    assert told in text(model_details.details([new], [newest, new, old]))
    rows = {row["id"]: row for row in model_table.rows([newest, new, old], None)}
    assert rows["New"]["warning"] == told and rows["New"]["scores"].startswith(told)
    assert rows["Newest"]["warning"] == ""


def test_only_models_of_the_same_volume_and_classes_are_compared():
    new = model("New", right=0.5, created=5)
    for other in (
        model("A", created=1, volume="other"),
        model("B", created=1, classes=CLASSES[:1]),
        model("C", created=1, scores={}),
        model("D", created=9),
    ):
        assert predecessor(new, [new, other]) is None
    nearly = model("E", right=0.5, created=1)
    assert predecessor(new, [new, nearly]) == nearly and warning(new, [new, nearly]) == ""
