"""Training curves: what is drawn for one training and for several."""

from components import curves

LOSS = [(0, 1.0), (10, 0.4)]
SCORE = [(10, 0.7)]


def test_loss_and_score_have_axes_of_their_own_with_titles():
    figure = curves.figure([("A", {"loss": LOSS, "mean_iou": SCORE})])
    loss, score = figure["data"]
    assert (loss["x"], loss["y"], loss["yaxis"]) == ([0, 10], [1.0, 0.4], "y")
    assert (score["x"], score["y"], score["yaxis"]) == ([10], [0.7], "y2")
    titles = {axis: figure["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis", "yaxis2")}
    assert titles == {"xaxis": "Training step", "yaxis": "Loss", "yaxis2": "Mean IoU"}


def test_the_newest_patch_of_a_training_is_shown_where_it_has_one():
    job = {"id": "7", "name": "Membranes", "preview": 40}
    assert "'api/jobs/7/preview?step=40" in str(curves.preview(job))
    assert curves.preview(job | {"preview": 0}) is None
    assert curves.preview(None) is None


def test_two_trainings_of_one_name_are_both_drawn_in_colors_of_their_own():
    first, second = curves.figure([("A", {"loss": LOSS}), ("A", {"loss": LOSS})])["data"]
    assert first["line"]["color"] != second["line"]["color"]


def test_a_training_without_curve_is_explained():
    figure = curves.figure([("A", {"loss": [], "mean_iou": []})])
    assert figure["data"] == []
    assert "No curve yet" in figure["layout"]["annotations"][0]["text"]
    assert not figure["layout"]["xaxis"]["visible"]
