"""What the app stands on: image server, database, registry, jobs, GPUs, disk; each up or not, and how to mend it."""

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["up", "down", "absent"]


@dataclass(frozen=True)
class Part:
    """One thing the app needs, as it was a moment ago.

    state : "absent" is what one can do without, a GPU for example.
    told : what it says of itself when it is up, or what is wrong. hint : how to mend it.
    latency_ms : how long the answer took; None where nothing was asked over a line.
    """

    name: str
    state: State
    told: str = ""
    hint: str = ""
    latency_ms: float | None = None


class Infrastructure(Protocol):
    """Looks at all parts at once, so that a slow one keeps nobody waiting for long."""

    def parts(self) -> list[Part]:
        """In the order in which the page lists them; a few seconds old at most. Never raises."""
        ...
