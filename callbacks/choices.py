"""Answers that may come after the next choice.

A list of choices is offered anew, and what is chosen stays chosen: were it told back to the page, a slow answer would
undo what somebody has chosen meanwhile.
"""

from typing import Any

from dash import no_update


def unless_same(wanted: Any, chosen: Any) -> Any:
    """What the page must be told to choose `wanted`; nothing when it has chosen that.

    >>> unless_same("labels", "a result")
    'labels'
    """
    return no_update if wanted == chosen else wanted
