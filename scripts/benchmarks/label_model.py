"""What the labels must be, in plain numpy: one array, and for each person the steps that can be taken back.

It knows neither tiles nor databases, and shares no code with them: loops over spans, comparisons of whole arrays. The
chaos and the sequences benchmarks hold the label store against it (docs/reliability.md).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.labels.rules import PaintRule

Labels = NDArray[np.uint8]
ALL_CLASSES = range(1, 256)


class Stroke(Protocol):
    """What the model reads of a `Paint` or an `EditBody`."""

    @property
    def axis(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def label(self) -> int: ...
    @property
    def spans(self) -> NDArray[np.int32]: ...
    @property
    def parts(self) -> tuple[tuple[int, int], ...]: ...
    @property
    def rule(self) -> PaintRule: ...


@dataclass(frozen=True)
class Step:
    """The last change that a step made: flat pixel indices, and their class ids before and after.

    deleted : the class that went with the pixels.
    """

    at: NDArray[np.intp]
    before: Labels
    after: Labels
    deleted: int | None = None


@dataclass
class Steps:
    """What one person can take back, and what can be done again; the next one is the last."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)


@dataclass
class LabelModel:
    """labels : (Z, Y, X) uint8 class ids, replaced by a new array with every change."""

    labels: Labels
    people: dict[str, Steps] = field(default_factory=dict)

    def steps(self, user: str) -> Steps:
        return self.people.setdefault(user, Steps())

    def paint(self, user: str, stroke: Stroke) -> None:
        """Part after part, where the rule allows it by what stood there before."""
        after = self.labels.copy()
        plane, before = (plane_of(labels, stroke.axis, stroke.index) for labels in (after, self.labels))
        allowed = _allowed(before, stroke.rule)
        first = 0
        for label, count in stroke.parts or ((stroke.label, len(stroke.spans)),):
            for row, start, stop in stroke.spans[first : first + count]:
                if row < len(plane):  # what lies outside is dropped
                    plane[row, start:stop][allowed[row, start:stop]] = label
            first += count
        self.become(user, after)

    def become(self, user: str, after: Labels, *, is_step: bool = False) -> None:
        """Any other change of pixels; a step if it changes one, or says that it is one."""
        self._push(user, self._change(after), is_step=is_step)

    def delete_class(self, user: str, class_id: int) -> None:
        """Erase the class; a step even if it has no pixel."""
        self._push(user, self._change(_without(self.labels, class_id), deleted=class_id), is_step=True)

    def undo(self, user: str, classes: Collection[int] = ALL_CLASSES) -> None:
        """Take back the newest step where it still stands. classes : those that exist afterwards."""
        steps = self.steps(user)
        if steps.done:
            steps.undone.append(self._take_back(steps.done.pop(), classes))

    def redo(self, user: str, classes: Collection[int] = ALL_CLASSES) -> None:
        """Put back what was undone last; a deletion is done afresh, whoever has painted with the class since."""
        steps = self.steps(user)
        if not steps.undone:
            return
        step = steps.undone.pop()
        if step.deleted is None:
            steps.done.append(self._take_back(step, classes))
        else:
            steps.done.append(self._change(_without(self.labels, step.deleted), deleted=step.deleted))

    def _take_back(self, step: Step, classes: Collection[int]) -> Step:
        """A pixel whose former class is gone becomes unlabelled."""
        former = np.where(np.isin(step.before, list(classes)), step.before, 0)
        after = self.labels.copy()
        now = after.flat[step.at]
        after.flat[step.at] = np.where(now == step.after, former, now)
        return self._change(after, at=step.at, deleted=step.deleted)

    def _change(self, after: Labels, *, at: NDArray[np.intp] | None = None, deleted: int | None = None) -> Step:
        at = np.flatnonzero(self.labels != after) if at is None else at
        step = Step(at, self.labels.flat[at], after.flat[at], deleted)
        self.labels = after
        return step

    def _push(self, user: str, step: Step, *, is_step: bool) -> None:
        if len(step.at) or is_step:
            self.steps(user).done.append(step)
            self.steps(user).undone.clear()


def plane_of(labels: Labels, axis: str, index: int) -> Labels:
    """A view of the plane an edit is painted on: XY, XZ (rows z) or YZ (rows y)."""
    views: dict[str, Callable[[], Labels]] = {
        "z": lambda: labels[index],
        "y": lambda: labels[:, index],
        "x": lambda: labels[:, :, index].T,
    }
    return views[axis]()


def _allowed(before: Labels, rule: PaintRule) -> NDArray[np.bool_]:
    over = {"all": np.full(before.shape, True), "empty": before == 0}
    allowed = over[rule.overwrite] if isinstance(rule.overwrite, str) else before == rule.overwrite
    return allowed & ~np.isin(before, rule.protect)


def _without(labels: Labels, class_id: int) -> Labels:
    return np.where(labels == class_id, np.uint8(0), labels)
