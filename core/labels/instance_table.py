"""The table of measurements: which columns there are, in which units, as rows for the page and as CSV."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.labels import measurements
from core.labels.instance_builder import Built
from core.labels.measurements import Floats, Totals, Voxel

SIZES = ("area", "area_um", "volume", "volume_um")  # columns that say how large an instance is
DIGITS = 6  # of a number in the table: more than any of them deserves

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One measurement of all instances; NaN where it is not defined.

    unit : "" for numbers without one. help : one sentence. shown : at first, before a person chooses.
    """

    key: str
    title: str
    unit: str
    values: Floats
    help: str = ""
    shown: bool = True

    @property
    def header(self) -> str:
        """The title with its unit.

        >>> Column("area", "Area", "px", np.zeros(1)).header
        'Area (px)'
        """
        return f"{self.title} ({self.unit})" if self.unit else self.title


@lru_cache(maxsize=8)
def columns(built: Built) -> tuple[Column, ...]:
    """Every column; slices count from 1, as on the page, pixels from 0."""
    totals, dims = built.totals, built.chosen.dims
    parts = (_place(totals, dims), _size(built), _values(totals), _shape(built), _box(totals, dims))
    return tuple(column for part in parts for column in part)


@lru_cache(maxsize=8)
def rows(built: Built) -> dict[int, Row]:
    """{id: row}; a row has a value, or None, by column key."""
    return {row["id"]: row for row in _rows_at(built, np.arange(len(built.totals.ids)))}


def changed_rows(before: Built, now: Built) -> dict[str, list[Row]]:
    """Which rows to "add", "update" and "remove": of 10,000 objects a stroke changes one or two.

    Numbers are compared, and only what differs is made rows of.
    """
    old, new = before.totals.ids, now.totals.ids
    _, at_old, at_new = np.intersect1d(old, new, assume_unique=True, return_indices=True)
    differ = _differ(_numbers(before)[at_old], _numbers(now)[at_new])
    return {
        "add": _rows_at(now, np.setdiff1d(np.arange(len(new)), at_new)),
        "update": _rows_at(now, at_new[differ]),
        "remove": [{"id": each} for each in np.setdiff1d(old, new).tolist()],
    }


@lru_cache(maxsize=8)
def _numbers(built: Built) -> Floats:
    """(N, columns) of all instances."""
    return np.column_stack([each.values for each in columns(built)])


def _differ(one: Floats, two: Floats) -> NDArray[np.bool_]:
    """(N,) which rows do; all where there is another number of columns. NaN is as NaN."""
    if one.shape != two.shape:
        return np.ones(len(two), bool)
    same: NDArray[np.bool_] = ((one == two) | (np.isnan(one) & np.isnan(two))).all(axis=1)
    return ~same


def _rows_at(built: Built, places: NDArray[np.intp]) -> list[Row]:
    keys, told = [each.key for each in columns(built)], [_short(each.values[places]) for each in columns(built)]
    return [dict(zip(keys, row, strict=True)) for row in zip(*told, strict=True)]


def size_of(built: Built, instance: int) -> Row:
    """How large an instance is: `pixels` (or voxels), and `size` in words, in micrometres too where they are known."""
    place = int(np.searchsorted(built.totals.ids, instance))
    told = [f"{_spelled(each.values[place])} {each.unit}" for each in columns(built) if each.key in SIZES]
    return {"pixels": int(measurements.area_of(built.totals)[place]), "size": ", ".join(told)}


def _spelled(value: float) -> str:
    """A number as a person reads it.

    >>> _spelled(12345.0), _spelled(0.012346)
    ('12,345', '0.01235')
    """
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"


def to_csv(built: Built) -> str:
    """The table as RFC 4180 has it: a header with units, CRLF, an empty field where nothing is defined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([each.header for each in columns(built)])
    writer.writerows(zip(*_told(built), strict=True))
    return text.getvalue()


def _told(built: Built) -> list[list[Any]]:
    return [_short(each.values) for each in columns(built)]


def _short(values: Floats) -> list[float | int | None]:
    """Numbers as the table has them, with few digits; None where there is none.

    >>> _short(np.array([2.0, 1 / 3, 1234567.8, np.nan]))
    [2, 0.333333, 1234570, None]
    """
    short = np.where(values == np.floor(values), values, _rounded(values))
    return [None if not math.isfinite(each) else int(each) if each.is_integer() else each for each in short.tolist()]


def _rounded(values: Floats) -> Floats:
    """To `DIGITS` significant ones. Powers of ten up to 22 are exact, so that this is the nearest such number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        scale = 10.0 ** np.abs(places)
        rounded: Floats = np.where(places >= 0, np.rint(values * scale) / scale, np.rint(values / scale) * scale)
    return rounded


