"""Image stacks drawn from geometry, so that the class of every pixel is known exactly.

They look like what comes off an instrument (blurred edges, noise, rings, uneven light) and stand in for real data
where there is no network. `utils/download_sample_data.py` writes them to disk. Truth is decided at the centre of each
pixel; the image is drawn from the same distances, with partial volumes at the borders.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float32]
FAR = np.float32(1e3)  # distance where nothing is near

BEAD_PACK_CLASSES = ("bead", "binder", "pore")
FIBRE_CLASSES = ("fibre", "resin", "void")
ALLOY_CLASSES = ("grain", "boundary", "precipitate")


@dataclass(frozen=True)
class Drawn:
    """One slice: the image, and (Y, X) uint8 truth with class n at value n + 1."""

    image: NDArray[Any]
    truth: NDArray[np.uint8]


def push_apart(
    points: NDArray[np.float64], radii: NDArray[np.float64], *, box: NDArray[np.float64], steps: int, gap: float = 0.0
) -> NDArray[np.float64]:
    """Move discs or balls inside a box until hardly any two overlap.

    Parameters
    ----------
    points : (N, D) centres. radii : (N,), same unit.
    box : (D,) size of the box; it starts at 0.
    steps : rounds; 60 leave overlaps of about 2 % of a radius.
    gap : distance kept free between two surfaces; negative lets them touch and overlap a little.

    Returns
    -------
    (N, D) new centres.
    """
    points = points.copy()
    for _ in range(steps):
        pairs = cKDTree(points).query_pairs(2 * radii.max() + gap, output_type="ndarray")
        a, b = pairs.T
        apart = points[b] - points[a]
        distance = np.linalg.norm(apart, axis=1) + 1e-9
        overlap = np.clip(radii[a] + radii[b] + gap - distance, 0, None)
        push = apart * (0.4 * overlap / distance)[:, None]
        np.add.at(points, a, -push)
        np.add.at(points, b, push)
        points = np.clip(points, 0, box)
    return points


# --- beads ---


def bead_pack(*, slices: int = 24, side: int = 1024, seed: int = 0) -> Iterator[Drawn]:
    """Glass beads held by necks of binder, as a synchrotron micro-CT reconstruction shows them.

    Yields
    ------
    `slices` times a (side, side) float32 image of attenuation (about 0 to 0.02 a pixel), with rings, phase fringes,
    cupping and noise, and its truth: bead, binder, pore.
    """
    rng = np.random.default_rng(seed)
    beads = _Beads.scatter(rng, slices=slices, side=side)
    rings = _Rings(rng, side=side, slices=slices)
    for z in range(slices):
        nearest, second, grey = beads.distances(float(z), side)
        neck = np.where((nearest < 8) & (second < 14), nearest + second - 13, FAR)
        image = _blend(np.float32(0.0006), [(neck, np.float32(0.0072)), (nearest, grey)])
        truth = np.where(nearest < 0, 1, np.where(neck < 0, 2, 3)).astype(np.uint8)
        yield Drawn(_reconstructed(image, rings.slice(z), rng), truth)


@dataclass(frozen=True)
class _Beads:
    centres: NDArray[np.float64]  # (N, 3) z, y, x
    radii: NDArray[np.float64]
    grey: NDArray[np.float64]
    hollow: NDArray[np.float64]  # radius of the bubble inside, 0 for none

    @classmethod
    def scatter(cls, rng: np.random.Generator, *, slices: int, side: int) -> "_Beads":
        margin = 60
        depth = slices + 2 * margin
        box = np.array([depth, side + 2 * margin, side + 2 * margin], float)
        count = int(0.66 * box.prod() / (4 / 3 * np.pi * 38.0**3))
        radii = np.clip(rng.normal(36, 7, count), 20, 52)
        centres = push_apart(rng.random((count, 3)) * box, radii, box=box, steps=80, gap=-0.8) - margin
        bubbles = np.where(rng.random(count) < 0.12, radii * rng.uniform(0.15, 0.45, count), 0)
        return cls(centres, radii, rng.normal(0.0148, 0.0005, count), bubbles)

    def distances(self, z: float, side: int) -> tuple[Floats, Floats, Floats]:
        """Signed distance to the nearest and the second nearest bead, and the grey of the nearest."""
        nearest, second, grey = (np.full((side, side), value, np.float32) for value in (FAR, FAR, 0))
        for (cz, cy, cx), radius, tone, bubble in zip(self.centres, self.radii, self.grey, self.hollow, strict=True):
            if abs(cz - z) > radius + 10:
                continue
            window, y, x = _window(cy, cx, radius + 10, side)
            centre_distance = np.sqrt(y * y + x * x + np.float32((cz - z) ** 2))
            surface = np.maximum(centre_distance - radius, bubble - centre_distance if bubble else -FAR)
            near = surface < nearest[window]
            second[window] = np.where(near, nearest[window], np.minimum(second[window], surface))
            grey[window] = np.where(near, tone, grey[window])
            nearest[window] = np.minimum(nearest[window], surface)
        return nearest, second, grey


class _Rings:
    """Rings of a few bad detector columns around the rotation axis; each drifts slowly from slice to slice."""

    def __init__(self, rng: np.random.Generator, *, side: int, slices: int) -> None:
        y, x = np.mgrid[:side, :side].astype(np.float32)
        axis = side / 2 + 7.5
        self.radius = np.hypot(y - axis, x - axis)
        count = int(self.radius.max()) + 2
        bad = rng.random(count) < 0.045
        drift = cv2.GaussianBlur(rng.standard_normal((slices, count)).astype(np.float32), (1, 0), sigmaX=0.1, sigmaY=6)
        base = rng.standard_normal(count) * (0.00025 + 0.0036 * bad)
        self.profiles = (base * (1 + 0.5 * drift)).astype(np.float32)
        self.profiles[:, :4] = 0

    def slice(self, z: int) -> Floats:
        lower = self.radius.astype(np.int32)
        share = self.radius - lower.astype(np.float32)
        profile = self.profiles[z]
        rings: Floats = profile[lower] * (1 - share) + profile[lower + 1] * share
        return rings


def _reconstructed(image: Floats, rings: Floats, rng: np.random.Generator) -> Floats:
    """What reconstruction makes of attenuation: fringes at edges, cupping, rings, noise that is a little smooth."""
    sharp = cv2.GaussianBlur(image, (0, 0), 0.9)
    fringes = sharp + 0.8 * (sharp - cv2.GaussianBlur(image, (0, 0), 2.2))
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(0.0034)
    reconstructed: Floats = fringes * _cupping(image.shape) + rings + cv2.GaussianBlur(noise, (0, 0), 0.7)
    return reconstructed


def _cupping(shape: tuple[int, ...]) -> Floats:
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    return (0.94 + 0.05 * (y[:, None] ** 2 + x[None] ** 2)).astype(np.float32)


# --- fibres ---


def fibre_stack(*, slices: int = 32, side: int = 768, seed: int = 1) -> Iterator[Drawn]:
    """Carbon fibres in resin: two tows along z with one along x between them, and voids where they meet.

    Yields
    ------
    `slices` times a (side, side) uint16 image and its truth: fibre, resin, void.
    """
    rng = np.random.default_rng(seed)
    fibres, voids = _Fibres.lay(rng, side=side), _voids(rng, side=side, slices=slices)
    shade = _soft_noise(rng, side, 90) * 900
    for z in range(slices):
        fibre = fibres.distance(float(z), side)
        void = np.maximum(_ellipsoids(voids, float(z), side), 1.5 - fibre)
        image = _blend(np.float32(21000), [(fibre, np.float32(27500)), (void, np.float32(9000))])
        truth = np.where(void < 0, 3, np.where(fibre < 0, 1, 2)).astype(np.uint8)
        yield Drawn(_exposed(image + shade, rng), truth)


@dataclass(frozen=True)
class _Fibres:
    """Straight fibres: `along` is the axis they follow, 0 = z or 2 = x; `tilt` is their drift in y, x (or y, z)."""

    starts: NDArray[np.float64]  # (N, 2)
    tilts: NDArray[np.float64]  # (N, 2) pixels a pixel
    along: NDArray[np.int64]
    radius: float = 6.5

    @classmethod
    def lay(cls, rng: np.random.Generator, *, side: int) -> "_Fibres":
        through = [_tow(rng, side * top, side * bottom, side) for top, bottom in ((-0.02, 0.36), (0.63, 1.02))]
        across = _tow(rng, side * 0.385, side * 0.60, 160) - [0, 60]
        starts = np.concatenate([*through, across])
        along = np.repeat([0, 2], [len(starts) - len(across), len(across)])
        tilts = rng.normal(0, 0.03, (len(starts), 2)) + [0.02, 0.05]
        tilts[along == 2] = rng.normal(0, 0.004, (len(across), 2)) + [0.015, 0]
        return cls(starts, tilts, along)

    def distance(self, z: float, side: int) -> Floats:
        """(side, side) signed distance to the nearest fibre at height z."""
        nearest = np.full((side, side), FAR, np.float32)
        for start, tilt, along in zip(self.starts, self.tilts, self.along, strict=True):
            if along == 0:
                cy, cx = start + tilt * z
                window, y, x = _window(cy, cx, self.radius + 4, side)
                nearest[window] = np.minimum(nearest[window], np.sqrt(y * y + x * x) - self.radius)
            else:
                self._draw_across(nearest, start, tilt, z)
        return nearest

    def _draw_across(self, nearest: Floats, start: NDArray[Any], tilt: NDArray[Any], z: float) -> None:
        side = nearest.shape[1]
        x = np.arange(side, dtype=np.float32)
        height = start[1] + tilt[1] * x - z
        if np.abs(height).min() > self.radius + 4:
            return
        middle = start[0] + tilt[0] * x
        top, bottom = int(middle.min() - self.radius - 4), int(middle.max() + self.radius + 5)
        rows = slice(max(top, 0), min(bottom, side))
        y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        distance = np.sqrt((y - middle) ** 2 + height**2) - self.radius
        nearest[rows] = np.minimum(nearest[rows], distance.astype(np.float32))


def _tow(rng: np.random.Generator, top: float, bottom: float, width: float) -> NDArray[np.float64]:
    """(N, 2) centres of the fibres of a tow that fills a rectangle to about 60 %."""
    count = int(0.6 * (bottom - top) * (width + 40) / (np.pi * 6.5**2))
    box = np.array([bottom - top, width + 40])
    centres = push_apart(rng.random((count, 2)) * box, np.full(count, 6.5), box=box, steps=40, gap=1.5)
    return centres + [top, -20]


def _voids(rng: np.random.Generator, *, side: int, slices: int) -> NDArray[np.float64]:
    """(N, 6) z, y, x and half axes of flat bubbles along the borders between the tows."""
    border = rng.choice([0.38, 0.61], 16) * side + rng.normal(0, 6, 16)
    place = np.stack([rng.uniform(-8, slices + 8, 16), border, rng.uniform(0, side, 16)], axis=1)
    return np.concatenate([place, rng.uniform([10, 7, 16], [26, 15, 60], (16, 3))], axis=1)


def _ellipsoids(shapes: NDArray[np.float64], z: float, side: int) -> Floats:
    """About the signed distance to the nearest ellipsoid: exact on its surface, which is all that counts."""
    nearest = np.full((side, side), FAR, np.float32)
    for cz, cy, cx, az, ay, ax in shapes:
        window, y, x = _window(cy, cx, max(ay, ax) + 6, side)
        reach = np.sqrt((y / ay) ** 2 + (x / ax) ** 2 + ((z - cz) / az) ** 2)
        nearest[window] = np.minimum(nearest[window], (reach - 1) * min(ay, ax))
    return nearest


def _exposed(image: Floats, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Blur, photon noise and 16-bit counts."""
    blurred = cv2.GaussianBlur(image, (0, 0), 1.0)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.sqrt(blurred) * np.float32(13)
    counts: NDArray[np.uint16] = np.clip(blurred + cv2.GaussianBlur(noise, (0, 0), 0.6), 0, 65535).astype(np.uint16)
    return counts


