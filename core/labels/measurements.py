"""Measurements of instances, from sums over their fragments; in micrometres where the voxel size is known.

Perimeter and surface follow Cauchy and Crofton: lines in four directions (three for a surface) are counted where they
enter or leave the instance, which is right in the mean over its orientation (Legland, Kieu and Devaux, Image Analysis &
Stereology 26, 2007, doi:10.5566/ias.v26.p83-92). Axes and orientation are those of the ellipse (ellipsoid) with the
same second moments, as `skimage.measure.regionprops` has them but for whole pixels rather than points, so that one
pixel has axes too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from core.labels.fragments import (
    AREA,
    CROSS_ANTI,
    CROSS_COLUMN,
    CROSS_DIAGONAL,
    CROSS_ROW,
    SQUARE,
    SUMS,
    VALUE,
    VALUES,
    XX,
    YX,
    YY,
    X,
    Y,
)
from core.labels.instances import Connected, Ints

Floats = NDArray[np.float64]
Voxel = tuple[float, float, float]


@dataclass(frozen=True)
class Totals:
    """Sums over the fragments of each instance, one row an instance, by ascending id.

    ids : (N,). sums : (N, SUMS), with the crossings of whole instances. zs : (N, 4) sums of z, z^2, z y and z x.
    low, high : (N, 4) least and greatest (z, y, x, value), half-open in z, y and x.
    faces : (N,) pixel faces that look up or down the stack. hulls : a (K, 3) int32 array of (x, y, z) each.
    """

    ids: Ints
    sums: Floats
    zs: Floats
    low: Floats
    high: Floats
    faces: Floats
    hulls: Sequence[NDArray[np.int32]]


def add_up(connected: Connected, ids: Ints) -> Totals:
    """Sum over instances.

    Parameters
    ----------
    ids : (F,) instance id of each fragment.
    """
    numbers, row = np.unique(ids, return_inverse=True)
    sums = _stack([each.sums for each in connected.tiles], SUMS)
    for column in range(2):
        same = connected.seams[ids[connected.seams[:, 0]] == ids[connected.seams[:, 1]]]
        np.subtract.at(sums, (same[:, column], same[:, 2]), 1)
    z = connected.z.astype(np.float64)
    zs = np.stack([sums[:, AREA] * z, sums[:, AREA] * z * z, sums[:, Y] * z, sums[:, X] * z], axis=1)
    low, high = _reach(connected, row, len(numbers))
    total, hulls = _sum_rows(sums, row, len(numbers)), _hulls(connected, row, len(numbers))
    faces = 2 * total[:, AREA] - 2 * _shared(connected, ids, row, len(numbers))
    return Totals(numbers, total, _sum_rows(zs, row, len(numbers)), low, high, faces, hulls)


def _stack(tables: Sequence[Floats], width: int) -> Floats:
    return np.concatenate([np.zeros((0, width)), *tables])


def _sum_rows(table: Floats, row: Ints, count: int) -> Floats:
    return np.stack([np.bincount(row, column, count) for column in table.T], axis=1)


def _reach(connected: Connected, row: Ints, count: int) -> tuple[Floats, Floats]:
    low, high = np.full((count, 4), np.inf), np.full((count, 4), -np.inf)
    least = np.column_stack([connected.z, _stack([each.low for each in connected.tiles], 3)])
    greatest = np.column_stack([connected.z + 1, _stack([each.high for each in connected.tiles], 3)])
    np.minimum.at(low, row, least)
    np.maximum.at(high, row, greatest)
    return low, high


def _shared(connected: Connected, ids: Ints, row: Ints, count: int) -> Floats:
    one, two, pixels = connected.shared.T
    same = ids[one] == ids[two]
    return np.bincount(row[one[same]], pixels[same], count).astype(np.float64)


def _hulls(connected: Connected, row: Ints, count: int) -> list[NDArray[np.int32]]:
    """(x, y, z) corners of the hulls of each instance's fragments."""
    labels, x, y = np.concatenate([np.zeros((0, 3), np.int32), *(each.hull for each in connected.tiles)]).T
    corners = [len(each.hull) for each in connected.tiles]
    first = np.repeat(np.array([connected.first[each.index] for each in connected.tiles], np.int64), corners)
    z = np.repeat(np.array([each.index[0] for each in connected.tiles], np.int32), corners)
    owner = row[first + labels - 1]
    order = np.argsort(owner, kind="stable")
    points = np.stack([x, y, z], axis=1)[order]
    edges = np.searchsorted(owner[order], np.arange(count + 1)).tolist()
    return [points[start:stop] for start, stop in pairwise(edges)]


