"""Calls a page's callbacks as the browser does: by name, through `POST /_dash-update-component`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash

Known = Mapping[Any, Any]
"""{"id.property": value}; of a pattern {"type.property": [(id, value), ...]}"""


class PageClient:
    """Every value the callback reads and the test does not give is None; patterns match nothing then."""

    def __init__(self, app: Dash) -> None:
        self.client = app.server.test_client()
        self.client.get("/")  # brings the cookie that proves our writes
        told = self.client.get("/_dash-dependencies").json
        self.dependencies = [each for each in told if not each["clientside_function"]]

    def call(
        self, output: str, known: Known, *, trigger: str | dict[str, Any], prop: str = "", earlier: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Run the callback that writes `output` ("id.property"); returns {id: {property: value}} of what it wrote.

        trigger : "id.property", or the id of a pattern with its property in `prop`. earlier : what changed before it,
        for Dash asks once for several.
        """
        (found,) = [each for each in self.dependencies if output in _names(each["output"])]
        changed = trigger if isinstance(trigger, str) else self.name(trigger, prop)
        body = {
            "output": found["output"],
            "outputs": _outputs(found["output"]),
            "inputs": [_value(each, known) for each in found["inputs"]],
            "state": [_value(each, known) for each in found["state"]],
            "changedPropIds": [*earlier, changed],
        }
        cookie = self.client.get_cookie("_csrf_token")
        headers = {"X-CSRFToken": cookie.value} if cookie else {}
        answer = self.client.post("/_dash-update-component", json=body, headers=headers)
        if answer.status_code == 204:
            return {}
        assert answer.status_code == 200, answer.text
        return answer.json["response"] | {"side": answer.json.get("sideUpdate", {})}

    @staticmethod
    def name(pattern: Mapping[str, Any], prop: str) -> str:
        """A property of a pattern, as what has changed is named."""
        return f"{json.dumps(pattern, sort_keys=True, separators=(',', ':'))}.{prop}"


def _names(output: str) -> list[str]:
    return [name.partition("@")[0] for name in output.strip(".").split("...")]


def _outputs(output: str) -> Any:
    parts = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in _names(output)]
    parts = [[] if part["id"].startswith("{") else part for part in parts]
    return parts if output.startswith("..") else parts[0]


def _value(each: Mapping[str, str], known: Known) -> Any:
    name, prop = each["id"], each["property"]
    if not name.startswith("{"):
        return {"id": name, "property": prop, "value": known.get(f"{name}.{prop}")}
    matched = known.get(f"{json.loads(name)['type']}.{prop}", [])
    return [{"id": found, "property": prop, "value": value} for found, value in matched]
