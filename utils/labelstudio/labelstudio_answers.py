"""What Label Studio answers, and what goes wrong on the line, as data or as a sentence with a way out."""

from typing import Any

import httpx

from core.errors import AppError, InvalidInputError, NotFoundError, UnavailableError


class Said:
    """Turns what goes wrong on the line into sentences."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, httpx.TimeoutException):
            raise UnavailableError(f"Label Studio at {self._url} takes too long.", "Try again; it goes on.") from error
        if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise UnavailableError(
                f"Label Studio at {self._url} does not answer.",
                "Start it, or correct the address; run it again, and only what is missing is sent.",
            ) from error


def content_of(answer: httpx.Response) -> Any:
    """The data of an answer. Raises what `refusal` says."""
    if not answer.is_success:
        raise refusal(answer)
    if not answer.content:
        return {}
    if not is_json(answer):
        raise UnavailableError("Label Studio answers with a page instead of data.", "Check its address and version.")
    return answer.json()


def refusal(answer: httpx.Response) -> AppError:
    """What an answer that is none of success means to a person."""
    code = answer.status_code
    words = _words(answer)
    if code == httpx.codes.UNAUTHORIZED:
        return _token_refusal(words)
    if code == httpx.codes.FORBIDDEN and "reserved network" in words:
        return InvalidInputError(
            "Label Studio may not ask addresses of its own machine or network.",
            "Start it with ML_BLOCK_LOCAL_IP=false SSRF_PROTECTION_ENABLED=false, or give the app a public address.",
        )
    if code == httpx.codes.NOT_FOUND:
        return NotFoundError("Label Studio does not have that (any more).", "Look whether the project is still there.")
    if "extension" in words:
        return InvalidInputError(f"Label Studio refuses the picture: {words}", "It takes PNG, JPEG, BMP, GIF and WebP.")
    if code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return UnavailableError(f"Label Studio failed ({code}): {words}", "Look into its log, and try again.")
    return InvalidInputError(f"Label Studio refuses ({code}): {words}", "Look at the project's settings.")


def _token_refusal(words: str) -> AppError:
    if "legacy" in words.lower():
        return InvalidInputError(
            "This Label Studio takes no legacy tokens.",
            "Make a personal access token under Account & Settings, or start it with --enable-legacy-api-token.",
        )
    return InvalidInputError(
        "Label Studio does not know the token.", "Copy it again from Account & Settings; every letter counts."
    )


def _words(answer: httpx.Response) -> str:
    """The reason in an answer, short."""
    if not is_json(answer):
        return answer.reason_phrase
    found = answer.json()
    if isinstance(found, dict):
        reasons = found.get("validation_errors") or found.get("detail") or found
        found = "; ".join(f"{each}" for each in _leaves(reasons))
    return str(found)[:300]


def _leaves(reasons: Any) -> list[str]:
    if isinstance(reasons, dict):
        return [leaf for each in reasons.values() for leaf in _leaves(each)]
    if isinstance(reasons, list):
        return [leaf for each in reasons for leaf in _leaves(each)]
    return [str(reasons)]


def is_json(answer: httpx.Response) -> bool:
    """Whether an answer is data, not a page."""
    return str(answer.headers.get("content-type", "")).startswith("application/json")
