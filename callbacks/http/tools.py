"""What tools that look at the image answer, as docs/contracts.md ("Tools") says. No tool changes a label."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from dash import Dash
from flask import Response, request
from numpy.typing import NDArray

from callbacks.http.images import uncached
from callbacks.http.pointing import Pointer
from callbacks.http.taking import Taker
from core.byte_cache import ByteCache
from core.errors import InvalidInputError, NotFoundError
from core.images.geometry import Box
from core.images.planes import PlaneAxis, plane_axis, turned
from core.images.tiles import Manifest
from core.images.volumes import VolumeInfo, volume_path
from core.labels.classes import MAX_CLASSES
from core.labels.planes import PlaneLabels, TileReader
from core.labels.spans import Spans, clip
from core.labels.tools.reading import copy, read_labels
from core.labels.tools.scene import Answer, Ask, Frame, Grey, Scene, as_grey
from core.labels.tools.superpixels import Patches, divided, superpixel
from core.labels.tools.table import Tool, find_tool
from core.services import Services

MAX_BODY_BYTES = 32 << 20  # a million spans
MAX_POINTS = 100_000
MOST_LISTED = 20_000  # spans; more are packed, for a browser takes a tenth of a second to read 300,000 lists
KEPT_PATCHES_BYTES = 64 << 20  # 64 blocks of 512 x 512


def register(app: Dash, services: Services) -> None:
    """Add the route below /api/tools."""
    bench = Bench(services)

    @app.server.post("/api/tools/<vid>/<tool>")
    def ask_tool(vid: str, tool: str) -> Response:
        request.max_content_length = MAX_BODY_BYTES
        volume = volume_path(vid)
        ask = read_ask(request.get_json(silent=True), services.tiles.manifest(volume))
        return uncached(Response(answer_json(bench.use(volume, tool, ask)), mimetype="application/json"))


class Bench:
    """The tools with what they need of the app: greys, labels, and the patches of superpixels they have found."""

    def __init__(self, services: Services) -> None:
        self._services, self._taker = services, Taker(services)
        self._pointer = Pointer(services, self._grey)
        labels = services.labels
        self._readers: dict[PlaneAxis, TileReader] = {
            "z": labels, "y": PlaneLabels(labels, "y"), "x": PlaneLabels(labels, "x")
        }  # fmt: skip
        self._patches = ByteCache(KEPT_PATCHES_BYTES, size=lambda patches: patches.nbytes)

    def use(self, volume: str, name: str, ask: Ask) -> Answer:
        """Ask the tool called `name`. Raises NotFoundError, InvalidInputError."""
        if name == "accept":
            return self._taker.answer(volume, ask)
        if name == "click":
            return self._pointer.answer(volume, ask)
        if name == "superpixel":
            return superpixel(ask, lambda block, size: self._divide(volume, ask, block, size))
        if name == "copy":
            depth = turned(self._info(volume).shape, ask.axis)[0]
            return copy(self._readers[ask.axis], volume, ask, depth=depth)
        tool = find_tool(name)
        return tool.run(self._scene(volume, tool, ask), ask)

    def _scene(self, volume: str, tool: Tool, ask: Ask) -> Scene:
        frame = tool.checked_frame(ask)
        labels = np.broadcast_to(np.uint8(0), frame.shape)
        if tool.needs_labels:
            labels = read_labels(self._readers[ask.axis], volume, ask.index, frame)
        return Scene(frame, self._grey(volume, ask, frame) if tool.needs_image else labels, labels)

    def _grey(self, volume: str, ask: Ask, frame: Frame) -> Grey:
        box = Box(start=(ask.index, frame.y0, frame.x0), stop=(ask.index + 1, frame.y1, frame.x1))
        pixels = self._services.tiles.region(volume, ask.axis, box)
        return as_grey(pixels, is_colour=self._info(volume).is_colour)

    def _divide(self, volume: str, ask: Ask, block: Frame, size: int) -> Patches:
        key = (volume, self._info(volume).version, ask.axis, ask.index, block, size)
        patches: Patches = self._patches.get(key, lambda: divided(self._grey(volume, ask, block), size))
        return patches

    def _info(self, volume: str) -> VolumeInfo:
        return self._services.tiles.manifest(volume).info


def read_ask(body: object, manifest: Manifest) -> Ask:
    """The question in a request's JSON. Raises InvalidInputError where it breaks the contract."""
    if not isinstance(body, dict):
        raise InvalidInputError("The question to the tool is not a JSON object.", "Reload the page.")
    axis = read_axis(body)
    depth, height, width = turned(manifest.info.shape, axis)
    plane = Frame(0, 0, height, width)
    return Ask(
        axis=axis,
        index=read_whole(body, "index", 0, depth - 1),
        plane=plane,
        view=_view(body).cut(plane),
        points=read_points(body),
        spans=clip(_spans(body), plane.shape),
        label=read_whole(body, "label", 0, MAX_CLASSES),
        options=_options(body),
    )


