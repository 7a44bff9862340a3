"""Labels as the regions of an annotation or a prediction, and back.

A brush region holds any pixels exactly, holes and all, so it is what classes become. As polygons each object goes on
its own; one with holes stays a brush region, or becomes one ring with bridges where a project has no brush. Both ways
are exact.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError
from core.labels.classes import LabelClass
from core.labels.exchange.polygons import Polygon, fill, polygons_of
from core.labelstudio import brush
from core.labelstudio.config import LabelConfig
from core.labelstudio.rings import one_ring
from core.labelstudio.shapes import LABELS, kind_of, mask_of

Style = Literal["brush", "polygon"]
STYLES: dict[Style, str] = {"brush": "Brush, one region a class", "polygon": "Polygons, one an object"}
Result = dict[str, Any]
Pixels = tuple[NDArray[np.intp], ...]
"""(rows, columns)"""


@dataclass(frozen=True)
class Painted:
    """The pixels of an annotation. labels : (Y, X) uint8 values of classes. left_out : why regions are not among them.

    choices : what was chosen for the whole picture.
    """

    labels: NDArray[np.uint8]
    left_out: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


def regions_of(
    labels: NDArray[np.uint8],
    classes: Sequence[LabelClass],
    config: LabelConfig,
    *,
    style: Style = "brush",
    scores: NDArray[np.uint8] | None = None,
    least_score: float = 0.0,
) -> list[Result]:
    """Labels of a picture as results, in the names of a project.

    Parameters
    ----------
    labels : (Y, X) uint8 class ids, 0 = unlabelled.
    scores : (Y, X) uint8, 255 = certain, of a prediction.
    least_score : objects whose mean score, 0 to 1, is less stay out.

    Raises
    ------
    LabelFileError
        If the project has no tag that can hold a region, or no label for a class.
    """
    numbers = count(1)
    found = []
    for each in classes:
        mask = labels == each.id
        if scores is not None and least_score > 0:
            mask = _certain(mask, scores, least_score)
        for kind, value, inside in _values(mask, style, config):
            region = _region(kind, value, each.name, config, labels.shape)
            score = {} if scores is None else {"score": round(float(scores[inside].mean()) / 255, 4)}
            found.append({"id": f"r{next(numbers)}", **region, **score})
    return found


def region_of(mask: NDArray[np.bool_], name: str, config: LabelConfig) -> Result:
    """A (Y, X) mask as a brush region of a label. Raises LabelFileError as `regions_of`."""
    return _region("brush", _brush(mask), name, config, mask.shape)


def painted(result: Iterable[Mapping[str, Any]], values: Mapping[str, int], shape: tuple[int, int]) -> Painted:
    """The pixels of an annotation; later regions lie over earlier ones.

    values : {name of a label in lower case: its value}. What cannot be drawn is left out, and why is told.
    """
    rows = list(result)
    beside = {row.get("id"): row for row in rows if row.get("type") == LABELS}
    labels, left_out, choices = np.zeros(shape, np.uint8), [], []
    for row in rows:
        kind = row.get("type")
        if kind == LABELS or "to_name" not in row:
            continue  # belongs to a shape of the same id; or a relation
        if kind == "choices":
            choices += [str(each) for each in row.get("value", {}).get("choices", ())]
            continue
        try:
            value = _value_of(row, beside.get(row.get("id")), values)
            labels[mask_of(row, shape)] = value
        except LabelFileError as error:
            left_out.append(error.message)
    return Painted(labels, tuple(left_out), tuple(choices))


def labels_in(result: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Names of the labels an annotation uses."""
    for row in result:
        yield from _names(row)


def mean_score(scores: NDArray[np.uint8]) -> float:
    """How certain a prediction is as a whole, 0 to 1."""
    return round(float(scores.mean()) / 255, 4) if scores.size else 0.0


