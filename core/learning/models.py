"""A trained model as a row of the registry, and what people say of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import InvalidInputError
from core.labels.classes import LabelClass
from core.learning.jobs import JobRequest
from core.learning.metrics import Evaluation

STAGES = ("", "candidate", "production")
"""How far people trust a model; of those with one registered name, one at most is at each stage."""
MAX_NAME, MAX_WORDS, MAX_TAGS = 120, 2000, 12


@dataclass(frozen=True)
class ModelWords:
    """What people say of a model, whatever it has learned. archived : kept, but offered no more."""

    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    stage: str = ""
    archived: bool = False

    def checked(self) -> "ModelWords":
        """Without blanks around, and no tag twice. Raises InvalidInputError."""
        tags = tuple(dict.fromkeys(tag.strip() for tag in self.tags if tag.strip()))
        words = replace(self, name=self.name.strip(), description=self.description.strip(), tags=tags)
        if not 0 < len(words.name) <= MAX_NAME:
            raise InvalidInputError("A model needs a name.", f"Use 1 to {MAX_NAME} characters.")
        if len(words.description) > MAX_WORDS:
            raise InvalidInputError("The description is too long.", f"Use at most {MAX_WORDS:,} characters.")
        if len(tags) > MAX_TAGS:
            raise InvalidInputError(f"A model has {len(tags)} tags.", f"Use at most {MAX_TAGS}.")
        if words.stage not in STAGES:
            raise InvalidInputError(f"There is no stage {words.stage!r}.", "Use candidate, production, or none.")
        return words


@dataclass(frozen=True)
class TrainedModel:
    """id : the run that trained it. labels_hash : of the labels it saw. created : POSIX seconds.

    classes : empty when it was trained without labels; then it segments nothing, but others may start from it.

    evaluation : on labels kept out of training; models of older versions have `scores` only, the same as its scores.
    code_version : of the code that trained it; empty where older versions did not say.
    description, tags, stage, archived : as `ModelWords` has them.
    has_thumbnail : a picture of what it predicted first is kept.
    importances, learned_shares : as `segmenter.TrainingReport` has them; empty where the algorithm knows none.
    labelled_pixels : of the mask it saw; 0 where older versions did not count.
    """

    id: str
    name: str
    algorithm: str
    parameters: Mapping[str, Any]
    classes: Sequence[LabelClass]
    volume: str
    created: float
    labels_hash: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    evaluation: Evaluation = field(default_factory=Evaluation)
    importances: Mapping[str, float] = field(default_factory=dict)
    learned_shares: Mapping[int, float] = field(default_factory=dict)
    description: str = ""
    tags: Sequence[str] = ()
    stage: str = ""
    archived: bool = False
    code_version: str = ""
    labelled_pixels: int = 0
    has_thumbnail: bool = False

    @classmethod
    def of(cls, job_id: str, request: JobRequest, **more: Any) -> "TrainedModel":
        """What a training has made now. more : what is known of it beyond what was asked for."""
        return cls(
            id=job_id,
            name=request.name,
            algorithm=request.algorithm,
            parameters=request.parameters,
            classes=request.classes,
            volume=request.volume,
            created=time.time(),
            labels_hash=request.mask_uri.rstrip("/").rpartition("/")[2],
            **more,
        )

    @property
    def words(self) -> ModelWords:
        """What people say of it."""
        return ModelWords(self.name, self.description, tuple(self.tags), self.stage, self.archived)

    @property
    def starts(self) -> str:
        """The algorithm whose training may start from it: its own, or the network whose encoder it is."""
        return self.algorithm if self.classes else str(self.parameters.get("architecture", ""))
