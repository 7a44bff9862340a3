"""How we prove to Label Studio who we are: both kinds of token, and the file in which one is kept.

A legacy token is 40 hexadecimal digits, sent as it is. A personal access token is a JWT that only buys others, which
live five minutes. The file is for its owner alone (0600), and nothing prints what is in it.
"""

import base64
import json
import os
import secrets
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from core.errors import UnavailableError

EARLY_S = 20.0  # before it ends a token is bought anew, so that none ends on its way
REFRESH = "/api/token/refresh/"


@dataclass(frozen=True)
class Kept:
    """What the file holds. secret : what Label Studio must know to ask our models.

    follows : ids of the projects whose annotations come in as soon as they are submitted.
    """

    url: str
    token: str = field(repr=False)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    follows: tuple[int, ...] = field(default=(), compare=False)  # another one needs no other line to the server


def is_personal(token: str) -> bool:
    """Whether a token is a JWT.

    >>> is_personal("0123456789abcdef0123456789abcdef01234567")
    False
    """
    return _claims(token) is not None


class TokenAuth(httpx.Auth):
    """Signs requests; a personal token is exchanged again when its substitute ends, or is refused."""

    requires_response_body = True

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._access = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """As httpx asks for."""
        if not is_personal(self._token):
            request.headers["Authorization"] = f"Token {self._token}"
            yield request
            return
        if _ends_soon(self._access):
            yield from self._exchange()
        request.headers["Authorization"] = f"Bearer {self._access}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # ended or withdrawn on the other side
            yield from self._exchange()
            request.headers["Authorization"] = f"Bearer {self._access}"
            yield request

    def _exchange(self) -> Generator[httpx.Request, httpx.Response, None]:
        answer = yield httpx.Request("POST", f"{self._url}{REFRESH}", json={"refresh": self._token})
        if answer.status_code != httpx.codes.OK:
            raise UnavailableError(
                "Label Studio does not take the personal access token (any more).",
                "Make a new one under Account & Settings, Personal Access Token, and connect again.",
            )
        self._access = str(answer.json()["access"])


def read_kept(path: Path) -> Kept | None:
    """What the file holds; None when there is none. Raises UnavailableError when it cannot be read."""
    try:
        content = json.loads(path.read_text())
        return Kept(content["url"], content["token"], content["secret"], tuple(content.get("follows", ())))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnavailableError(f"{path} cannot be read.", "Remove it, and connect to Label Studio again.") from error


def write_kept(path: Path, kept: Kept) -> None:
    """Keep it for its owner alone; nobody sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(kept), file)
    draft.replace(path)


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _ends_soon(token: str) -> bool:
    claims = _claims(token)
    return claims is None or float(claims.get("exp", 0)) < time.time() + EARLY_S
