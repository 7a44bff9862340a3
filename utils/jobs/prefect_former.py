"""Jobs handed to a deployment of the app we succeed (FLOW_NAME): its workers keep their ways, and tell only Prefect.

When its flow run is done, the result is found below the key that its worker chose, and the model is entered in the
registry, so that the page shows the one and offers the other. The files of the model stay where that worker put them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InvalidInputError, NotFoundError
from core.images.volumes import VolumeCatalog
from core.labels.publishing import result_metadata
from core.learning.former_flows import Places, params_list
from core.learning.jobs import JobKind, JobRequest, JobState, format_ranges
from core.learning.models import TrainedModel
from core.learning.shares import Task
from utils.images.tiled_masks import TiledResults
from utils.jobs.job_folders import JobFolders
from utils.jobs.job_ledger import JobLedger
from utils.jobs.prefect_dispatch import Dispatch
from utils.jobs.prefect_server import Deployment, FlowRun, FlowRunRequest, RunState
from utils.jobs.prefect_shares import JobOverError, Seen, Shares
from utils.jobs.share_files import Handed, read_shares
from utils.registry.mlflow_registry import MlflowRegistry
from utils.settings import Settings

AT_WORK = "At work; this flow does not tell how far it is"


@dataclass(frozen=True)
class FormerSite:
    """What there is around a deployment of the former app. flow_name : "flow/deployment"."""

    flow_name: str
    places: Places
    volumes: VolumeCatalog
    results: TiledResults
    registry: MlflowRegistry

    @classmethod
    def from_settings(
        cls, settings: Settings, volumes: VolumeCatalog, results: TiledResults, registry: MlflowRegistry
    ) -> "FormerSite | None":
        """None where FLOW_NAME names no deployment."""
        places = Places(settings.seg_tiled_uri, settings.mlflow_uri)
        return cls(settings.flow_name, places, volumes, results, registry) if settings.flow_name else None

    def image_of(self, algorithm: str) -> str:
        """Its container image, "" for none."""
        found = next((each for each in self.registry.algorithms() if each.model_name == algorithm), None)
        return f"{found.image_name}:{found.image_tag}" if found is not None and found.image_name else ""


class FormerDispatch:
    """How a job becomes a flow run of the former app; else as `Dispatch`. folders : of the jobs."""

    def __init__(self, usual: Dispatch, site: FormerSite, folders: JobFolders) -> None:
        self.server = usual.server
        self._usual = usual
        self._site = site
        self._folders = folders

    def start(self, _job_id: str, request: JobRequest, handed: Handed) -> str:
        """As `Dispatch.start`."""
        uid = self._model_uid(request.model_id) if request.kind is JobKind.SEGMENT else ""
        steps = params_list(request, self._site.places, model_uid=uid)
        image = self._site.image_of(request.algorithm)
        tags = [*self._usual.tags, handed.share.task, *([image] if image else [])]
        wish = FlowRunRequest(self._usual.name_of(request), {"params_list": steps}, tags, handed.key)
        return self.server.start(self.deployment(handed.share.task), wish)

    def deployment(self, _task: Task) -> Deployment:
        """One does all there is to do."""
        return self._usual.known(self._site.flow_name)

    def _model_uid(self, job_id: str) -> str:
        """The child run that trained a model."""
        handed = read_shares(self._folders.folder(job_id))
        if not handed or not handed[0].children:
            raise InvalidInputError(
                f"This model was not trained by {self._site.flow_name}.",
                "Train it again, or let our own flows segment: without FLOW_NAME.",
            )
        return handed[0].children[0]


class FormerShares(Shares):
    """A job is one share; what becomes of it is what Prefect says of its flow run."""

    def __init__(self, dispatch: FormerDispatch, ledger: JobLedger, site: FormerSite, *, silence_s: float) -> None:
        super().__init__(dispatch, ledger, silence_s=silence_s)
        self._site = site

    def _working(self, handed: Handed) -> Seen:
        view = replace(self._ledger.view(handed.share.id), message=AT_WORK)
        return Seen(handed, view, works=True)

    def _ended(self, handed: Handed, run: FlowRun) -> Seen:
        if run.state is not RunState.COMPLETED:
            raise JobOverError(JobState.FAILED, self._why(handed, run))
        children = tuple(child.id for child in self._server.children(handed.flow_run))
        return Seen(replace(handed, done=True, children=children))

    def left(self, job_id: str, request: JobRequest, shares: Sequence[Handed]) -> dict[str, Any]:
        """Find the result, and enter the model."""
        children = shares[0].children
        if not children:
            return {"note": "The flow has started no run of its own, so nothing is known of a model or a result."}
        model_id = request.model_id or job_id
        if request.kind is JobKind.TRAIN:
            self._enter(job_id, request)
        try:
            slices = self._refer(job_id, request, children[-1], model_id)
        except NotFoundError:
            return {"model_id": model_id, "note": f"There is no result {children[-1]}/seg_result in Tiled."}
        message = f"Segmented {len(slices)} slices"
        return {"model_id": model_id, "slices_done": format_ranges(slices), "message": message}

    def _enter(self, job_id: str, request: JobRequest) -> None:
        """No effect the second time."""
        try:
            self._site.registry.model(job_id)
        except NotFoundError:
            self._site.registry.register_model(TrainedModel.of(job_id, request))

    def _refer(self, job_id: str, request: JobRequest, key: str, model_id: str) -> tuple[int, ...]:
        facts = result_metadata(
            job_id=job_id,
            job_name=request.name,
            model=model_id,
            data_uri=request.data_uri,
            mask_uri=request.mask_uri,
            slices=(),
            classes=request.classes,
        )
        return self._site.results.refer(job_id, key, facts, shape=self._site.volumes.open(request.volume).info.shape)