def _place(totals: Totals, dims: int) -> Iterator[Column]:
    z, y, x = measurements.centroids(totals).T
    yield Column("id", "Id", "", totals.ids.astype(np.float64))
    if dims == 2:
        yield Column("slice", "Slice", "", z + 1)
    else:
        first, last = totals.low[:, 0] + 1, totals.high[:, 0]
        yield Column("slice", "First slice", "", first)
        yield Column("last_slice", "Last slice", "", last, shown=False)
        yield Column("slices", "Slices", "", last - first + 1, "How many slices it spans")
        yield Column("z", "Centre slice", "", z + 1, shown=False)
    yield Column("x", "Centre x", "px", x, "Mean of its pixels", shown=False)
    yield Column("y", "Centre y", "px", y, "Mean of its pixels", shown=False)


def _size(built: Built) -> Iterator[Column]:
    dims, voxel = built.chosen.dims, built.voxel_size_um
    count = measurements.area_of(built.totals)
    title, plain, name = ("Area", "px", "area") if dims == 2 else ("Volume", "voxels", "volume")
    yield Column(name, title, plain, count)
    size = count if voxel is None else count * np.prod(voxel[3 - dims :])
    if voxel is not None:
        yield Column(f"{name}_um", title, "µm²" if dims == 2 else "µm³", size)
    across = 2 * np.sqrt(size / np.pi) if dims == 2 else np.cbrt(6 * size / np.pi)
    shape = "circle of the same area" if dims == 2 else "sphere of the same volume"
    yield Column("diameter", "Diameter", _unit(voxel), across, f"Of the {shape}")


def _values(totals: Totals) -> Iterator[Column]:
    help_ = "Of the image's true values; colours and channels are averaged"
    mean, least, greatest, spread = measurements.values(totals).T
    yield Column("mean", "Mean grey", "", mean, help_)
    yield Column("min", "Min grey", "", least, help_, shown=False)
    yield Column("max", "Max grey", "", greatest, help_, shown=False)
    yield Column("std", "Std grey", "", spread, help_, shown=False)


def _shape(built: Built) -> Iterator[Column]:
    totals, dims, voxel = built.totals, built.chosen.dims, built.voxel_size_um
    size: Voxel = voxel or (1.0, 1.0, 1.0)
    stretch, angle = measurements.axes(totals, size, dims)
    if dims == 2:
        yield Column("perimeter", "Perimeter", _unit(voxel), measurements.perimeters(totals, size[1:]), CROFTON)
    else:
        surface = measurements.surfaces(totals, size)
        yield Column("surface", "Surface", "px²" if voxel is None else "µm²", surface, CROFTON)
    yield Column("elongation", "Elongation", "", stretch, "Longest axis over the shortest; 1 is round")
    solid = measurements.solidities(totals, dims)
    yield Column("solidity", "Solidity", "", solid, "Size over that of the convex hull; 1 has no bay")
    if dims == 2:
        yield Column("orientation", "Orientation", "°", angle, "Of the longest axis, from x, counter-clockwise", False)


CROFTON = "By Crofton's formula; holes count"


def _box(totals: Totals, dims: int) -> Iterator[Column]:
    for place, name in enumerate("zyx"):
        if name != "z" or dims == 3:
            unit = "px" if name != "z" else "slices"
            extent = totals.high[:, place] - totals.low[:, place]
            yield Column(f"box_{name}", f"Box {name}", unit, totals.low[:, place] + (name == "z"), "Begin", False)
            yield Column(f"box_{name}_size", f"Box size {name}", unit, extent, shown=False)


def _unit(voxel: Voxel | None) -> str:
    return "px" if voxel is None else "µm"
