"""Who says what an image is: here a simulation that knows the names; people do it through `by_swipe.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.learning.curation.table import Item

Answers = Mapping[str, int | None]


class Labeller(Protocol):
    """Of each item: 1 it is, 0 it is not, None nobody could tell."""

    def ask(self, items: Sequence[Item]) -> Answers: ...


@dataclass(frozen=True)
class ByName:
    """For experiments: an image is positive when the word occurs in its path, as in the Active-Labeler."""

    word: str

    def ask(self, items: Sequence[Item]) -> Answers:
        return {item.id: int(self.word in item.id) for item in items}
