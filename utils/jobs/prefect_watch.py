"""Looks after the jobs of Prefect's workers: hands their shares out, follows them, and writes what becomes of them.

What a dead worker costs
------------------------
A worker of ours writes to the run of its share every two seconds that it lives. One that was killed loses the slices it
had in hand, a training at most an epoch where the next worker finds the same disk; its share is handed out again, by
itself, as often as MAX_TRIES says. It is known to be gone when Prefect says so, or after PREFECT_SILENCE_S without a
word, for Prefect does not miss a worker whose machine is gone. While the app is down workers go on with what was handed
out; the ranges that a training leaves are handed out when it is back.

Who holds which lock
--------------------
`prefect/supervisor.lock` : the one process of the app that looks. It alone writes `shares.json` and the runs of the
jobs; the run of a share is written by its worker. Wishes to cancel are files that any process may write.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import AppError, InvalidInputError, NotFoundError
from core.learning.jobs import JobRequest, JobState, JobView, read_parameters
from core.learning.shares import News, Share, news_of_one, news_of_ranges, next_work, segments_later
from core.learning.verdicts import Verdict
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_ledger import JobLedger, classes_as_json, progress_tags
from utils.jobs.prefect_shares import JobOverError, Seen, Shares
from utils.jobs.share_files import Handed, read_shares, write_shares
from utils.lookout import Lookout

LOOK_EVERY_S = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ledgers:
    """Of the jobs, and of their shares."""

    jobs: JobLedger
    shares: JobLedger


@dataclass(frozen=True)
class Begun:
    """When the first range was seen at work, seconds of time.monotonic, and how many slices were done then."""

    at: float
    slices: int


class PrefectWatch:
    """A background thread; `wake` starts it, and makes it look at once.

    range_slices : the most slices of a range, by the name of the algorithm; 0 where one worker must do all.
    """

    def __init__(
        self, folders: JobFolders, ledgers: Ledgers, shares: Shares, range_slices: Callable[[str], int]
    ) -> None:
        self._folders = folders
        self._ledgers = ledgers
        self._jobs = ledgers.jobs
        self._shares = shares
        self._range_slices = range_slices
        self._told: dict[str, Any] = {}
        self._begun: dict[str, Begun] = {}
        lock = folders.root / "supervisor.lock"
        self._lookout = Lookout("prefect-watch", lock, self._look_after_all, every_s=LOOK_EVERY_S)

    def wake(self) -> None:
        """Look now."""
        self._lookout.wake()

    def stop(self) -> None:
        """Stop looking. Workers go on working."""
        self._lookout.stop()

    def _look_after_all(self) -> None:
        for job_id in self._folders.open_jobs():
            try:
                self._look_after(job_id)
            except AppError as error:  # tried again at the next look
                self._tell_trouble(job_id, error)
            except Exception:
                log.exception("job %s could not be looked after", job_id)

    def _look_after(self, job_id: str) -> None:
        try:
            job = self._jobs.view(job_id)
        except NotFoundError:
            log.warning("job %s was deleted in MLflow", job_id)
            self._close(job_id)
            return
        try:
            self._follow(job)
        except JobOverError as over:
            self._end(job_id, over)
        except (InvalidInputError, NotFoundError) as error:
            self._end(job_id, JobOverError(JobState.FAILED, Verdict(error.message, error.hint)))

    def _follow(self, job: JobView) -> None:
        """One look at one open job."""
        if job.state.ended:
            self._close(job.id)
            return
        if self._folders.cancel_asked(job.id) is not None:
            raise JobOverError(JobState.CANCELLED)
        request, folder = self._request(job.id), self._folders.folder(job.id)
        planned = read_shares(folder) or self._plan(job, request, trained=bool(job.model_id), before=())
        handed = self._shares.hand_out(folder, job.id, request, planned)
        seen = self._shares.look(handed)
        self._tell(job, request, seen)
        now = [each.handed for each in seen]
        if now != handed:
            write_shares(folder, now)
        if all(each.done for each in now):
            self._go_on(job.id, request, now)

    def _plan(self, job: JobView, request: JobRequest, *, trained: bool, before: Sequence[Handed]) -> list[Handed]:
        """Make the shares that can be done next; none ends the job."""
        size = self._range_slices(request.algorithm)
        work = next_work(request, job.slices_done, trained=trained, size=size)
        if not work:
            raise JobOverError(JobState.DONE)
        new = [Handed(Share(self._ledgers.shares.create(request), task, slices)) for task, slices in work]
        write_shares(self._folders.folder(job.id), [*before, *new])
        return [*before, *new]

    def _go_on(self, job_id: str, request: JobRequest, done: Sequence[Handed]) -> None:
        """After a training come the ranges that it left; after them, the end."""
        later = segments_later(request, size=self._range_slices(request.algorithm))
        if not later or any(each.share.task == "inference" for each in done):
            self._jobs.write(job_id, self._shares.left(job_id, request, done))
            raise JobOverError(JobState.DONE)
        self._plan(self._jobs.view(job_id), request, trained=True, before=done)
        self.wake()

    def _request(self, job_id: str) -> JobRequest:
        try:
            return read_parameters(json.loads(self._folders.parameters_file(job_id).read_text()))[1]
        except (OSError, ValueError) as error:
            raise InvalidInputError("The job's parameter file cannot be read.", "Start it anew.") from error

    def _tell(self, job: JobView, request: JobRequest, seen: Sequence[Seen]) -> None:
        """Write what the workers say of their shares as what is said of the job."""
        works = any(each.works for each in seen)
        if job.state is JobState.QUEUED and works:
            self._jobs.start(job.id)
        news = self._news(job, request, seen)
        facts = _facts_of_model(seen)
        known = (news.progress, news.message, news.slices_done, facts)
        if self._told.get(job.id) == known and news.seconds_left is None:
            return
        tags = progress_tags(news.progress, news.message, seconds_left=news.seconds_left, slices_done=news.slices_done)
        self._jobs.write(job.id, {**tags, **facts})
        self._told[job.id] = known

    def _news(self, job: JobView, request: JobRequest, seen: Sequence[Seen]) -> News:
        done = set(job.slices_done).union(*(each.view.slices_done for each in seen if each.view is not None))
        workers = sum(each.works for each in seen)
        open_shares = [each.handed for each in seen if not each.handed.done]
        if open_shares and not workers:
            return News(job.progress, self._shares.waiting_for(open_shares), tuple(sorted(done)))
        size = self._range_slices(request.algorithm)
        alone = [each.view for each in seen if each.view and (not size or each.handed.share.task == "train")]
        if alone:
            return news_of_one(request, alone[0], size=size)
        return news_of_ranges(request, done, workers=workers, pace_s=self._pace(job.id, len(done)))

    def _pace(self, job_id: str, done: int) -> float | None:
        """Seconds a slice, since the first range was seen at work."""
        begun = self._begun.setdefault(job_id, Begun(time.monotonic(), done))
        return (time.monotonic() - begun.at) / (done - begun.slices) if done > begun.slices else None

    def _tell_trouble(self, job_id: str, error: AppError) -> None:
        """The job waits for whoever does not answer, and says so."""
        if self._told.get(job_id) == error.message:
            return
        self._told[job_id] = error.message
        log.warning("job %s: %s", job_id, error)
        try:
            self._jobs.write(job_id, {"message": error.message, "eta": ""})
        except AppError:
            log.warning("job %s: MLflow does not answer either", job_id)

    def _end(self, job_id: str, over: JobOverError) -> None:
        self._shares.cancel(read_shares(self._folders.folder(job_id)))
        self._jobs.finish(job_id, over.state, error=over.verdict.error, hint=over.verdict.hint)
        self._close(job_id)

    def _close(self, job_id: str) -> None:
        self._folders.close(job_id)
        for known in (self._told, self._begun):
            known.pop(job_id, None)


def _facts_of_model(seen: Sequence[Seen]) -> dict[str, Any]:
    """What workers say of the model that they have trained or use."""
    for view in (each.view for each in seen):
        if view is not None and view.model_id:
            facts = {"scores": json.dumps(dict(view.scores)), "note": view.note} if view.scores or view.note else {}
            return {"model_id": view.model_id, "classes": classes_as_json(view.classes), **facts}
    return {}
