"""Whether a new model is better than the one before it, in figures and in a sentence."""

from collections.abc import Sequence

from core.learning.models import TrainedModel

NOISE = 0.01  # of mean IoU; the same labels and another seed differ by as much


def predecessor(model: TrainedModel, models: Sequence[TrainedModel]) -> TrainedModel | None:
    """The newest scored model before this one, of the same volume and classes."""
    older = [each for each in models if each.created < model.created and _comparable(each, model)]
    return max(older, key=lambda each: each.created, default=None)


def warning(model: TrainedModel, models: Sequence[TrainedModel]) -> str:
    """One sentence when the model scores lower than the one before it; else empty."""
    before = predecessor(model, models)
    if before is None or "mean_iou" not in model.scores:
        return ""
    now, then = model.scores["mean_iou"], before.scores["mean_iou"]
    if now >= then - NOISE:
        return ""
    judged = "on the same labels" if model.labels_hash == before.labels_hash else "though on other labels"
    return f"Scores {now:.2f}, less than the model before it, {before.name}, with {then:.2f} {judged}."


def _comparable(one: TrainedModel, other: TrainedModel) -> bool:
    same = one.volume == other.volume and {row.id for row in one.classes} == {row.id for row in other.classes}
    return same and one.id != other.id and "mean_iou" in one.scores
