"""Objects that somebody points at: the models there are, and what one of them finds. `tools.py` reads the questions."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from dash import Dash
from flask import Response, jsonify
from numpy.typing import NDArray

from callbacks.http.images import uncached
from core.errors import InvalidInputError
from core.labels.tools.blocks import Block, block_of
from core.labels.tools.grow import shrunk
from core.labels.tools.regions import answer_of
from core.labels.tools.scene import Answer, Ask, Frame, Grey, Mask, Scene
from core.learning.interactive import BoxPrompt, Prompts
from core.services import Services

MAX_CLICKS = 100
ReadGrey = Callable[[str, Ask, Frame], Grey]


def register(app: Dash, services: Services) -> None:
    """Add /api/interactive."""

    @app.server.get("/api/interactive")
    def list_models() -> Response:
        offers = [
            {"name": offer.name, "description": offer.description, "reason": offer.reason, "hint": offer.hint}
            for offer in services.interactive.offers()
        ]
        return uncached(jsonify(offers))


class Pointer:
    """Asks a model for the object pointed at. read_grey : (volume, ask, frame) -> the greys of that frame."""

    def __init__(self, services: Services, read_grey: ReadGrey) -> None:
        self._services, self._read_grey = services, read_grey

    def answer(self, volume: str, ask: Ask) -> Answer:
        """The object as spans. Raises InvalidInputError, NotFoundError, UnavailableError."""
        prompts = read_prompts(ask)
        block = block_of(prompts, ask.view, ask.plane)
        seen = prompts.seen_from(block.frame.y0, block.frame.x0, block.step)
        name = str(ask.options.get("model", ""))
        key = f"{volume} {self._version(volume)} {ask.axis} {ask.index} {block}"
        pointed = self._services.interactive.segment(name, key, lambda: self._image(volume, ask, block), seen)
        scene = Scene(block.frame, np.zeros((0, 0)), np.zeros((0, 0), np.uint8))
        return answer_of(_enlarged(pointed.mask, block), ask.label, scene, "" if pointed.mask.any() else NOTHING)

    def _version(self, volume: str) -> str:
        return self._services.tiles.manifest(volume).info.version

    def _image(self, volume: str, ask: Ask, block: Block) -> NDArray[np.float32]:
        grey = self._read_grey(volume, ask, block.frame)
        contrast = Scene(block.frame, grey, np.zeros((0, 0), np.uint8)).contrast
        return contrast if block.step == 1 else shrunk(contrast, block.step)


NOTHING = "Nothing stands out there. Click elsewhere, or drag a box around the object."


def read_prompts(ask: Ask) -> Prompts:
    """What is pointed at, in pixels of the plane. Raises InvalidInputError where a question breaks the contract."""
    positive = ask.options.get("positive")
    whole = isinstance(positive, list) and all(isinstance(each, bool) for each in positive)
    if not whole or len(positive) != len(ask.points) or len(positive) > MAX_CLICKS:
        raise InvalidInputError(
            f"The question's 'positive' is {str(positive)[:60]!r}, not a truth value for each point.",
            f"Reload the page. There may be {MAX_CLICKS} clicks.",
        )
    inside = ask.points.clip(0, np.array(ask.plane.shape) - 0.5)
    return Prompts(inside, np.array(positive, bool), _read_box(ask.options.get("box"), ask.plane))


def _read_box(value: Any, plane: Frame) -> BoxPrompt | None:
    if value is None:
        return None
    numbers = isinstance(value, list) and len(value) == 4
    if not numbers or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in value):
        raise InvalidInputError(
            f"The question's 'box' is {str(value)[:60]!r}, not [y0, x0, y1, x1].", "Reload the page."
        )
    y0, x0, y1, x1 = (float(n) for n in value)
    height, width = plane.shape
    box = max(0.0, y0), max(0.0, x0), min(float(height), y1), min(float(width), x1)
    if not (box[0] < box[2] and box[1] < box[3]):
        raise InvalidInputError("The box lies outside the image.", "Drag it on the image.")
    return box


def _enlarged(mask: Mask, block: Block) -> Mask:
    """A mask of the model's pixels as one of the plane's."""
    if mask.shape == block.frame.shape:
        return mask
    height, width = block.frame.shape
    large: Mask = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return large
