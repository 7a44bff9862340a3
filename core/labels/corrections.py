"""What people tell about instances beyond the pixels: merges and cuts, which are edits, so undo takes them back.

The store keeps them beside the labels (`core/labels/store.py`); `core/labels/instance_builder.py` applies them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from core.errors import InvalidInputError
from core.labels.spans import Spans

Voxel = tuple[int, int, int]


@dataclass(frozen=True)
class InstanceSet:
    """Which instances: those of a class of a volume, in each slice (`dims` 2) or through the stack (3)."""

    volume: str
    class_id: int
    dims: int

    def __post_init__(self) -> None:
        if self.dims not in (2, 3):
            raise InvalidInputError(f"Instances have 2 or 3 dimensions, not {self.dims}.", "Choose one of these.")


@dataclass(frozen=True)
class Correction:
    """One merge or cut.

    kind : "merge" makes the parts with these `ids` one instance; "cut" separates along pixels.
    anchors : (z, y, x) inside each part that is merged; tells which is meant where none has its id any more, because a
        cut was undone and done again.
    cut : {z: spans} of the pixels that a cut runs through.
    """

    kind: Literal["merge", "cut"]
    ids: tuple[int, ...] = ()
    anchors: tuple[Voxel, ...] = ()
    cut: Mapping[int, Spans] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """All but the kind, as JSON has it.

        >>> cut = Correction("cut", (3,), cut={2: np.array([[0, 4, 5]], np.int32)})
        >>> Correction.of_json("cut", cut.to_json()).cut
        {2: array([[0, 4, 5]], dtype=int32)}
        """
        cut = {str(z): spans.tolist() for z, spans in self.cut.items()}
        return {"ids": list(self.ids), "anchors": [list(each) for each in self.anchors], "cut": cut}

    @classmethod
    def of_json(cls, kind: Literal["merge", "cut"], told: Mapping[str, Any]) -> "Correction":
        """The correction behind `to_json`."""
        cut = {int(z): np.array(spans, np.int32).reshape(-1, 3) for z, spans in told["cut"].items()}
        anchors = tuple((int(z), int(y), int(x)) for z, y, x in told["anchors"])
        return cls(kind, tuple(told["ids"]), anchors, cut)
