"""From an order to a live prediction: reads what the pixel classifier lacks, and passes on what it says, bit by bit.

`live.py` beside this has the routes. What is nearest to the cursor comes first, coarsely; then the same again, sharp.
On planes across the slices each slice answers for its own line.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callbacks.http.live_labels import OwnLabels
from callbacks.http.live_order import Order
from core.byte_cache import ByteCache
from core.errors import NotEnoughLabelsError
from core.images.geometry import TILE_PX, Box
from core.images.planes import turned
from core.images.tiles import Manifest
from core.labels.tools.scene import Frame
from core.learning.live_lines import as_plane, line_bands, lines_of
from core.learning.live_ranges import SliceRanges
from core.learning.live_view import ROUGH, Image, Lesson, Piece, Place, bands, block_frame, lesson, pieces, read_frame
from core.learning.normalisation import Normalisation
from core.services import Services

MAX_LESSON_SLICES = 12  # more made nothing better (docs/speed-live.md), and each is a question to the database
GREY_CHANNELS = 3  # of an image in colour; its opacity teaches nothing

Told = tuple[Mapping[str, Any], NDArray[np.uint8] | None]
"""What the browser is told: a header, and pixels where it names some."""

Asked = Callable[[Any], Any]
"""Asks the classifier, with pixels if it has answered None or False without."""


@dataclass(frozen=True)
class Run:
    """An order at work. ranges : of all slices, and memory : of labels that teach, are kept between orders."""

    services: Services
    ranges: SliceRanges
    memory: ByteCache
    order: Order
    is_wanted: Callable[[], bool] = lambda: True

    def tell(self) -> Iterator[Told]:
        """All that is told of an order, until it is no longer wanted. Raises AppError.

        Yields
        ------
        {"state": "waiting" | "learned" | "rough" | "done", ...} and, with pixels, {"tile": [level, tx, ty], "at": [y,
        x, height, width] in its pixels}.
        """
        taught = self.lesson()
        if not self._study(taught):
            return
        try:
            learned = self.services.live.learn(self.order.session, taught)
        except NotEnoughLabelsError as error:
            yield {"state": "waiting", "message": error.message, "hint": error.hint}, None
            self._prepare(taught)
            return
        yield {"state": "learned", **asdict(learned), "parts": len(self._parts)}, None
        yield from self._predicted(taught.image)

    def sharp(self) -> tuple[Frame, NDArray[np.uint8]]:
        """What the model of the window makes of the view, which must be of level 0: a part of the plane, its class ids.

        Raises
        ------
        NotEnoughLabelsError, UnavailableError
        """
        taught = self.lesson()
        self._study(taught)
        self.services.live.learn(self.order.session, taught)
        frame = self.order.view.frame.cut(self._plane)
        found = np.zeros(frame.shape, np.uint8)
        for band, pixels in self._bands(taught.image, rough=False):
            seen = band.frame.cut(frame)
            found[frame.window(seen)] = pixels[band.frame.window(seen)]
        return frame, found

    def lesson(self) -> Lesson:
        """What there is to learn from, the nearest first, with the grey ranges of its slices."""
        near, _ = self.order.view.spot
        tiles = lesson(islice(self._own.nearest(near), MAX_LESSON_SLICES), self.order.view)
        taught = Lesson(self._image, tuple(tiles), self.order.parameters)
        if not self.ranges.told(taught, self._read, self._own.tile):
            return taught
        return replace(taught, image=self.ranges.with_own(self._image, taught.slices, self._read))

    @cached_property
    def _own(self) -> OwnLabels:
        return OwnLabels(self.services.labels, self.order.volume, self.memory)

    @cached_property
    def _manifest(self) -> Manifest:
        return self.services.tiles.manifest(self.order.volume)

    @cached_property
    def _image(self) -> Image:
        return image_of(self._manifest)

    @cached_property
    def _plane(self) -> Frame:
        """All of the plane that is looked at."""
        _, height, width = turned(self._manifest.info.shape, self.order.view.axis)
        return Frame(0, 0, height, width)

    @cached_property
    def _parts(self) -> list[Piece]:
        return pieces(self.order.view, self._plane)

    def _study(self, taught: Lesson) -> bool:
        """Give the classifier the labelled pixels that it does not know; False when the order has been overtaken."""
        for tile in self.services.live.lacking(taught):
            if not self.is_wanted():
                return False
            labels = self._own.tile(tile[0])
            if labels is not None:
                height, width = block_frame(tile[0], taught.image.plane).shape
                self._ask(tile[0], partial(self.services.live.study, taught, tile, labels[:height, :width]))
        return self.is_wanted()

    def _prepare(self, taught: Lesson) -> None:
        """Look at what is in view while there is nothing to predict, so that the first prediction comes at once."""
        view = self.order.view
        for part in self._parts if view.axis == "z" else ():
            if self.is_wanted():
                self._ask(part.place, partial(self.services.live.prepare, taught, part.place, view.step))

    def _predicted(self, image: Image) -> Iterator[Told]:
        for rough in (True, False):
            for part, found in self._bands(image, rough=rough):
                yield _placed(part, self.order.view.level, found), found
            if not self.is_wanted():
                return
            yield {"state": "rough" if rough else "done"}, None

    def _bands(self, image: Image, *, rough: bool) -> Iterator[tuple[Piece, NDArray[np.uint8]]]:
        """The parts in view one by one, until the order is no longer wanted."""
        view = self.order.view
        if view.axis == "z":
            image = self._ranged(image, [view.index])
            work = self._parts if rough else [band for part in self._parts for band in bands(part, view.step)]
        else:
            work = line_bands(self._parts, view.axis, view.step, view.cursor)
        predict = self._piece if view.axis == "z" else self._lines
        for part in work:
            if not self.is_wanted():
                return
            yield part, predict(image, part, rough=rough)

    def _piece(self, image: Image, part: Piece, *, rough: bool) -> NDArray[np.uint8]:
        order = self.order
        options = {"rough": rough, "shares": order.shares}
        predict = self.services.live.predict
        found: NDArray[np.uint8] = self._ask(
            part.place, lambda pixels: predict(order.session, image, part, order.view.step, pixels=pixels, **options)
        )
        return found

    def _lines(self, image: Image, band: Piece, *, rough: bool) -> NDArray[np.uint8]:
        order, step, live = self.order, self.order.view.step, self.services.live
        lines = lines_of(band, order.view.axis, step * ROUGH if rough else step)
        image = self._ranged(image, [line.z for line in lines])
        predict = partial(live.predict_lines, order.session, image, lines, step, rough=rough, shares=order.shares)
        found = predict()
        if found is None:
            frames = live.line_frames(order.session, image, lines, step)
            found = predict(pixels={line: self._read(line.z, frame) for line, frame in frames.items()})
        assert found is not None, "with all pixels every line is predicted"
        return as_plane(found, band, order.view.axis, step, rough=rough)

    def _ranged(self, image: Image, slices: Sequence[int]) -> Image:
        """With the ranges of these slices too, where slices go by their own."""
        return self.ranges.with_own(image, slices, self._read) if image.own else image

    def _ask(self, place: Place, question: Asked) -> Any:
        """Ask without the pixels, which most often are known; with them where they are not."""
        found = question(None)
        if found is not None and found is not False:
            return found
        return question(self._read(place[0], read_frame(place, self._image.plane)))

    def _read(self, z: int, frame: Frame) -> NDArray[Any]:
        """True values, (h, w) or (h, w, C)."""
        box = Box((z, frame.y0, frame.x0), (z + 1, frame.y1, frame.x1))
        pixels = self.services.tiles.region(self.order.volume, "z", box)
        return pixels[..., : len(self._image.normalisation.lo)] if pixels.ndim == 3 else pixels


def image_of(manifest: Manifest) -> Image:
    """What all blocks of a volume share; its values are scaled by the window that the whole volume has."""
    info = manifest.info
    count = min(info.channels, GREY_CHANNELS) if info.is_colour else info.channels
    windows = manifest.channel_windows or (manifest.window,) * count
    lo, hi = zip(*windows, strict=True)
    return Image(info.path, info.version, Frame(0, 0, *info.shape[1:]), Normalisation(lo, hi))


def _placed(part: Piece, level: int, found: NDArray[np.uint8]) -> dict[str, Any]:
    """Where on the screen's tiles the pixels lie."""
    y, x = part.frame.y0 >> level, part.frame.x0 >> level
    tile = [level, x // TILE_PX, y // TILE_PX]
    return {"tile": tile, "at": [y % TILE_PX, x % TILE_PX, *found.shape]}
