"""Job cards: what they tell and offer in each state."""

import pytest
from dash import html

from components import ids, jobs


def job(**changes):
    record = {
        "id": "j1",
        "kind": "train",
        "name": "Membranes",
        "algorithm": "U-Net",
        "volume": "isbi/images",
        "state": "running",
        "progress": 0.456,
        "message": "Epoch 4 of 9",
        "seconds_left": 131,
        "started": 100.0,
        "ended": 0.0,
        "error": "",
        "hint": "",
        "slices_done": [],
        "classes": [{"id": 3, "name": "membrane", "color": "#E69F00"}],
        "scores": {},
        "note": "",
        "preview": 0,
        "place": 0,
        "behind": 0,
        "can_rest": True,
    }
    return {**record, **changes}


def text(component) -> str:
    """All words of a component, in order."""
    if component is None:
        return ""
    if isinstance(component, (list, tuple)):
        return " ".join(filter(None, map(text, component)))
    return component if isinstance(component, str) else text(getattr(component, "children", None))


def buttons(card) -> dict:
    return {each.id["type"]: each for each in card._traverse() if isinstance(each, html.Button)}


def test_a_running_job_tells_how_far_it_is_and_how_long_it_takes():
    card = jobs.card(job(), None)
    assert "Running" in text(card)
    assert "Epoch 4 of 9 45 %, about 2 min left" in text(card)
    bar = next(each for each in card._traverse() if getattr(each, "role", None) == "progressbar")
    assert getattr(bar, "aria-valuenow") == "45"
    assert set(buttons(card)) == {"job-show", "job-log", "job-pause", "job-cancel"}
    assert "job-pause" not in buttons(jobs.card(job(can_rest=False), None)), "where it runs it cannot be paused"
    assert buttons(card)["job-show"].disabled, "there is no slice to show yet"


def test_a_paused_job_tells_how_far_it_is_and_goes_on():
    card = jobs.card(job(state="paused", seconds_left=None), None)
    assert "Paused" in text(card) and "45 %" in text(card)
    assert set(buttons(card)) == {"job-show", "job-log", "job-resume", "job-cancel"}


@pytest.mark.parametrize(
    ("place", "behind", "offered"),
    [
        (1, 0, set()),
        (1, 2, {"job-later"}),
        (2, 1, {"job-first", "job-later"}),
        (3, 0, {"job-first", "job-earlier"}),
    ],
)
def test_a_waiting_job_offers_the_turns_that_change_something(place, behind, offered):
    card = jobs.card(job(state="queued", place=place, behind=behind), None)
    assert set(buttons(card)) & {"job-first", "job-earlier", "job-later"} == offered
    assert "job-pause" not in buttons(card)


def test_a_finished_job_tells_its_scores_with_the_names_of_the_classes():
    card = jobs.card(job(state="done", ended=175.0, slices_done=[0], scores={"mean_iou": 0.71, "iou/3": 0.64}), None)
    assert "Mean IoU  0.71" in text(card)
    assert "membrane 0.64" in text(card)
    assert "took 1 min 15 s" in text(card)
    assert set(buttons(card)) == {"job-show", "job-log"}


def test_a_training_tells_what_happened_on_the_way():
    note = "Memory ran out, so batches hold 2 patches."
    assert note in str(jobs.card(job(state="done", ended=175.0, note=note), None))
    assert "job-note" not in str(jobs.card(job(), None))


def test_a_failed_job_tells_why_and_what_to_do():
    card = jobs.card(job(state="failed", error="The mask is too small.", hint="Paint more."), None)
    assert "The mask is too small. Paint more." in text(card)
    assert set(buttons(card)) == {"job-log", "job-resume"}


def test_an_open_log_is_shown_and_can_be_closed():
    card = jobs.card(job(), "Epoch 1\nEpoch 2")
    assert any(getattr(each, "id", None) == ids.job_log("j1") for each in card._traverse())
    assert "Epoch 2" in text(card)
    assert buttons(card)["job-log"].children == "Close log"


def test_a_card_is_found_by_job_and_state():
    card = jobs.card(job(state="queued"), None)
    assert getattr(card, "data-job") == "j1"
    assert getattr(card, "data-state") == "queued"


def test_no_jobs_yet_teaches_what_to_do():
    assert "Train a model" in text(jobs.cards([], {}))


def test_the_strip_shows_the_job_that_runs_and_nothing_else():
    waiting = job(id="j2", state="queued", name="Later")
    assert "Training Membranes 45 %, about 2 min left" in text(jobs.strip_content([waiting, job()]))
    assert jobs.strip_content([waiting]) == []


def test_progress_alone_leaves_the_shape_of_a_card_alone():
    assert jobs.shape(job()) == jobs.shape(job(progress=0.9, seconds_left=1, message="Epoch 9 of 9"))
    assert jobs.shape(job()) != jobs.shape(job(slices_done=[0]))
    assert jobs.shape(job()) != jobs.shape(job(state="done"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "a few seconds left"),
        (12, "about 10 s left"),
        (54, "about 55 s left"),
        (58, "about 1 min left"),
        (89 * 60, "about 1 h 29 min left"),
        (7200, "about 2 h left"),
    ],
)
def test_time_left_is_told_in_words(seconds, words):
    assert jobs.time_left(seconds) == words
