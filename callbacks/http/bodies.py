"""What a browser sends as JSON: one object, whose values are checked one by one, with words for who sent it."""

from collections.abc import Mapping
from typing import Any

from flask import request

from core.errors import InvalidInputError

Body = Mapping[str, Any]


def json_body() -> Body:
    """The JSON object of the request. Raises InvalidInputError."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInputError("The request is not a JSON object.", "Reload the page.")
    return body


def text_of(body: Body, name: str, *, longest: int = 200) -> str:
    """A text, "" where there is none. Raises InvalidInputError."""
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise InvalidInputError(f"{name} is not a text of at most {longest} characters.", "Reload the page.")
    return value


def whole_of(body: Body, name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """A whole number in a range. Raises InvalidInputError."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidInputError(f"{name} is {str(value)[:20]!r}.", f"It must be a whole number from {least} to {most}.")
    return value


def wholes_of(body: Body, name: str, *, most: int = 1_000_000) -> tuple[int, ...]:
    """Whole numbers from 0. Raises InvalidInputError."""
    values = body.get(name, [])
    fits = isinstance(values, list) and len(values) <= most
    if not fits or any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in values):
        raise InvalidInputError(f"{name} is not a list of whole numbers from 0.", "Reload the page.")
    return tuple(values)


def seconds_of(body: Body) -> float:
    """How long somebody took; 0 where nobody counted. Raises InvalidInputError."""
    value = body.get("seconds", 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise InvalidInputError(f"seconds is {str(value)[:20]!r}, which is no length of time.", "Reload the page.")
    return float(value)
