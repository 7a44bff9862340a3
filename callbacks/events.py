"""What a callback was called for.

Dash asks once for everything that has changed meanwhile: a press may come together with the tick of a clock, or with
buttons that were drawn anew. `ctx.triggered_id` names only the first of these, and what it leaves out would be lost.
"""

from typing import Any

from dash import ctx


def events() -> list[tuple[Any, Any]]:
    """(id, value) of each property that has changed; none at the first call of a page."""
    found = ctx.triggered_prop_ids
    return [(found[each["prop_id"]], each["value"]) for each in ctx.triggered if each["prop_id"] in found]


def changed(*names: str) -> bool:
    """Whether one of them is among what has changed."""
    return any(event in names for event, _ in events())


def pressed() -> list[dict[str, Any]]:
    """The ids of the buttons of patterns that were pressed; none when they were only drawn."""
    return [event for event, value in events() if isinstance(event, dict) and value]
