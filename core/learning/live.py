"""The pixel classifier while somebody paints: it keeps features, learns from what is painted, and predicts what shows.

`LivePixels` runs in a process of its own (`utils/processes/live_process.py`). It reads nothing by itself: whoever
asks gives it the pixels it lacks. Features and classifier are those of `pixel_classifier.py`; the grey values are
scaled by the window of the whole volume, not by the labelled slices, so that a newly painted slice does not change
every feature, or by the slices' own ranges (`live_ranges.py`). Planes across the slices are predicted line by line
(`live_lines.py`).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache
from core.errors import NotEnoughLabelsError, UnavailableError
from core.labels.tools.scene import Frame
from core.learning import pixel_models
from core.learning.class_shares import Expectation, decided, shares_in_order
from core.learning.features import FeatureChoice, features
from core.learning.live_blocks import finer, first_sample, windows
from core.learning.live_lines import Line, Samples, rough_lines, sharp_lines
from core.learning.live_view import ROUGH, Image, Learned, Lesson, Piece, Place, block_frame, kept_frame, read_frame
from core.learning.pixel_classifier import PixelClassifierParameters, smoothed
from core.learning.pixel_models import PixelModel

MAX_TRAINING_PX = 4_000  # of all tiles; more made learning longer and nothing better (docs/speed-live.md)
BINS = 63  # a quarter of LightGBM's own number: half the time to learn (docs/speed-live.md)
MAX_TILE_PX = 2_000  # of one painted tile
LEAST_CLASS_PX = 200  # of a class on a tile, however little of the tile it is
MAX_MODELS = 32
ROWS_SHARE = 4  # one byte in so many is for rows to learn from, the others for features of what shows
SEED = 0

Rows = NDArray[np.float32]
Shares = Mapping[int, float]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class _Model:
    """A session's classifier, and the lesson it comes from."""

    lesson: tuple[Any, ...]
    learned: Learned
    parameters: PixelClassifierParameters
    classifier: PixelModel
    shares: tuple[float, ...]  # of the classes among what was learned from

    def samples(self, lines: Sequence[Line], plane: Frame, step: int) -> list[Samples]:
        return [Samples.of(line, plane, step, self.parameters.smooth_sigma) for line in lines]

    def expecting(self, shares: Shares) -> Expectation:
        """shares : {class id: 0 to 1} that the classes are expected to have; {}: as learned."""
        if not shares:
            return Expectation(self.shares)
        return Expectation(self.shares, tuple(shares_in_order(shares, self.learned.class_ids, self.shares).tolist()))


