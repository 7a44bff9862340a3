"""Makes our Tiled server answer sooner. Nothing here changes what it answers.

Tiled overrides some of its FastAPI dependencies, and FastAPI inspects the signatures of all dependencies anew for every
request of an app that does: half of the time of a request for a 13 MB slice. `remember_signatures` lets it inspect
each once. `xxhash` in requirements.txt serves the same end: dask, which Tiled makes its ETags with, takes it instead of
SHA-1 when it is there.
"""

from collections.abc import Callable, Hashable
from typing import Any

from fastapi.dependencies import utils


def remember_signatures() -> None:
    """Keep what FastAPI finds out about a dependency. Calling it twice does no harm."""
    if not hasattr(utils.get_dependant, "remembers"):
        utils.get_dependant = _remembering(utils.get_dependant)


def _remembering(inspect: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Hashable, Any] = {}

    def get_dependant(**asked: Any) -> Any:
        key = tuple(sorted((name, _hashable(value)) for name, value in asked.items()))
        if key not in known:
            known[key] = inspect(**asked)
        return known[key]

    get_dependant.remembers = True  # type: ignore[attr-defined]
    return get_dependant


def _hashable(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list) else value
