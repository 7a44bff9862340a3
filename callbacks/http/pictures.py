"""Thumbnails and cards: slices and parts of them as JPEG, as docs/contracts.md ("Tables of items") says."""

import hashlib

from dash import Dash
from flask import Response, request

from core.errors import InvalidInputError
from core.images.pictures import QUALITY, Bounds, picture
from core.images.volumes import volume_path
from core.services import Services

WHOLE = "all"


def register(app: Dash, services: Services) -> None:
    """Add the route below /api/pictures."""
    tiles = services.tiles

    @app.server.get("/api/pictures/<vid>/<int:z>/<part>/<int:px>")
    def show_picture(vid: str, z: int, part: str, px: int) -> Response:
        volume, bounds, even = volume_path(vid), read_part(part), request.args.get("even") == "1"
        tag = _tag(tiles.manifest(volume).info.version, z, part, px, even)
        if tag in request.if_none_match:
            return _answer(b"", tag, draft=False, status=304)
        made = picture(tiles, volume, z, bounds, px=px, even=even)
        return _answer(made.data, tag, draft=made.draft)


def part_word(bounds: Bounds | None) -> str:
    """Bounds as the address of a picture has them.

    >>> part_word(None), part_word((0, 256, 128, 384))
    ('all', '0.256.128.384')
    """
    return WHOLE if bounds is None else ".".join(map(str, bounds))


def read_part(text: str) -> Bounds | None:
    """The bounds that an address names. Raises InvalidInputError.

    >>> read_part("0.256.128.384")
    (0, 256, 128, 384)
    """
    if text == WHOLE:
        return None
    numbers = text.split(".")
    if len(numbers) != 4 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise InvalidInputError(f"{text[:40]!r} names no part of an image.", "Write all, or y0.x0.y1.x1.")
    y0, x0, y1, x1 = map(int, numbers)
    return y0, x0, y1, x1


def _tag(version: str, *which: object) -> str:
    """Changes when the image does, or the way pictures are made."""
    return hashlib.blake2b(f"{version} {which} {QUALITY}".encode(), digest_size=12).hexdigest()


def _answer(data: bytes, tag: str, *, draft: bool, status: int = 200) -> Response:
    """Kept by the browser, and asked for again before it is shown: then the server need not draw it."""
    answer = Response(data, status, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store" if draft else "private, no-cache"
    if not draft:
        answer.set_etag(tag)
    return answer