class LivePixels:
    """Features, rows and models, each within bounds. Not safe for threads: one question at a time.

    max_bytes : of features and rows. training_px : pixels that a model learns from at most.
    """

    def __init__(self, max_bytes: int, *, training_px: int = MAX_TRAINING_PX) -> None:
        self._training_px = training_px
        self._features = ByteCache(max_bytes - max_bytes // ROWS_SHARE, size=lambda kept: kept.nbytes)
        self._rows = ByteCache(max_bytes // ROWS_SHARE, size=lambda kept: kept[0].nbytes)
        self._models: OrderedDict[str, _Model] = OrderedDict()

    def lacking(self, lesson: Lesson) -> list[tuple[Place, int]]:
        """The tiles of a lesson whose labelled pixels are not known here; give them to `study`."""
        return [tile for tile in lesson.tiles if self._rows.peek(_rows_key(lesson, tile)) is None]

    def study(
        self, lesson: Lesson, tile: tuple[Place, int], labels: Labels, pixels: NDArray[Any] | None = None
    ) -> bool:
        """Take in the labelled pixels of a tile.

        labels : (h, w) class ids of the block, 0 = unlabelled. pixels : of `read_frame`, true values; only needed when
            this has answered False, because the features of the block are not here.
        """
        place, _ = tile
        where = _choose(labels, seed=SEED + sum(place))
        known = self._block(lesson, place, 1, pixels) if len(where[0]) else np.empty((1, 1, 0), np.float16)
        if known is None:
            return False
        frame, kept = block_frame(place, lesson.image.plane), kept_frame(place, lesson.image.plane)
        y, x = where[0] + frame.y0 - kept.y0, where[1] + frame.x0 - kept.x0
        rows = known[y, x] if len(y) else np.empty((0, 0), np.float16)
        self._rows.get(_rows_key(lesson, tile), lambda: (rows, labels[where]))
        return True

    def learn(self, session: str, lesson: Lesson) -> Learned:
        """The classifier of a session learns, unless it has learned just that.

        Raises
        ------
        NotEnoughLabelsError
            If fewer than two classes are labelled.
        """
        known, key = self._models.get(session), _lesson_key(lesson)
        if known is None or known.lesson != key:
            known = self._models[session] = self._fit(lesson, key)
        self._models.move_to_end(session)
        while len(self._models) > MAX_MODELS:
            self._models.popitem(last=False)
        return known.learned

    def predict(
        self,
        session: str,
        image: Image,
        piece: Piece,
        step: int,
        *,
        rough: bool,
        shares: Shares,
        pixels: NDArray[Any] | None = None,
    ) -> Labels | None:
        """Class ids of every `step`-th pixel of a piece; rough: only every second of these is predicted.

        shares : {class id: 0 to 1}, how much of the image the classes are expected to cover; {}: as they were painted.

        Returns
        -------
        (h, w) uint8, h and w the piece's sides over `step`, rounded up. None when the features of the block are not
        here: then they are asked again with `pixels`, as `study`.
        """
        model = self._model(session)
        known = self._block_of(image, model.parameters.features, piece.place, step, pixels)
        if known is None:
            return None
        ratio = ROUGH if rough else 1
        window, cut = windows(image, piece, step, ratio, model.parameters.smooth_sigma)
        chances = finer(_chances(model, known[window], step * ratio), ratio)
        return decided(model.expecting(shares).applied(chances[cut]), model.learned.class_ids).labels

    def line_frames(self, session: str, image: Image, lines: Sequence[Line], step: int) -> dict[Line, Frame]:
        """Which part of its slice the features of each line depend on."""
        return {each.line: each.read_frame for each in self._model(session).samples(lines, image.plane, step)}

    def predict_lines(
        self,
        session: str,
        image: Image,
        lines: Sequence[Line],
        step: int,
        *,
        rough: bool,
        shares: Shares,
        pixels: Mapping[Line, NDArray[Any]] | None = None,
    ) -> Labels | None:
        """Class ids of every `step`-th pixel of lines that begin and end alike, each predicted as a row of its slice.

        rough : only every second pixel of a line is predicted, and without its neighbours.
        pixels : of `line_frames` for each line.

        Returns
        -------
        (lines, n) uint8, or None when features of a line are not here: then they are asked again with `pixels`.
        """
        model, given = self._model(session), pixels or {}
        samples = model.samples(lines, image.plane, step)
        choice = model.parameters.features
        known = [self._line(image, choice, each, given.get(each.line)) for each in samples]
        there = [each for each in known if each is not None]
        if len(there) < len(lines):
            return None
        if rough:
            chances = rough_lines(samples, there, model.classifier.chances)
        else:
            smooth = partial(smoothed, sigma=model.parameters.smooth_sigma / step)
            chances = sharp_lines(samples, there, model.classifier.chances, smooth)
        return decided(model.expecting(shares).applied(chances), model.learned.class_ids).labels

    def prepare(self, lesson: Lesson, place: Place, step: int, pixels: NDArray[Any] | None = None) -> bool:
        """Have the features of a block at hand before there is anything to predict; False as for `study`."""
        return self._block(lesson, place, step, pixels) is not None

    def _model(self, session: str) -> _Model:
        if session not in self._models:
            raise UnavailableError("The live prediction has begun anew.", "Update it once more.")
        return self._models[session]

    def _fit(self, lesson: Lesson, key: tuple[Any, ...]) -> _Model:
        parts = [self._rows.peek(_rows_key(lesson, tile)) for tile in lesson.tiles]
        painted = [(rows, truth) for rows, truth in (part for part in parts if part is not None) if len(truth)]
        class_ids = _told_apart([truth for _, truth in painted])
        rows, truth = (np.concatenate(column) for column in zip(*painted, strict=True))
        chosen = _sample(truth, self._training_px, SEED)
        parameters = PixelClassifierParameters.from_mapping(lesson.parameters)
        places = np.searchsorted(class_ids, truth[chosen])
        settings = replace(parameters.settings, bins=BINS)
        model = pixel_models.fit(rows[chosen].astype(np.float32), places, len(class_ids), settings, seed=SEED)
        learned = tuple((np.bincount(places, minlength=len(class_ids)) / len(places)).tolist())
        return _Model(key, Learned(class_ids, len(chosen), len(lesson.slices)), parameters, model, learned)

    def _block(
        self, lesson: Lesson, place: Place, step: int, pixels: NDArray[Any] | None
    ) -> NDArray[np.float16] | None:
        parameters = PixelClassifierParameters.from_mapping(lesson.parameters)
        return self._block_of(lesson.image, parameters.features, place, step, pixels)

    def _block_of(
        self, image: Image, choice: FeatureChoice, place: Place, step: int, pixels: NDArray[Any] | None
    ) -> NDArray[np.float16] | None:
        """(h, w, K) features of every `step`-th pixel of a block with its margin; None when they are not here."""
        key = (image.volume, image.version, image.range_of(place[0]), place, choice, step)
        return self._known(key, pixels, lambda given: _compute(image, choice, place, step, given))

    def _line(
        self, image: Image, choice: FeatureChoice, samples: Samples, pixels: NDArray[Any] | None
    ) -> NDArray[np.float16] | None:
        """(across, along, K) features of a line; None when they are not here."""
        ranges = image.range_of(samples.line.z)
        key = (image.volume, image.version, ranges, samples, choice)
        return self._known(key, pixels, lambda given: samples.features(ranges.apply(given), choice))

    def _known(
        self, key: tuple[Any, ...], pixels: NDArray[Any] | None, compute: Callable[[NDArray[Any]], NDArray[np.float16]]
    ) -> NDArray[np.float16] | None:
        """Features that are kept, else made of `pixels`; None where these are not here either."""
        known: NDArray[np.float16] | None = self._features.peek(key)
        if known is not None or pixels is None:
            return known
        kept: NDArray[np.float16] = self._features.get(key, lambda: compute(pixels))
        return kept


def _compute(image: Image, choice: FeatureChoice, place: Place, step: int, pixels: NDArray[Any]) -> NDArray[np.float16]:
    """Half precision: a block takes 23 MB in place of 45, and trees hardly see the difference."""
    frame, kept = read_frame(place, image.plane), kept_frame(place, image.plane)
    rows, columns = frame.window(kept)
    y, x = first_sample(place, image.plane, step)
    known = features(image.range_of(place[0]).apply(pixels), choice)
    return known[rows, columns][y::step, x::step].astype(np.float16)


def _chances(model: _Model, known: NDArray[np.float16], spacing: int) -> NDArray[np.float32]:
    """(h, w, classes), smoothed as the pixel classifier does; spacing : pixels from one sample to the next."""
    height, width, count = known.shape
    rows = known.reshape(-1, count).astype(np.float32)
    chances = model.classifier.chances(rows).reshape(height, width, -1)
    return smoothed(chances, model.parameters.smooth_sigma / spacing)


def _choose(labels: Labels, *, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows and columns of the labelled pixels of a tile, or of as many as are used."""
    y, x = np.nonzero(labels)
    chosen = _sample(labels[y, x], MAX_TILE_PX, seed)
    return y[chosen], x[chosen]


def _sample(truth: Labels, limit: int, seed: int) -> NDArray[Any]:
    """Places of at most about `limit` pixels, in the shares that classes have, but some of each."""
    if len(truth) <= limit:
        return np.arange(len(truth))
    rng = np.random.default_rng(seed)
    parts = []
    for label in np.unique(truth):
        where = np.flatnonzero(truth == label)
        count = min(len(where), max(LEAST_CLASS_PX, round(limit * len(where) / len(truth))))
        parts.append(rng.choice(where, count, replace=False))
    return np.sort(np.concatenate(parts))


def _told_apart(parts: Sequence[Labels]) -> tuple[int, ...]:
    found = sorted({int(label) for part in parts for label in np.unique(part)})
    if not found:
        raise NotEnoughLabelsError("Nothing is painted yet.", "Paint a few strokes of two classes.")
    if len(found) < 2:
        raise NotEnoughLabelsError("Only one class is painted.", "Paint a few strokes of a second class.")
    return tuple(found)


def _rows_key(lesson: Lesson, tile: tuple[Place, int]) -> tuple[Any, ...]:
    parameters = PixelClassifierParameters.from_mapping(lesson.parameters)
    (z, _, _), _ = tile
    return (lesson.image.volume, lesson.image.version, lesson.image.range_of(z), tile, parameters.features)


def _lesson_key(lesson: Lesson) -> tuple[Any, ...]:
    image, parameters = lesson.image, tuple(sorted(lesson.parameters.items()))
    ranges = tuple(image.range_of(z) for z in lesson.slices)
    return (image.volume, image.version, ranges, lesson.tiles, parameters)
