"""Where messages appear: assets/page.js shows each record of the store `stores.MESSAGE` in the region."""

import uuid
from typing import Any, Literal

from dash import html

from components import ids

Kind = Literal["info", "error"]


def region() -> html.Div:
    """Empty; the newest message is at the bottom."""
    return html.Div(id=ids.MESSAGES, className="messages", role="log", **{"aria-live": "polite"})


def message(text: str, hint: str = "", *, kind: Kind = "info") -> dict[str, Any]:
    """A record for `stores.MESSAGE`: an info leaves by itself, an error stays until it is closed."""
    return {"id": uuid.uuid4().hex, "kind": kind, "text": text, "hint": hint}
