"""What an export would send, before anything is sent: objects of each class, and how many are certain enough."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.labelstudio.exporting import Shipment, Source, Told
from core.labelstudio.results import object_scores
from core.labelstudio.tasks import Spot


@dataclass(frozen=True)
class Count:
    """Objects of a class: 4-connected, each cut where its task ends. sent : those that are certain enough."""

    name: str
    objects: int = 0
    sent: int = 0


@dataclass(frozen=True)
class Preview:
    """tasks : that are looked at. empty : of these, without an object to send. least_score : 0 leaves nothing out."""

    tasks: int
    empty: int
    counts: tuple[Count, ...]
    least_score: float = 0.0

    def told(self) -> list[str]:
        """A sentence each.

        >>> Preview(4, 1, (Count("Pore", 15, 12),), 0.7).told()
        ['4 tasks, 1 of them without an object.', 'Pore: 12 of 15 objects have a score of 0.7 or more.']
        """
        tasks = "1 task" if self.tasks == 1 else f"{self.tasks:,} tasks"
        empty = f", {self.empty:,} of them without an object" * bool(self.empty)
        return [f"{tasks}{empty}.", *map(self._told, self.counts)]

    def _told(self, count: Count) -> str:
        if self.least_score:
            which = f"{count.sent:,} of {count.objects:,} objects"
            return f"{count.name}: {which} have a score of {self.least_score:g} or more."
        return f"{count.name}: {'1 object' if count.objects == 1 else f'{count.objects:,} objects'}."


def preview(shipment: Shipment, source: Source, *, told: Told) -> Preview:
    """Look through a shipment as `exporting.send` does, and send nothing; what `told` raises ends it."""
    spots = shipment.spots
    if shipment.role == "nothing":
        return Preview(len(spots), 0, ())
    least = shipment.least_score if shipment.role == "predictions" else 0.0
    total, empty = tuple(Count(each.name) for each in shipment.classes), 0
    for done, spot in enumerate(spots):
        told(done / len(spots))
        here = tuple(_counts(shipment, source, spot, least))
        total = tuple(_sum(*pair) for pair in zip(total, here, strict=True))
        empty += not any(count.sent for count in here)
    told(1.0)
    return Preview(len(spots), empty, total, least)


def _counts(shipment: Shipment, source: Source, spot: Spot, least: float) -> Iterator[Count]:
    labels, scores = source.labels(spot.z, spot.region)
    for each in shipment.classes:
        means = _means(labels == each.id, scores)
        yield Count(each.name, len(means), int((means >= least).sum()))


def _means(mask: NDArray[np.bool_], scores: NDArray[np.uint8] | None) -> NDArray[np.float64]:
    """(objects,) how certain each is, 0 to 1; labels of people are."""
    certain = np.uint8(255)
    return object_scores(mask, np.broadcast_to(certain, mask.shape) if scores is None else scores)[1]


def _sum(one: Count, other: Count) -> Count:
    return replace(one, objects=one.objects + other.objects, sent=one.sent + other.sent)