def answer_json(answer: Answer) -> bytes:
    """An answer in the words of the contract, by orjson: it writes arrays ten times as fast as Flask writes lists."""
    parts = [{"label": part.label} | _spans_json(part.spans) for part in answer.parts]
    told = {"parts": parts, "points": np.ascontiguousarray(answer.points), "note": answer.note}
    return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)


def _spans_json(spans: Spans) -> dict[str, Any]:
    if len(spans) <= MOST_LISTED:
        return {"spans": np.ascontiguousarray(spans)}
    return {"packed": base64.b64encode(np.ascontiguousarray(spans, "<i4").tobytes()).decode()}


def read_axis(body: Mapping[str, Any]) -> PlaneAxis:
    """The axis that a body names."""
    try:
        return plane_axis(str(body.get("axis")))
    except NotFoundError as error:
        raise _broken("axis", body.get("axis"), "z, y or x") from error


def read_whole(body: Mapping[str, Any], key: str, lo: int, hi: int) -> int:
    """A whole number of a body, both ends of its range included."""
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not lo <= value <= hi:
        raise _broken(key, value, f"a whole number from {lo} to {hi}")
    return value


def _view(body: Mapping[str, Any]) -> Frame:
    numbers = _numbers(body, "box", (4,), "[y0, x0, y1, x1]", most=1)
    y0, x0, y1, x1 = (int(n) for n in np.floor(numbers.reshape(-1)))
    return Frame(y0, x0, y1, x1)


def read_points(body: Mapping[str, Any]) -> NDArray[np.float64]:
    """(N, 2) of the points in a body."""
    return _numbers(body, "points", (-1, 2), "[[y, x], ...]", most=MAX_POINTS)


def _spans(body: Mapping[str, Any]) -> Spans:
    found = _numbers(body, "spans", (-1, 3), "[[row, start, stop], ...]", most=MAX_BODY_BYTES)
    return found.astype(np.int32)


def _numbers(body: Mapping[str, Any], key: str, shape: tuple[int, ...], rule: str, *, most: int) -> NDArray[np.float64]:
    """A list of rows of finite numbers that a pixel's place can be."""
    value = body.get(key) or ([] if len(shape) > 1 else None)
    try:
        numbers = np.asarray(value, np.float64)
        shaped = numbers.reshape(shape) if numbers.size else np.zeros((0, shape[-1]))
    except (TypeError, ValueError) as error:
        raise _broken(key, value, rule) from error
    if numbers.size and numbers.ndim != len(shape) or len(shaped) > max(most, shape[0]):
        raise _broken(key, value, rule)
    if not (np.isfinite(shaped).all() and (np.abs(shaped) < 2**31).all()):
        raise _broken(key, value, rule)
    return shaped


def _options(body: Mapping[str, Any]) -> Mapping[str, Any]:
    options = body.get("options") or {}
    if not isinstance(options, dict):
        raise _broken("options", options, "an object")
    return options


def _broken(key: str, value: object, rule: str) -> InvalidInputError:
    return InvalidInputError(f"The question's {key!r} is {str(value)[:60]!r}, not {rule}.", "Reload the page.")
