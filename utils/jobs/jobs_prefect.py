"""Jobs done by the workers of a Prefect server; exports, whose files the app hands out, stay on this machine.

Submitting and cancelling may happen in any process of the app, and while Prefect is down: `prefect_watch.py`
hands the work out when it can. The ledger of a job is an MLflow run, as with `jobs_local.py`.
"""

from collections.abc import Callable
from dataclasses import replace

from core.errors import InvalidInputError
from core.learning.jobs import JobKind, JobRequest, JobView, Way
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_ledger import SHARES, JobLedger
from utils.jobs.jobs_local import LocalJobs, queued, wait_until_settled
from utils.jobs.prefect_dispatch import Dispatch
from utils.jobs.prefect_former import FormerDispatch, FormerShares, FormerSite
from utils.jobs.prefect_server import PrefectServer
from utils.jobs.prefect_shares import Shares
from utils.jobs.prefect_watch import Ledgers, PrefectWatch
from utils.jobs.share_files import SHARES_FILE, Handed, read_shares
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings


class PrefectJobs:
    """The `JobEngine` of a site with a Prefect server. Building it contacts nobody.

    local : does the exports. splits : whether the work of an algorithm can be shared out.
    former : where the flows are those of the app we succeed; these do a job as a whole.
    """

    def __init__(
        self,
        settings: Settings,
        store: MlflowStore,
        local: LocalJobs,
        *,
        splits: Callable[[str], bool],
        former: FormerSite | None = None,
    ) -> None:
        self._local = local
        self._results_uri = settings.seg_tiled_uri
        self._ledgers = Ledgers(JobLedger(store), JobLedger(store, experiment=SHARES))
        self._folders = JobFolders(settings.state_dir / "prefect")
        self._server = PrefectServer.from_settings(settings)
        shares = self._made_shares(Dispatch.from_settings(settings, self._server), former, settings.prefect_silence_s)
        self._watch = PrefectWatch(
            self._folders,
            self._ledgers,
            shares,
            lambda algorithm: settings.prefect_range_slices if former is None and splits(algorithm) else 0,
        )
        self._look_after_open_jobs()

    def _made_shares(self, usual: Dispatch, former: FormerSite | None, silence_s: float) -> Shares:
        if former is None:
            return Shares(usual, self._ledgers.shares, silence_s=silence_s)
        dispatch = FormerDispatch(usual, former, self._folders)
        return FormerShares(dispatch, self._ledgers.shares, former, silence_s=silence_s)

    def submit(self, request: JobRequest) -> str:
        """Queue a job and return its id; Prefect need not be there yet. Raises as `LocalJobs.submit`."""
        if request.kind is JobKind.EXPORT:
            return self._local.submit(request)
        job_id = queued(request, self._ledgers.jobs, self._folders, results_uri=self._results_uri)
        self._changed()
        return job_id

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; its state becomes CANCELLED within seconds. No effect on one that has ended."""
        if not self._folders.holds(job_id):
            return self._local.cancel(job_id)
        self._folders.ask_to_cancel(job_id)
        return self._changed()

    def pause(self, job_id: str) -> None:
        """Raises InvalidInputError for all but exports: a worker elsewhere cannot be put to rest."""
        if not self._folders.holds(job_id):
            return self._local.pause(job_id)
        raise InvalidInputError(
            "Workers of Prefect cannot be paused.", "Cancel the job; it goes on later where it stopped."
        )

    def resume(self, job_id: str) -> None:
        """Queue a job again that failed or was cancelled; slices that are done stay. Raises as `LocalJobs.resume`."""
        if not self._folders.holds(job_id):
            return self._local.resume(job_id)
        view = self._local.fresh(job_id)
        if not view.state.resumable:
            raise InvalidInputError(f"{view.name} is {view.state.value}.", "Only what failed or was cancelled goes on.")
        wait_until_settled(view, self._folders, self._watch.wake)
        (self._folders.folder(job_id) / SHARES_FILE).unlink(missing_ok=True)
        self._ledgers.jobs.reopen(job_id)
        self._folders.reopen(job_id)
        return self._changed()

    def move(self, job_id: str, way: Way) -> None:
        """Exports change places; the turns of other jobs are Prefect's."""
        self._local.move(job_id, way)

    def jobs(self, volume: str | None = None) -> list[JobView]:
        """Newest first; of one volume, or all."""
        self._look_after_open_jobs()
        return [self._shown(view) for view in self._local.jobs(volume)]

    def job(self, job_id: str) -> JobView:
        """Raises NotFoundError."""
        return self._shown(self._local.job(job_id))

    def log(self, job_id: str, *, max_lines: int = 200) -> str:
        """What the flow runs of the job have said last."""
        if not self._folders.holds(job_id):
            return self._local.log(job_id, max_lines=max_lines)
        runs = [each.flow_run for each in self._shares(job_id) if each.flow_run]
        return "\n".join(self._server.log(runs, max_lines=max_lines)) if runs else ""

    def metric_history(self, job_id: str, name: str) -> list[tuple[int, float]]:
        """(step, value) pairs, e.g. of "loss"."""
        if not self._folders.holds(job_id):
            return self._local.metric_history(job_id, name)
        trainings = [each.share.id for each in self._shares(job_id) if each.share.task == "train"]
        return [point for each in trainings for point in self._ledgers.shares.metric_history(each, name)]

    def preview(self, job_id: str) -> bytes:
        """Raises NotFoundError: the pictures of a training stay with its worker."""
        return self._local.preview(job_id)

    def prefect(self) -> str:
        """What Prefect says of itself, for the look at the infrastructure. Raises UnavailableError."""
        return f"Prefect {self._server.version()}"

    def close(self) -> None:
        """Stop looking after jobs; those that run go on."""
        self._watch.stop()
        self._local.close()

    def _shares(self, job_id: str) -> list[Handed]:
        return read_shares(self._folders.folder(job_id))

    def _shown(self, view: JobView) -> JobView:
        return replace(view, can_rest=False) if self._folders.holds(view.id) else view

    def _changed(self) -> None:
        self._local.forget()
        self._watch.wake()

    def _look_after_open_jobs(self) -> None:
        if self._folders.open_jobs():
            self._watch.wake()
