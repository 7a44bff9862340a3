"""Errors as JSON: what a machine reads when something fails, and what the log keeps.

`{"error", "hint", "request_id"}`, never a traceback. The request id stands in the log beside the cause.
"""

import logging
import uuid
from typing import NoReturn

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, InternalServerError

from core.errors import AppError, InvalidInputError, NotFoundError, UnavailableError, UnsupportedImageError

API_ROOT = "/api/"
STATUS: tuple[tuple[type[AppError], int], ...] = (
    (NotFoundError, 404),
    (InvalidInputError, 400),
    (UnsupportedImageError, 415),
    (UnavailableError, 503),
)

log = logging.getLogger(__name__)


def register(server: Flask) -> None:
    """Answer every AppError, and every other failure below /api, with JSON."""
    server.register_error_handler(AppError, answer_app_error)
    server.register_error_handler(HTTPException, answer_http_error)
    server.add_url_rule(f"{API_ROOT}<path:rest>", "api_unknown", refuse_unknown)  # else Dash answers with the page


def refuse_unknown(rest: str) -> NoReturn:
    """There is no such route."""
    raise NotFoundError(f"{API_ROOT}{rest} is not part of this interface.", "docs/contracts.md lists what is.")


def status_of(error: AppError) -> int:
    """The HTTP status of an error's class; 500 for a plain AppError."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def answer_app_error(error: AppError) -> Response:
    """The error's own words."""
    return _answer(status_of(error), error.message, error.hint)


def refuse(message: str, hint: str, *, status: int = 403) -> Response:
    """403, for who may not do what was asked; 401, for who has to sign in first."""
    return _answer(status, message, hint)


def answer_http_error(error: HTTPException) -> Response | HTTPException:
    """JSON below /api; elsewhere the error as Flask would show it."""
    if not request.path.startswith(API_ROOT):
        return error
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        return _answer(500, "The server failed.", "Try again; if it stays, tell the administrator the request id.")
    answer = _answer(error.code or 500, error.description or error.name, "")
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value  # Allow, WWW-Authenticate, Retry-After
    return answer


def _answer(status: int, message: str, hint: str) -> Response:
    request_id = uuid.uuid4().hex[:12]
    log.log(
        logging.ERROR if status >= 500 else logging.INFO,
        "%s %s -> %d, request %s: %s %s", request.method, request.path, status, request_id, message, hint,
    )  # fmt: skip
    answer = jsonify(error=message, hint=hint, request_id=request_id)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
