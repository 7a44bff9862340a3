"""What the command line leaves: the metrics and probabilities of every step, and the final split of the images.

The columns of the metrics are those of the Active-Labeler. Precision and its like are of validation, at 0.5; the
columns of confidence count images of the pool, whose truth their names tell (`pos_class`).
"""

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.learning.curation.scores import score
from core.learning.curation.split import LIKELY, split_rows, write_split
from core.learning.curation.table import LabelTable
from scripts.active_learning.session import State, write_whole

COLUMNS = (
    "class",
    "step",
    "model_type",
    "train_ratio",
    "pos_train_img",
    "neg_train_imgs",
    "train_time",
    "labeled_pos",
    "labeled_neg",
    "f1_score",
    "precision",
    "accuracy",
    "recall",
    *(f"{sign}_class_confidence_{limit}" for sign in ("pos", "neg") for limit in ("0.8", "0.5", "median")),
    "total_labeling_effort",
    "actual_pos_imgs_0.8",
    "actual_pos_imgs_0.5",
)
SURE = 0.8


@dataclass(frozen=True)
class Step:
    """number : from 1. mode : l or f. minutes : of training. pool : rows that nobody has labelled."""

    number: int
    mode: str
    minutes: float
    pool: Sequence[int]


def metrics_row(table: LabelTable, state: State, step: Step, pos_class: str) -> dict[str, Any]:
    """One row of the metrics, numbers rounded to two places. The table has the chances of the step."""
    assert table.chances is not None, "a step has just been trained"
    name = table.classes[0]
    counts, held = table.counts()[name], score(table, table.chances, name)
    truth = np.array([pos_class in table.items[row].id for row in step.pool], bool)
    said = table.chances[list(step.pool), 0]
    told = {f"pos_class_confidence_{key}": value for key, value in _confidence(said[truth]).items()}
    told |= {f"neg_class_confidence_{key}": value for key, value in _confidence(said[~truth]).items()}
    positive, negative = state.labelled
    row = {
        "class": pos_class,
        "step": step.number,
        "model_type": step.mode,
        "train_ratio": counts.negative / counts.positive if counts.positive else float("nan"),
        "pos_train_img": counts.positive,
        "neg_train_imgs": counts.negative,
        "train_time": step.minutes,
        "labeled_pos": positive,
        "labeled_neg": negative,
        "f1_score": held.f1,
        "precision": held.precision,
        "accuracy": held.accuracy,
        "recall": held.recall,
        **told,
        "total_labeling_effort": counts.positive
        + counts.negative
        + told["pos_class_confidence_0.8"]
        + told["neg_class_confidence_0.8"],
        "actual_pos_imgs_0.8": counts.positive + told["pos_class_confidence_0.8"] + positive,
        "actual_pos_imgs_0.5": counts.positive + told["pos_class_confidence_0.5"] + positive,
    }
    return {key: _rounded(value) for key, value in row.items()}


def write_metrics(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    write_whole(path, _csv(COLUMNS, [[row[name] for name in COLUMNS] for row in rows]))


def write_probabilities(path: Path, table: LabelTable, steps: Sequence[Mapping[str, float]]) -> None:
    """A row a file, a column a step: how likely it was positive; empty once it was labelled."""
    head = ["filepath", *(f"step {number}" for number in range(1, len(steps) + 1))]
    rows = [[item.filename, *(_rounded(each.get(item.id, ""), 4) for each in steps)] for item in table.items]
    write_whole(path, _csv(head, rows))


def split(table: LabelTable, unsure: Sequence[str], folder: Path, *, copies: bool) -> dict[str, int]:
    """Every image as positive or negative, as people say, else the model; what people could not tell in neither.

    Writes manifest.csv into `folder`, and copies of the files below positive/ and negative/ when asked to.
    """
    rows = {row for row, item in enumerate(table.items) if item.id in set(unsure)}
    decided = list(split_rows(table, table.classes[0], rows))
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "manifest.csv", write_split(table, table.classes[0], rows))
    for each in decided if copies else ():
        target = folder / each.words[0] / table.items[each.row].id
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(table.items[each.row].filename, target)
    positive = sum(each.positive for each in decided)
    return {"positive": positive, "negative": len(decided) - positive}


def _confidence(said: "np.ndarray[Any, np.dtype[np.float32]]") -> dict[str, Any]:
    median = float(np.median(said)) if len(said) else float("nan")
    return {"0.8": int((said >= SURE).sum()), "0.5": int((said >= LIKELY).sum()), "median": median}


def _rounded(value: Any, places: int = 2) -> Any:
    if isinstance(value, float):
        return "" if np.isnan(value) else round(value, places)
    return value


def _csv(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return lines.getvalue()
