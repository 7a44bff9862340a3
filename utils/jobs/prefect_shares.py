"""The shares of one job in the hands of Prefect's workers: handed out, looked at, handed out again, cancelled."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from core.errors import NotFoundError
from core.learning.jobs import JobRequest, JobState, JobView
from core.learning.shares import Task
from core.learning.verdicts import Verdict
from utils.jobs.job_ledger import JobLedger
from utils.jobs.prefect_server import Deployment, FlowRun, PrefectServer, RunState
from utils.jobs.share_files import Handed, write_shares

MAX_TRIES = 3
LAST_LINES = 3
GO_ON = 'Press "Go on": what is done stays.'
GONE = Verdict("The flow run was deleted in Prefect.", GO_ON)


class JobOverError(Exception):
    """A job comes to its end because of one of its shares."""

    def __init__(self, state: JobState, verdict: Verdict | None = None) -> None:
        super().__init__(state)
        self.state = state
        self.verdict = verdict or Verdict("", "")


class Dispatch(Protocol):
    """How a share becomes a flow run: `prefect_dispatch.py`, `prefect_former.py`."""

    server: PrefectServer

    def start(self, job_id: str, request: JobRequest, handed: Handed) -> str:
        """Let the share wait for a worker; returns the id of the flow run, the same however often it is asked."""
        ...

    def deployment(self, task: Task) -> Deployment:
        """Who runs such shares."""
        ...


@dataclass(frozen=True)
class Seen:
    """A share at one look. view : what its worker tells; None when that is of no interest (any more)."""

    handed: Handed
    view: JobView | None = None
    works: bool = False


@dataclass(frozen=True)
class Sign:
    """The last sign of life, and when it was new, in seconds of time.monotonic."""

    sign: str
    since: float


class Shares:
    """ledger : of the shares. silence_s : how long a worker may say nothing before it counts as gone."""

    def __init__(self, dispatch: Dispatch, ledger: JobLedger, *, silence_s: float) -> None:
        self._dispatch = dispatch
        self._server = dispatch.server
        self._ledger = ledger
        self._silence_s = silence_s
        self._signs: dict[str, Sign] = {}

    def hand_out(self, folder: Path, job_id: str, request: JobRequest, shares: Sequence[Handed]) -> list[Handed]:
        """Give each that has none a flow run. Whenever this is cut off, it can be done again."""
        handed = list(shares)
        for at, each in enumerate(handed):
            if not each.flow_run:
                handed[at] = replace(each, flow_run=self._dispatch.start(job_id, request, each))
                write_shares(folder, handed)
        return handed

    def look(self, shares: Sequence[Handed]) -> list[Seen]:
        """What has become of them; one whose worker is gone comes back without a flow run. Raises JobOverError."""
        runs = self._server.runs([each.flow_run for each in shares if not each.done])
        return [Seen(each) if each.done else self._seen(each, runs.get(each.flow_run)) for each in shares]

    def _seen(self, handed: Handed, run: FlowRun | None) -> Seen:
        if run is None:
            raise JobOverError(JobState.FAILED, GONE)
        if run.state in (RunState.CANCELLED, RunState.CANCELLING):
            raise JobOverError(JobState.CANCELLED)
        if run.state.ended:
            return self._ended(handed, run)
        if run.state is RunState.RUNNING:
            return self._working(handed)
        may_wait = run.state is not RunState.PENDING or not self._begins_at_once(handed)
        return Seen(handed) if may_wait or not self._silent(handed, "pending") else self._again(handed)

    def _begins_at_once(self, handed: Handed) -> bool:
        return self._dispatch.deployment(handed.share.task).starts_at_once

    def _working(self, handed: Handed) -> Seen:
        view, beat = self._ledger.life(handed.share.id)
        return self._again(handed) if self._silent(handed, beat) else Seen(handed, view, works=True)

    def _silent(self, handed: Handed, sign: str) -> bool:
        """Whether the sign of life has been the same for too long; clocks of other machines do not matter."""
        last, now = self._signs.get(handed.key), time.monotonic()
        if last is None or last.sign != sign:
            self._signs[handed.key] = Sign(sign, now)
            return False
        return now - last.since > self._silence_s

    def _ended(self, handed: Handed, run: FlowRun) -> Seen:
        view, beat = self._ledger.life(handed.share.id)
        self._signs.pop(handed.key, None)
        if view.state is JobState.DONE:
            return Seen(replace(handed, done=True), view)
        if view.state is JobState.FAILED:
            raise JobOverError(JobState.FAILED, Verdict(view.error, view.hint))
        if not beat or handed.tries >= MAX_TRIES:  # it did not even begin, or will not come to an end
            raise JobOverError(JobState.FAILED, self._why(handed, run))
        return self._again(handed)

    def _again(self, handed: Handed) -> Seen:
        """Another worker shall do it. The run that nobody works on must not look as if somebody did."""
        self._server.give_up(handed.flow_run, "Its worker is gone; the share was handed out again.")
        if handed.tries >= MAX_TRIES:
            raise JobOverError(JobState.FAILED, Verdict(f"{MAX_TRIES} workers have gone silent.", GO_ON))
        return Seen(replace(handed, flow_run="", tries=handed.tries + 1))

    def _why(self, handed: Handed, run: FlowRun) -> Verdict:
        lines = " ".join(self._server.log([handed.flow_run], max_lines=LAST_LINES)) or run.message or "-"
        return Verdict(f"The flow run has {run.state.value.lower()}.", f"{GO_ON} Its log ends with: {lines}")

    def left(self, job_id: str, request: JobRequest, shares: Sequence[Handed]) -> dict[str, Any]:  # noqa: ARG002
        """Tags for a job whose shares are all done, beyond what their workers have told."""
        return {}

    def cancel(self, shares: Sequence[Handed]) -> None:
        """Stop all that are not done: their workers hear it from the ledger, those that wait for one from Prefect."""
        left = [each for each in shares if not each.done]
        for each in left:
            self._cancel_in_ledger(each)
        for each in left:
            if each.flow_run:
                self._server.cancel(each.flow_run)

    def _cancel_in_ledger(self, handed: Handed) -> None:
        try:
            if not self._ledger.view(handed.share.id).state.ended:
                self._ledger.finish(handed.share.id, JobState.CANCELLED)
        except NotFoundError:
            return

    def waiting_for(self, shares: Sequence[Handed]) -> str:
        """Whom shares wait for that nobody works on."""
        task = next(each.share.task for each in shares if not each.done)
        pool = self._dispatch.deployment(task).pool
        if not pool or self._server.workers(pool):
            return "Waiting for a worker"
        return f"No worker is there. One starts with: prefect worker start --pool {pool}"
