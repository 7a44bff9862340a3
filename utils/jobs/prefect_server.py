"""A Prefect server over HTTP: the few questions that jobs ask of it. Prefect's own package is not needed for them."""

import base64
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx

from core.errors import InvalidInputError, NotFoundError, UnavailableError
from utils.settings import Settings

Json = dict[str, Any]
TIMEOUT_S = 10.0
MAX_AT_ONCE = 200  # Prefect answers with no more
MAX_REASON = 200


class RunState(StrEnum):
    """The types of Prefect's states."""

    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CRASHED = "CRASHED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    PAUSED = "PAUSED"

    @property
    def ended(self) -> bool:
        return self in (RunState.COMPLETED, RunState.FAILED, RunState.CRASHED, RunState.CANCELLED)


@dataclass(frozen=True)
class FlowRun:
    """message : what Prefect says of the state."""

    id: str
    state: RunState
    message: str = ""


@dataclass(frozen=True)
class Deployment:
    """name : "flow/deployment". pool : the work pool whose workers run it; "" for none.

    starts_at_once : whether a run that a worker took begins within seconds, and waits for no cluster.
    """

    id: str
    name: str
    pool: str
    starts_at_once: bool = False


@dataclass(frozen=True)
class FlowRunRequest:
    """key : Prefect starts one run for it, however often it is asked."""

    name: str
    parameters: Mapping[str, Any]
    tags: Sequence[str]
    key: str


class PrefectServer:
    """url : of the API. key, login : what the server wants of these, if any. Building it contacts nobody.

    Every method raises UnavailableError when the server does not answer or refuses.
    """

    def __init__(self, url: str, *, key: str = "", login: str = "") -> None:
        self.url = url.rstrip("/")
        headers = _authorization(key, login)
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT_S, transport=httpx.HTTPTransport(retries=1))
        weakref.finalize(self, self._http.close)

    @classmethod
    def from_settings(cls, settings: Settings) -> "PrefectServer":
        return cls(
            settings.prefect_api_url,
            key=settings.prefect_api_key.get_secret_value(),
            login=settings.prefect_api_auth_string.get_secret_value(),
        )

    def version(self) -> str:
        return str(self._ask("GET", "/admin/version"))

    def deployment(self, name: str) -> Deployment:
        """Raises NotFoundError when nobody has deployed that."""
        flow, _, own = name.partition("/")
        try:
            found = self._ask("GET", f"/deployments/name/{quote(flow, safe='')}/{quote(own, safe='')}")
        except NotFoundError as error:
            raise NotFoundError(
                f'Prefect has no deployment "{name}".', "Deploy it (docs/prefect.md); then start the job anew."
            ) from error
        pool = found["work_pool_name"] or ""
        return Deployment(found["id"], name, pool, bool(pool) and self._kind_of(pool) == "process")

    def _kind_of(self, pool: str) -> str:
        return str(self._ask("GET", f"/work_pools/{quote(pool, safe='')}")["type"])

    def start(self, deployment: Deployment, wish: FlowRunRequest) -> str:
        """Let a run of a deployment wait for a worker; returns its id."""
        body = {
            "name": wish.name,
            "parameters": dict(wish.parameters),
            "tags": list(wish.tags),
            "idempotency_key": wish.key,
            "state": {"type": RunState.SCHEDULED},
        }
        return str(self._ask("POST", f"/deployments/{deployment.id}/create_flow_run", body)["id"])

    def runs(self, ids: Sequence[str]) -> dict[str, FlowRun]:
        """By id; those that were deleted are missing."""
        found: dict[str, FlowRun] = {}
        for at in range(0, len(ids), MAX_AT_ONCE):
            part = list(ids[at : at + MAX_AT_ONCE])
            found |= {run.id: run for run in self._runs({"id": {"any_": part}})}
        return found

    def children(self, run_id: str) -> list[FlowRun]:
        """The runs that a run has started, in the order of their start."""
        return self._runs({"parent_flow_run_id": {"any_": [run_id]}}, sort="START_TIME_ASC")

    def _runs(self, which: Json, **more: Any) -> list[FlowRun]:
        answer = self._ask("POST", "/flow_runs/filter", {"flow_runs": which, "limit": MAX_AT_ONCE, **more})
        return [_flow_run(each) for each in answer]

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; no effect on one that has ended or is not there."""
        self._set_state(run_id, {"type": RunState.CANCELLING})

    def give_up(self, run_id: str, message: str) -> None:
        """Say that a run has crashed whose worker cannot say so any more."""
        self._set_state(run_id, {"type": RunState.CRASHED, "message": message}, force=True)

    def _set_state(self, run_id: str, state: Json, *, force: bool = False) -> None:
        try:
            self._ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": force})
        except NotFoundError:
            return

    def log(self, run_ids: Iterable[str], *, max_lines: int) -> list[str]:
        """The last lines that the runs have said, in order."""
        asked = {"logs": {"flow_run_id": {"any_": list(run_ids)}}, "sort": "TIMESTAMP_DESC"}
        answer = self._ask("POST", "/logs/filter", {**asked, "limit": min(max_lines, MAX_AT_ONCE)})
        return [str(line["message"]) for line in reversed(answer)]

    def workers(self, pool: str) -> int:
        """How many workers of a work pool are there at the moment."""
        body = {"workers": {"status": {"any_": ["ONLINE"]}}}
        return len(self._ask("POST", f"/work_pools/{quote(pool, safe='')}/workers/filter", body))

    def _ask(self, method: str, path: str, body: Json | None = None) -> Any:
        try:
            response = self._http.request(method, self.url + path, json=body)
        except httpx.HTTPError as error:
            raise self._down(f"does not answer ({type(error).__name__})") from error
        if response.status_code == httpx.codes.NOT_FOUND:
            raise NotFoundError(f"Prefect has no {path}.")
        if response.status_code in (401, 403):
            hint = "Correct PREFECT_API_KEY or PREFECT_API_AUTH_STRING."
            raise UnavailableError(f"Prefect at {self.url} refuses the login.", hint)
        if response.status_code in (400, 409, 422):
            said = response.text[:MAX_REASON]
            raise InvalidInputError(f"Prefect refuses the flow run: {said}", "Deploy the flows of this version anew.")
        if not response.is_success:
            raise self._down(f"answers {response.status_code} ({response.text[:MAX_REASON]})")
        return _content(response)

    def _down(self, what: str) -> UnavailableError:
        return UnavailableError(f"Prefect at {self.url} {what}.", "Start it, or correct PREFECT_API_URL.")


def _authorization(key: str, login: str) -> dict[str, str]:
    if key:
        return {"Authorization": f"Bearer {key}"}
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}


def _flow_run(answer: Json) -> FlowRun:
    state = answer["state"] or {"type": RunState.PENDING}
    return FlowRun(answer["id"], RunState(state["type"]), state.get("message") or "")


def _content(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise UnavailableError(
            f"What answers at {response.url} is not Prefect's API.", "PREFECT_API_URL usually ends with /api."
        ) from error
