"""What of a result becomes labels by a click or an area: its pieces, found where somebody points, kept a while."""

from dataclasses import dataclass

from core.byte_cache import ByteCache
from core.errors import InvalidInputError, NotFoundError
from core.labels.acceptance import Acceptance, match_classes
from core.labels.pieces import Pieces, find_pieces
from core.labels.tools.accept import Source, accept, source_of
from core.labels.tools.scene import Answer, Ask
from core.learning.jobs import JobView
from core.services import Services

KEPT_BYTES = 64 << 20  # of pieces: 50 slices of 2560 x 2560 with 50,000 runs each
MAX_PIXELS = 1 << 26  # of a slice: 8192 x 8192 take 0.8 GB while its pieces are found


@dataclass(frozen=True)
class Found:
    """The pieces of a slice, and the result they are of, as it was then."""

    pieces: Pieces
    view: JobView


class Taker:
    """Answers what of a result's slice is meant; a slice is read and searched once for many questions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept = ByteCache(KEPT_BYTES, size=lambda found: found.pieces.nbytes)

    def answer(self, volume: str, ask: Ask) -> Answer:
        """Parts of the volume's classes. Raises InvalidInputError, NotFoundError."""
        source = source_of(ask)
        found: Found = self._kept.get((source, ask.index), lambda: self._find(source, ask.index))
        if found.view.volume != volume:
            raise InvalidInputError(f"The result “{found.view.name}” is of another volume.", "Choose another.")
        return accept(found.pieces, ask, self._names(found.view, source), least=source.least)

    def _find(self, source: Source, z: int) -> Found:
        view = self._services.jobs.job(source.job)
        if z not in view.slices_done:
            raise NotFoundError(f"The result does not hold slice {z + 1} yet.", "Choose another slice, or wait.")
        check_size(self._services, view)
        results = self._services.results
        confidence = results.read_confidence(source.job, z) if source.least else None
        taken = Acceptance({c: c for c in source.classes}, threshold=source.least)
        labels = taken.of((results.read_slice(source.job, z), confidence))
        return Found(find_pieces(labels, source.classes), view)

    def _names(self, view: JobView, source: Source) -> dict[int, int]:
        """{class id of the result: that of the volume}. Raises InvalidInputError if the volume lacks one."""
        known = match_classes(view.classes, self._services.labels.classes(view.volume))
        lacking = [c.name for c in view.classes if c.id in source.classes and c.id not in known]
        if lacking:
            raise InvalidInputError(f"This volume has no class “{lacking[0]}”.", "Add it, or untick it in the overlay.")
        return known


def check_size(services: Services, view: JobView) -> None:
    """Raise InvalidInputError if the slices of a result are too large to be searched for pieces."""
    _, height, width = services.tiles.manifest(view.volume).info.shape
    if height * width > MAX_PIXELS:
        raise InvalidInputError(
            f"Slices of {width} x {height} are too large to be searched for pieces; at most 8192 x 8192 are.",
            "Use the part in view as labels instead.",
        )
