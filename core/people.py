"""Who works here: the names that edits carry, and who looks at a volume at the moment.

A name is what a person says; nobody checks it, so it is no permission. Presence is kept in memory and forgotten within
seconds: it is a courtesy, not a record. `callbacks/people.py` ties names to browsers.
"""

import secrets
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import InvalidInputError

MAX_NAME_LENGTH = 40  # what a tooltip and a line of the history hold
EXPIRY_S = 6.0  # three of the slowest looks of a page (`labels/watch.ts`)
MAX_VISITS = 500  # of one volume; more are somebody's mistake
MAX_TAB_LENGTH = 36  # a UUID
COLORS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")


def person_name(text: str) -> str:
    """A name as it is kept: trimmed, inner white space single.

    Raises
    ------
    InvalidInputError
        If nothing is left, or it is too long or holds unprintable characters.

    >>> person_name("  Ann   Lee ")
    'Ann Lee'
    """
    name = " ".join(text.split())
    if not name:
        raise InvalidInputError("The name is empty.", "Type what others should call you.")
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidInputError(
            f"The name {name[:20]!r}... is too long or holds unprintable characters.",
            f"Use at most {MAX_NAME_LENGTH} letters, digits and signs.",
        )
    return name


def guest_name() -> str:
    """A name for who has said none; a number out of 9000 keeps the histories of guests apart."""
    return f"Guest {1000 + secrets.randbelow(9000)}"


def color_of(name: str) -> str:
    """A colour that is always the same for a name.

    >>> color_of("Ann") == color_of("Ann")
    True
    """
    return COLORS[zlib.crc32(name.encode()) % len(COLORS)]


@dataclass(frozen=True)
class Visit:
    """Somebody at a slice.

    tab : names the browser window, so that one person may be there twice.
    """

    tab: str
    name: str
    z: int


class Presence:
    """Who is at which volume, in the memory of this process.

    Parameters
    ----------
    clock : seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, dict[str, tuple[float, Visit]]] = {}

    def meet(self, volume: str, visit: Visit) -> list[Visit]:
        """Note that somebody is here, and tell who else is, by name.

        >>> presence = Presence()
        >>> presence.meet("stack", Visit("a", "Ann", 3))
        []
        >>> presence.meet("stack", Visit("b", "Ben", 4))
        [Visit(tab='a', name='Ann', z=3)]
        """
        now = self._clock()
        with self._lock:
            self._forget(now)
            here = self._seen.setdefault(volume, {})
            if visit.tab in here or len(here) < MAX_VISITS:
                here[visit.tab] = (now, visit)
            others = [other for _, other in here.values() if other.tab != visit.tab]
        return sorted(others, key=lambda other: (other.name.casefold(), other.tab))

    def _forget(self, now: float) -> None:
        for volume, visits in list(self._seen.items()):
            fresh = {tab: (at, visit) for tab, (at, visit) in visits.items() if now - at < EXPIRY_S}
            self._seen[volume] = fresh
            if not fresh:
                del self._seen[volume]


def check_tab(text: str) -> str:
    """The name of a browser window. Raises InvalidInputError."""
    if not 0 < len(text) <= MAX_TAB_LENGTH or not text.isascii() or not text.isprintable():
        raise InvalidInputError(f"{text[:40]!r} does not name a window.", "Reload the page.")
    return text
