"""Answers that may come after the next choice.

A list of choices is offered anew, and what is chosen stays chosen: were it told back to the page, a slow answer would
undo what somebody has chosen meanwhile.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dash import no_update


def unless_same(wanted: Any, chosen: Any) -> Any:
    """What the page must be told to choose `wanted`; nothing when it has chosen that.

    >>> unless_same("labels", "a result")
    'labels'
    """
    return no_update if wanted == chosen else wanted


def unless_offered(options: Iterable[Mapping[str, Any]], chosen: Any, otherwise: Any) -> Any:
    """The same of a choice that stays while it is among the options.

    >>> unless_offered([{"label": "A result", "value": "a"}], "b", "labels")
    'labels'
    """
    return unless_same(chosen if any(each["value"] == chosen for each in options) else otherwise, chosen)
