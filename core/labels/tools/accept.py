"""The piece of a result under a point, what of it lies in a region, or all of the plane: to become labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInputError
from core.labels.acceptance import CERTAIN
from core.labels.pieces import Pieces
from core.labels.spans import Spans
from core.labels.tools.regions import bounds_of, check_count, mask_of, spans_of
from core.labels.tools.scene import Answer, Ask, Part

NOTHING = "The result has none of the ticked classes here."
UNSURE = "The result has none of the ticked classes here, or is not sure enough."


@dataclass(frozen=True)
class Source:
    """Of which result, and what of it. classes : its class ids. least : confidence, 0 to 255; 0 takes everything."""

    job: str
    classes: tuple[int, ...]
    least: int = 0


def source_of(ask: Ask) -> Source:
    """What the options `job`, `classes` and `least` name.

    Raises
    ------
    InvalidInputError
        If they name no result or no class.
    """
    job, classes = ask.options.get("job"), ask.options.get("classes")
    if not isinstance(job, str) or not job:
        raise InvalidInputError("No result is shown.", "Choose one in the panel “Overlay”.")
    if not isinstance(classes, list) or not classes or not all(map(_is_id, classes)):
        raise InvalidInputError("No class of the result is ticked.", "Tick what should become labels.")
    return Source(job, tuple(sorted(set(classes))), round(ask.number("least", 0, lo=0, hi=CERTAIN)))


def accept(pieces: Pieces, ask: Ask, names: Mapping[int, int], *, least: int = 0) -> Answer:
    """The pixels asked for, as parts of the volume's classes.

    Parameters
    ----------
    pieces : of the plane and the classes asked about.
    ask : with spans, what lies inside; with a point, the piece under it; with the option `whole`, all.
    names : {class id of the result: class id of the volume}.
    least : confidence that was asked for; only for the words of the note.

    Raises
    ------
    InvalidInputError
        If the question names none of these, or the answer has too many spans.
    """
    labels = np.unique(pieces.labels).tolist()
    if len(ask.spans):
        parts = _parts((label, _inside(pieces.spans_of_class(label), ask.spans)) for label in labels)
    elif len(ask.points):
        parts = _piece(pieces, ask)
    elif ask.options.get("whole") is True:
        parts = _parts((label, pieces.spans_of_class(label)) for label in labels)
    else:
        raise InvalidInputError("Nothing of the result was pointed at.", "Click a piece, or draw around an area.")
    check_count(sum(len(part.spans) for part in parts))
    named = tuple(Part(names[part.label], part.spans) for part in parts)
    return Answer(named, note="" if named else UNSURE if least else NOTHING)


def _piece(pieces: Pieces, ask: Ask) -> tuple[Part, ...]:
    y, x = (int(value) for value in np.floor(ask.points[0]))
    piece = pieces.at(y, x)
    return () if piece is None else (Part(int(pieces.labels[piece]), pieces.spans(piece)),)


def _parts(found: Iterable[tuple[int, Spans]]) -> tuple[Part, ...]:
    return tuple(Part(label, spans) for label, spans in found if len(spans))


def _inside(spans: Spans, region: Spans) -> Spans:
    """The pixels that both cover."""
    frame = bounds_of(region)
    return spans_of(mask_of(spans, frame) & mask_of(region, frame), frame)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
