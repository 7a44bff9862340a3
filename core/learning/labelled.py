"""Which classes labels hold, and whether they can teach anything."""

from collections.abc import Sequence

import numpy as np

from core.errors import NotEnoughLabelsError
from core.learning.segmenter import LabelledSlice


def labelled_classes(slices: Sequence[LabelledSlice]) -> tuple[int, ...]:
    """Class ids that have a labelled pixel, ascending; raises NotEnoughLabelsError when fewer than two."""
    found: set[int] = set()
    for each in slices:
        found |= set(np.unique(each.labels).tolist()) - {0}
    if not found:
        raise NotEnoughLabelsError("No pixel is labelled.", "Paint a few strokes of each class first.")
    if len(found) < 2:
        raise NotEnoughLabelsError("Only one class is labelled.", "Paint a few strokes of a second class.")
    return tuple(sorted(found))