def object_scores(mask: NDArray[np.bool_], scores: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The 4-connected objects of a (Y, X) mask, numbered from 1, and (objects,) the mean score of each, 0 to 1."""
    from scipy import ndimage  # late: the page starts without it

    objects, count_ = ndimage.label(mask)
    if count_ == 0:
        return objects, np.zeros(0)
    return objects, np.asarray(ndimage.mean(scores, objects, np.arange(1, count_ + 1))) / 255


def _names(row: Mapping[str, Any]) -> list[str]:
    value = row.get("value")
    names = value.get(row.get("type"), ()) if isinstance(value, Mapping) and row.get("type") != "choices" else ()
    return [str(name) for name in names] if isinstance(names, list) else []


def _value_of(row: Mapping[str, Any], beside: Mapping[str, Any] | None, values: Mapping[str, int]) -> int:
    names = _names(row) or (_names(beside) if beside else [])
    if not names:
        raise LabelFileError(f"A {kind_of(row)} has no label.")
    known = [values[name.casefold()] for name in names if name.casefold() in values]
    if not known:
        raise LabelFileError(f"A {kind_of(row)} has the label {names[0][:40]!r}, which the project does not list.")
    return known[0]


def _certain(mask: NDArray[np.bool_], scores: NDArray[np.uint8], least: float) -> NDArray[np.bool_]:
    """The objects of a mask whose mean score is enough."""
    objects, means = object_scores(mask, scores)
    found: NDArray[np.bool_] = mask & np.concatenate(([False], means >= least))[objects]
    return found


def _values(mask: NDArray[np.bool_], style: Style, config: LabelConfig) -> Iterator[tuple[str, dict[str, Any], Pixels]]:
    """(kind, value, pixels) of each region of a class."""
    if not mask.any():
        return
    brushes, polygons = config.control("brush") is not None, config.control("polygon") is not None
    if (style == "brush" and brushes) or not polygons:
        yield "brush", _brush(mask), np.nonzero(mask)
        return
    with_holes = np.zeros_like(mask)
    for polygon in polygons_of(mask):
        if polygon.holes and brushes:
            with_holes[_inside(polygon)] = True
        else:
            yield "polygon", _polygon(polygon, mask.shape), _inside(polygon)
    if with_holes.any():
        yield "brush", _brush(with_holes), np.nonzero(with_holes)


def _inside(polygon: Polygon) -> Pixels:
    """Filled within its own box: a slice may have thousands of objects."""
    corner = polygon.outline.min(axis=0)
    width, height = (polygon.outline.max(axis=0) - corner).tolist()
    rings = [(ring - corner).astype(float) for ring in (polygon.outline, *polygon.holes)]
    rows, columns = np.nonzero(fill(rings, (height, width)))
    return rows + corner[1], columns + corner[0]


def _brush(mask: NDArray[np.bool_]) -> dict[str, Any]:
    return {"format": "rle", "rle": brush.encode(mask)}


def _polygon(polygon: Polygon, shape: tuple[int, ...]) -> dict[str, Any]:
    """One ring, which is all a polygon of Label Studio has."""
    return {"points": (one_ring(polygon) * (100 / shape[1], 100 / shape[0])).tolist(), "closed": True}


def _region(kind: str, value: dict[str, Any], name: str, config: LabelConfig, shape: tuple[int, ...]) -> Result:
    control, label = config.control(kind), config.label(kind, name)
    if control is None:
        raise LabelFileError(
            f"The project cannot hold a {kind}.", f"Add a tag <{kind.capitalize()}Labels> to its configuration."
        )
    if label is None:
        raise LabelFileError(f"The project has no {kind} label {name!r}.", "Add it in the project's settings.")
    tag = f"{kind}{LABELS}"
    return {
        "from_name": control.name,
        "to_name": control.to_name,
        "type": tag,
        "original_width": shape[1],
        "original_height": shape[0],
        "image_rotation": 0,
        "value": {**value, tag: [label]},
    }
