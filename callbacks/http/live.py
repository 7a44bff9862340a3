"""The live prediction on its way to the browser, as docs/contracts.md ("Live prediction") says: one answer that grows.

A stream takes one connection for a second or two and leaves the others to tiles and strokes. A newer order of the same
window ends the one before it; so does a browser that no longer reads.
"""

import json
import logging
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from dash import Dash
from flask import Response, request
from numpy.typing import NDArray

from callbacks.http.images import uncached
from callbacks.http.live_labels import new_memory
from callbacks.http.live_order import Order, order_of
from callbacks.http.live_run import Run
from callbacks.http.tools import answer_json
from core.errors import AppError, InvalidInputError
from core.images.volumes import volume_path
from core.labels.tools.regions import check_count, spans_of
from core.labels.tools.scene import Answer, Part
from core.learning.live_ranges import SliceRanges
from core.services import Services

MAX_SESSIONS = 256  # windows remembered; older ones have nothing running any more
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy must not wait for the end

log = logging.getLogger(__name__)


class Turns:
    """Which order of a session is its newest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._count = 0

    def take(self, session: str) -> int:
        """A number for a new order; those before it are no longer wanted."""
        with self._lock:
            self._count += 1
            self._newest[session] = self._count
            self._newest.move_to_end(session)
            while len(self._newest) > MAX_SESSIONS:
                self._newest.popitem(last=False)
            return self._count

    def is_newest(self, session: str, number: int) -> bool:
        return self._newest.get(session) == number


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/live."""
    turns, kept = Turns(), (SliceRanges(), new_memory())

    def asked(vid: str) -> tuple[Order, Mapping[str, Any]]:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise InvalidInputError("The order is not a JSON object.", "Reload the page.")
        return order_of(services.tiles.manifest(volume_path(vid)), body), body

    @app.server.post("/api/live/<vid>")
    def live(vid: str) -> Response:
        order, _ = asked(vid)
        number = turns.take(order.session)
        run = Run(services, *kept, order, lambda: turns.is_newest(order.session, number))
        return Response(told(run), mimetype="application/octet-stream", headers=HEADERS)

    @app.server.post("/api/live/<vid>/parts")
    def parts(vid: str) -> Response:
        order, body = asked(vid)
        answer = taken(Run(services, *kept, order.sharpest), body.get("classes"))
        return uncached(Response(answer_json(answer), mimetype="application/json"))


def told(run: Run) -> Iterator[bytes]:
    """The frames of an order; the last one tells a failure in words."""
    try:
        for header, pixels in run.tell():
            yield frame(header, pixels)
    except AppError as error:
        yield frame({"state": "failed", "message": error.message, "hint": error.hint})
    except Exception:
        log.exception("a live prediction failed")
        words = {"message": "The server failed.", "hint": "Update once more; its log tells the cause."}
        yield frame({"state": "failed", **words})


def taken(run: Run, classes: object) -> Answer:
    """What is predicted in view as parts of the ticked classes. Raises InvalidInputError, and as `Run.sharp`."""
    if not isinstance(classes, list) or not classes:
        raise InvalidInputError("No class of the live prediction is ticked.", "Tick what should become labels.")
    place, found = run.sharp()
    parts = [Part(label, spans_of(found == label, place)) for label in np.unique(found).tolist() if label in classes]
    check_count(sum(len(part.spans) for part in parts))
    return Answer(tuple(parts))


def frame(header: Mapping[str, Any], pixels: NDArray[np.uint8] | None = None) -> bytes:
    """uint32 LE length of the header, the JSON header with the payload's `size`, the deflated pixels.

    >>> frame({"state": "done"})
    b'\\x1c\\x00\\x00\\x00{"state": "done", "size": 0}'
    """
    payload = b"" if pixels is None else zlib.compress(np.ascontiguousarray(pixels).tobytes(), level=1)
    text = json.dumps({**header, "size": len(payload)}).encode()
    return struct.pack("<I", len(text)) + text + payload