# --- alloy ---


def alloy_micrograph(*, side: int = 8192, seed: int = 2) -> Drawn:
    """A polished alloy as a scanning electron microscope shows it: grains, etched boundaries, bright precipitates.

    Returns
    -------
    (side, side) uint8 image and its truth: grain, boundary, precipitate.
    """
    rng = np.random.default_rng(seed)
    border, tone = _grains(rng, side)
    truth = np.where(border < 3.5, 2, 1).astype(np.uint8)
    image = tone + _scratches(rng, side)
    image -= 60 * np.exp(-((border / 4.0) ** 2))
    for y, x, long, short, angle in _precipitates(rng, side, border):
        ellipse = ((x, y), (2 * long, 2 * short), angle)
        cv2.ellipse(truth, ellipse, 3, -1)
        cv2.ellipse(image, ellipse, float(rng.normal(206, 8)), -1)
    return Drawn(_scanned(image, rng), truth)


def _grains(rng: np.random.Generator, side: int) -> tuple[Floats, Floats]:
    """Distance across the nearest grain boundary, in pixels, and the grey of the grain, each (side, side)."""
    coarse = side // 4
    seeds = push_apart(
        rng.random((side // 8, 2)) * side, np.full(side // 8, 100.0), box=np.array([side, side]), steps=15
    )
    wobble = np.stack([_soft_noise(rng, coarse, 24), _soft_noise(rng, coarse, 24)], axis=-1) * 14
    grid = np.moveaxis(np.mgrid[:coarse, :coarse], 0, -1).astype(np.float32) * 4 + 1.5 + wobble
    distance, index = cKDTree(seeds).query(grid.reshape(-1, 2), k=2, workers=-1)
    border = (distance[:, 1] - distance[:, 0]).reshape(coarse, coarse).astype(np.float32)
    tones = rng.normal(112, 17, len(seeds)).astype(np.float32)[index[:, 0]].reshape(coarse, coarse)
    size = (side, side)
    return cv2.resize(border, size), cv2.resize(tones, size, interpolation=cv2.INTER_LINEAR)


def _scratches(rng: np.random.Generator, side: int) -> Floats:
    """Faint straight lines of polishing, and slow changes of light."""
    canvas = np.zeros((side // 2, side // 2), np.float32)
    for _ in range(60):
        start = rng.random(2) * side / 2
        end = start + rng.normal(0, side / 5, 2)
        cv2.line(canvas, start.astype(int).tolist(), end.astype(int).tolist(), float(rng.normal(-5, 4)), 1)
    light: Floats = cv2.resize(canvas, (side, side)) + cv2.resize(_soft_noise(rng, 256, 50) * 7, (side, side))
    return light


def _precipitates(rng: np.random.Generator, side: int, border: Floats) -> NDArray[np.float64]:
    """(N, 5) y, x, half axes and angle in degrees; half of them sit on grain boundaries."""
    places = rng.random((side * 12, 2)) * (side - 1)
    near = border[places[:, 0].astype(int), places[:, 1].astype(int)] < 9
    places = np.concatenate([places[near][: side // 2], places[~near][: side // 2]])
    long = np.clip(rng.lognormal(2.0, 0.45, len(places)), 3, 30)
    short = long * rng.uniform(0.45, 1, len(places))
    return np.column_stack([places, long, short, rng.uniform(0, 180, len(places))])


def _scanned(image: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Blur, grain of the detector and 8 bits, a band at a time to keep memory low."""
    scanned = np.empty(image.shape, np.uint8)
    blurred = cv2.GaussianBlur(image, (0, 0), 1.1)
    for top in range(0, len(image), 1024):
        band = slice(top, top + 1024)
        noise = rng.standard_normal(blurred[band].shape, dtype=np.float32) * np.float32(9)
        scanned[band] = np.clip(blurred[band] + noise, 0, 255)
    return scanned


# --- shared ---


def _window(cy: float, cx: float, reach: float, side: int) -> tuple[tuple[slice, slice], Floats, Floats]:
    """The part of a (side, side) image within `reach` of a point, and the y and x distances in it."""
    rows = slice(*(int(np.clip(v, 0, side)) for v in (cy - reach, cy + reach + 1)))
    columns = slice(*(int(np.clip(v, 0, side)) for v in (cx - reach, cx + reach + 1)))
    y = (np.arange(rows.start, rows.stop) - cy).astype(np.float32)[:, None]
    x = (np.arange(columns.start, columns.stop) - cx).astype(np.float32)[None]
    return (rows, columns), y, x


def _blend(ground: np.float32, layers: list[tuple[Floats, Any]]) -> Floats:
    """Paint layers over a ground; where a border runs through a pixel both shine through by their share."""
    image = np.full(layers[0][0].shape, ground, np.float32)
    for distance, grey in layers:
        share = np.clip(np.float32(0.5) - distance, 0, 1)
        image += share * (grey - image)
    return image


def _soft_noise(rng: np.random.Generator, side: int, smoothness: float) -> Floats:
    """(side, side) noise of standard deviation 1 with features of about `smoothness` pixels."""
    small = max(8, int(4 * side / smoothness))
    noise = cv2.GaussianBlur(rng.standard_normal((small, small)).astype(np.float32), (0, 0), 1.5)
    smooth = np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
    scaled: Floats = smooth / smooth.std()
    return scaled
