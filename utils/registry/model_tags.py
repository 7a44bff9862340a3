"""A trained model as the tags of an MLflow model version, and back."""

import json
from typing import TYPE_CHECKING

from core.learning.metrics import Evaluation
from core.learning.models import STAGES, ModelWords, TrainedModel
from utils.jobs.job_ledger import classes_as_json, classes_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow.entities.model_registry import ModelVersion

TRAINED_MODEL = "trained_model"
THUMBNAIL = "thumbnail"  # written when there is one, after the model; a bundle has none


def tags_of(model: TrainedModel) -> dict[str, str]:
    return {
        "entity_type": TRAINED_MODEL,
        "algorithm": model.algorithm,
        "parameters": json.dumps(dict(model.parameters)),
        "classes": classes_as_json(model.classes),
        "volume": model.volume,
        "labels_hash": model.labels_hash,
        "scores": json.dumps(dict(model.scores)),
        "evaluation": json.dumps(model.evaluation.to_json()),
        "importances": json.dumps(dict(model.importances)),
        "learned_shares": json.dumps({str(key): round(share, 5) for key, share in model.learned_shares.items()}),
        "created": str(model.created),
        "code_version": model.code_version,
        "labelled_pixels": str(model.labelled_pixels),
        **tags_of_words(model.words),
    }


def tags_of_words(words: ModelWords) -> dict[str, str]:
    """What people say; the stage is an alias, and not among them."""
    return {
        "name": words.name,
        "description": words.description,
        "words": json.dumps(list(words.tags)),
        "archived": "yes" if words.archived else "",
    }


def model_of(version: "ModelVersion", aliases: "Mapping[str, str]") -> TrainedModel:
    """aliases : of the registered model, {alias: version}; one of them may be the stage."""
    stage = next((alias for alias, number in aliases.items() if number == version.version and alias in STAGES), "")
    known = {"name": version.name, "created": str(version.creation_timestamp / 1000), **version.tags}
    return from_tags(version.run_id, known, stage=stage)


def from_tags(model_id: str, tags: "Mapping[str, str]", *, stage: str = "") -> TrainedModel:
    """What `tags_of` wrote; ValueError, KeyError and TypeError for what it did not."""
    return TrainedModel(
        id=model_id,
        name=tags["name"],
        algorithm=tags.get("algorithm", ""),
        parameters=json.loads(tags.get("parameters", "{}")),
        classes=classes_from_json(tags.get("classes", "[]")),
        volume=tags.get("volume", ""),
        created=float(tags["created"]),
        labels_hash=tags.get("labels_hash", ""),
        scores=json.loads(tags.get("scores", "{}")),
        evaluation=Evaluation.from_json(json.loads(tags.get("evaluation", "{}"))),
        importances=json.loads(tags.get("importances", "{}")),
        learned_shares={int(key): share for key, share in json.loads(tags.get("learned_shares", "{}")).items()},
        description=tags.get("description", ""),
        tags=tuple(json.loads(tags.get("words", "[]"))),
        stage=stage,
        archived=bool(tags.get("archived")),
        code_version=tags.get("code_version", ""),
        labelled_pixels=int(tags.get("labelled_pixels", "0")),
        has_thumbnail=bool(tags.get(THUMBNAIL)),
    )