def area_of(totals: Totals) -> Floats:
    """(N,) pixels, or voxels."""
    return totals.sums[:, AREA]


def centroids(totals: Totals) -> Floats:
    """(N, 3) z, y, x of the middle in pixel indices."""
    moments = np.column_stack([totals.zs[:, 0], totals.sums[:, Y], totals.sums[:, X]])
    middle: Floats = moments / totals.sums[:, [AREA]]
    return middle


def values(totals: Totals) -> Floats:
    """(N, 4) mean, least, greatest and standard deviation of the true values; NaN where there is none."""
    count, total, square = totals.sums[:, VALUES], totals.sums[:, VALUE], totals.sums[:, SQUARE]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        spread = np.sqrt(np.maximum(square / count - mean * mean, 0))
    known = count > 0
    return np.column_stack([mean, *(np.where(known, edge[:, 3], np.nan) for edge in (totals.low, totals.high)), spread])


def perimeters(totals: Totals, pixel: tuple[float, float]) -> Floats:
    """(N,) length of the outline, holes included, of instances in a slice, in the unit of `pixel`: (y, x)."""
    height, width = pixel
    slope = float(np.arctan2(height, width))
    diagonal = height * width / float(np.hypot(height, width)) / 4  # lines this far apart stand for a quarter of all
    crossings = totals.sums
    length = crossings[:, CROSS_ROW] * height * slope / np.pi
    length = length + crossings[:, CROSS_COLUMN] * width * (0.5 - slope / np.pi)
    length = length + (crossings[:, CROSS_DIAGONAL] + crossings[:, CROSS_ANTI]) * diagonal
    return np.asarray(length * np.pi / 2)


def surfaces(totals: Totals, voxel: Voxel) -> Floats:
    """(N,) area of the surface, hollows included; `voxel` is (z, y, x)."""
    z, y, x = voxel
    faces = totals.faces * y * x + totals.sums[:, CROSS_COLUMN] * z * x + totals.sums[:, CROSS_ROW] * z * y
    return np.asarray(faces * 2 / 3)


def axes(totals: Totals, voxel: Voxel, dims: int) -> tuple[Floats, Floats]:
    """How stretched instances are, and where to.

    Returns
    -------
    (N,) the longest axis over the shortest; (N,) degrees from the x axis to the longest one, counter-clockwise on the
    screen, -90 to 90 (NaN through the stack).
    """
    spread, directions = np.linalg.eigh(_covariance(totals, voxel)[:, 3 - dims :, 3 - dims :])
    stretch = np.sqrt(spread[:, -1] / spread[:, 0])
    if dims == 3:
        return stretch, np.full(len(stretch), np.nan)
    y, x = directions[:, 0, -1], directions[:, 1, -1]
    angle = np.degrees(np.arctan2(-y, x))
    return stretch, np.where(angle > 90, angle - 180, np.where(angle <= -90, angle + 180, angle))


def _covariance(totals: Totals, voxel: Voxel) -> Floats:
    """(N, 3, 3) of z, y and x over whole voxels: a voxel alone has 1/12 of its size squared."""
    area, middle = totals.sums[:, AREA], centroids(totals)
    (zz, zy, zx), (yy, xx, yx) = totals.zs[:, 1:].T, totals.sums[:, [YY, XX, YX]].T
    moments = np.stack([zz, zy, zx, zy, yy, yx, zx, yx, xx], axis=1).reshape(-1, 3, 3) / area[:, None, None]
    spread = moments - middle[:, :, None] * middle[:, None, :] + np.eye(3) / 12
    scale = np.array(voxel)
    return np.asarray(spread * scale[:, None] * scale)


def solidities(totals: Totals, dims: int) -> Floats:
    """(N,) pixels (voxels) over those of the convex hull; 1 for what has no bay."""
    hulls = [_hull_size(points.tobytes(), dims) for points in totals.hulls]
    return area_of(totals) / np.array(hulls, np.float64)


@lru_cache(maxsize=200_000)  # a stroke changes a few instances of thousands
def _hull_size(packed: bytes, dims: int) -> float:
    points = np.frombuffer(packed, np.int32).reshape(-1, 3)
    if dims == 2:
        return float(cv2.contourArea(cv2.convexHull(np.ascontiguousarray(points[:, :2]))))
    corners = np.concatenate([points, points + np.array([0, 0, 1], np.int32)])
    return float(ConvexHull(corners).volume)
