"""From an order to a live prediction: reads what the pixel classifier lacks, and passes on what it says, bit by bit.

`live.py` beside this has the route. What is nearest to the cursor comes first, coarsely; then the same again, sharp.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError, NotEnoughLabelsError
from core.images.geometry import TILE_PX, Box
from core.images.tiles import Manifest
from core.labels.tools.scene import Frame
from core.learning.class_shares import read_shares
from core.learning.live_view import (
    Image,
    Lesson,
    Piece,
    Place,
    View,
    bands,
    block_frame,
    lesson,
    pieces,
    read_frame,
)
from core.learning.normalisation import Normalisation
from core.services import Services

MAX_LESSON_SLICES = 12  # more made nothing better (docs/speed-live.md), and each is a question to the database
SHARES = "class_shares"  # decides what is made of what was learned, and changes nothing of that
GREY_CHANNELS = 3  # of an image in colour; its opacity teaches nothing

Told = tuple[Mapping[str, Any], NDArray[np.uint8] | None]
"""What the browser is told: a header, and pixels where it names some."""

Asked = Callable[[NDArray[Any] | None], Any]
"""Asks the classifier, with pixels if it has answered None or False without."""


@dataclass(frozen=True)
class Order:
    """What a browser window wants to see. parameters : of the pixel classifier, as the form has them.

    shares : {class id: 0 to 1}, how much of the image the classes are expected to cover; {}: as they were painted.
    """

    session: str
    volume: str
    view: View
    parameters: Mapping[str, Any]
    shares: Mapping[int, float]


def order_of(manifest: Manifest, asked: Mapping[str, Any]) -> Order:
    """Check what the page asks for.

    asked : {tab, z, level, box: [y0, x0, y1, x1], cursor: [y, x], parameters} in image pixels; among the parameters may
        be `class_shares`, as a segmentation has it.

    Raises
    ------
    InvalidInputError
        If something is missing, or lies outside.
    ParameterError
        If the class shares cannot be read.
    """
    depth, *_ = manifest.info.shape
    tab, z, level = str(asked.get("tab"))[:36], asked.get("z"), asked.get("level")
    box, cursor, parameters = asked.get("box"), asked.get("cursor"), asked.get("parameters")
    if not _is_below(z, depth) or not _is_below(level, TILE_PX.bit_length()):
        raise InvalidInputError(f"Slice {z} at level {level} is not part of {manifest.info.path}.", "Reload the page.")
    if not _numbers(box, 4) or not _numbers(cursor, 2) or not isinstance(parameters, dict):
        raise InvalidInputError("The order of a live prediction is incomplete.", "Reload the page.")
    view = View(z, level, Frame(*(int(side) for side in box)), (float(cursor[0]), float(cursor[1])))
    learning = {name: value for name, value in parameters.items() if name != SHARES}
    shares = read_shares(str(parameters.get(SHARES, "")))
    return Order(f"{tab} {manifest.info.path}", manifest.info.path, view, learning, shares)


def predict(services: Services, order: Order, is_wanted: Callable[[], bool]) -> Iterator[Told]:
    """All that is told of an order, until it is no longer wanted. Raises AppError.

    Yields
    ------
    {"state": "waiting" | "learned" | "rough" | "done", ...} and, with pixels, {"tile": [level, tx, ty], "at": [y, x,
    height, width] in its pixels}.
    """
    image = image_of(services.tiles.manifest(order.volume))
    taught = Lesson(image, lesson_of(services, order), order.parameters)
    parts = pieces(order.view, image.plane)
    if not _study(services, order, taught, is_wanted):
        return
    try:
        learned = services.live.learn(order.session, taught)
    except NotEnoughLabelsError as error:
        yield {"state": "waiting", "message": error.message, "hint": error.hint}, None
        _prepare(services, order, taught, parts, is_wanted)
        return
    yield {"state": "learned", **asdict(learned), "parts": len(parts)}, None
    yield from _predicted(services, order, image, parts, is_wanted)


def image_of(manifest: Manifest) -> Image:
    """What all blocks of a volume share; its values are scaled by the window that the whole volume has."""
    info = manifest.info
    count = min(info.channels, GREY_CHANNELS) if info.is_colour else info.channels
    windows = manifest.channel_windows or (manifest.window,) * count
    lo, hi = zip(*windows, strict=True)
    return Image(info.path, info.version, Frame(0, 0, *info.shape[1:]), Normalisation(lo, hi))


def lesson_of(services: Services, order: Order) -> tuple[tuple[Place, int], ...]:
    """The painted tiles to learn from, the nearest first."""
    slices = services.labels.annotated_slices(order.volume)
    nearest = sorted(slices, key=lambda z: abs(z - order.view.z))[:MAX_LESSON_SLICES]
    return tuple(lesson(((z, services.labels.tile_versions(order.volume, z)) for z in nearest), order.view))


def _study(services: Services, order: Order, taught: Lesson, is_wanted: Callable[[], bool]) -> bool:
    """Give the classifier the labelled pixels that it does not know; False when the order has been overtaken."""
    for tile in services.live.lacking(taught):
        if not is_wanted():
            return False
        labels = services.labels.tile(order.volume, tile[0])
        if labels is not None:
            height, width = block_frame(tile[0], taught.image.plane).shape
            study = partial(services.live.study, taught, tile, labels[:height, :width])
            _ask(services, order, taught.image, tile[0], study)
    return is_wanted()


def _prepare(
    services: Services, order: Order, taught: Lesson, parts: list[Piece], is_wanted: Callable[[], bool]
) -> None:
    """Look at what is in view while there is nothing to predict, so that the first prediction comes at once."""
    for part in parts:
        if is_wanted():
            prepare = partial(services.live.prepare, taught, part.place, order.view.step)
            _ask(services, order, taught.image, part.place, prepare)


def _predicted(
    services: Services, order: Order, image: Image, parts: list[Piece], is_wanted: Callable[[], bool]
) -> Iterator[Told]:
    step = order.view.step
    work = [(part, True) for part in parts] + [(band, False) for part in parts for band in bands(part, step)]
    for place, (part, rough) in enumerate(work):
        if not is_wanted():
            return
        if place == len(parts):
            yield {"state": "rough"}, None
        found = _ask(
            services,
            order,
            image,
            part.place,
            lambda pixels, part=part, rough=rough: services.live.predict(
                order.session, image, part, step, rough=rough, shares=order.shares, pixels=pixels
            ),
        )
        yield _placed(part, order.view.level, found), found
    yield {"state": "done"}, None


def _ask(services: Services, order: Order, image: Image, place: Place, question: Asked) -> Any:
    """Ask without the pixels, which most often are known; with them where they are not."""
    found = question(None)
    if found is not None and found is not False:
        return found
    return question(read_pixels(services, order.volume, place, image))


def read_pixels(services: Services, volume: str, place: Place, image: Image) -> NDArray[Any]:
    """The true values that the features of a block depend on: (h, w) or (h, w, C)."""
    frame, z = read_frame(place, image.plane), place[0]
    pixels = services.tiles.region(volume, "z", Box((z, frame.y0, frame.x0), (z + 1, frame.y1, frame.x1)))
    return pixels[..., : len(image.normalisation.lo)] if pixels.ndim == 3 else pixels


def _placed(part: Piece, level: int, found: NDArray[np.uint8]) -> dict[str, Any]:
    """Where on the screen's tiles the pixels lie."""
    y, x = part.frame.y0 >> level, part.frame.x0 >> level
    tile = [level, x // TILE_PX, y // TILE_PX]
    return {"tile": tile, "at": [y % TILE_PX, x % TILE_PX, *found.shape]}


def _is_below(value: object, stop: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < stop


def _numbers(value: object, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(n, int | float) for n in value)
