"""What made the result on the image: its model and all that is known of both, and the way to the model's card."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from dash import html

from components import ids
from components.jobs import duration
from components.times import minute
from core.learning.models import TrainedModel

Job = Mapping[str, Any]
GONE = "deleted since"
HASH_SHOWN = 12


def fold() -> html.Details:
    """Hidden while no result is chosen; a callback fills it in."""
    model = html.Button(id=ids.ORIGIN_MODEL, className="button", title="Show the model and its scores", hidden=True)
    facts = html.Dl(id=ids.ORIGIN_FACTS, className="model-facts")
    return html.Details(
        [html.Summary("What made this"), model, facts], id=ids.ORIGIN, className="result-origin", hidden=True
    )


def facts(job: Job, model: TrainedModel | None, timezone: tzinfo) -> list[Any]:
    """From the model and the labels it saw to the segmentation; enough to make the result again."""
    told = (_of_model(model, timezone) if model else {"Model": GONE, "Algorithm": job["algorithm"]}) | {
        "Segmented": _segmented(job, timezone),
        "With": words(job["prediction"]) or "nothing chosen",
        "Code": _code(model.code_version if model else "", job["code_version"]),
    }
    return [part for term, fact in told.items() for part in (html.Dt(term), html.Dd(fact))]


def words(parameters: Mapping[str, Any]) -> str:
    """Parameters in a line; what is empty or off is not said.

    >>> words({"smooth_px": 0, "flips": True, "class_shares": "", "keep_entropy": False})
    'flips, smooth_px 0'
    """
    said = {key: value for key, value in sorted(parameters.items()) if value not in ("", None) and value is not False}
    return ", ".join(key if value is True else f"{key} {value}" for key, value in said.items())


def _of_model(model: TrainedModel, timezone: tzinfo) -> dict[str, Any]:
    return {
        "Model": model.name,
        "Algorithm": model.algorithm,
        "Trained": f"{minute(model.created, timezone)} on {model.volume}",
        "Parameters": words(model.parameters) or "as they come",
        "Labels": _short(model.labels_hash),
    }


def _short(labels_hash: str) -> Any:
    """Enough of it to tell labels apart; all of it to be copied from the card of the model."""
    return html.Span(labels_hash[:HASH_SHOWN], title=labels_hash) if labels_hash else "not known"


def _segmented(job: Job, timezone: tzinfo) -> str:
    """When, for whom, and how long it took.

    The time is that of the job: one that trained, too, took longer than its segmentation.
    """
    took = f", took {duration(job['ended'] - job['started'])}" if job["started"] and job["ended"] else ""
    return f"{minute(job['started'] or job['created'], timezone)} for {job['user']}{took}"


def _code(trained: str, segmented: str) -> str:
    """
    >>> _code("0.1.0", "0.1.0"), _code("0.1.0", "0.2.0"), _code("", "")
    ('version 0.1.0', 'version 0.1.0 trained, 0.2.0 segmented', 'not known')
    """
    if trained and segmented and trained != segmented:
        return f"version {trained} trained, {segmented} segmented"
    return f"version {trained or segmented}" if trained or segmented else "not known"
