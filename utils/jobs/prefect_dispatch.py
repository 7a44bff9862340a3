"""How a share of a job becomes a flow run: deployment, name, tags and parameters, as in the app we succeed."""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from core.learning.jobs import JobRequest
from core.learning.shares import Task, parameters_of
from utils.jobs.prefect_server import Deployment, FlowRunRequest, PrefectServer
from utils.jobs.share_files import Handed
from utils.settings import Settings

KEEP_S = 30.0  # a deployment may be made anew at any time
DEPLOYMENTS: dict[Task, str] = {"train": "train/segmentation", "inference": "inference/segmentation"}


@dataclass
class Dispatch:
    """results_uri : the Tiled container below which results go. tags : of each flow run."""

    server: PrefectServer
    results_uri: str
    timezone: ZoneInfo
    tags: tuple[str, ...] = ()
    _known: dict[str, tuple[float, Deployment]] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: Settings, server: PrefectServer) -> "Dispatch":
        return cls(server, settings.seg_tiled_uri, ZoneInfo(settings.timezone), tags_in(settings.prefect_tags))

    def start(self, job_id: str, request: JobRequest, handed: Handed) -> str:
        """Let the share wait for a worker; returns the id of the flow run, the same however often it is asked.

        Raises NotFoundError when the flow is not deployed, InvalidInputError, UnavailableError.
        """
        return self.server.start(self.deployment(handed.share.task), self.wish(job_id, request, handed))

    def wish(self, job_id: str, request: JobRequest, handed: Handed) -> FlowRunRequest:
        """The flow run of a share."""
        share = handed.share
        parameters = {"job": parameters_of(share, request, job_id=job_id, results_uri=self.results_uri)}
        return FlowRunRequest(self.name_of(request), parameters, [*self.tags, share.task], handed.key)

    def deployment(self, task: Task) -> Deployment:
        """Who runs such shares."""
        return self.known(DEPLOYMENTS[task])

    def known(self, name: str) -> Deployment:
        """A deployment as it was some seconds ago."""
        until, known = self._known.get(name, (0.0, None))
        if known is None or time.monotonic() > until:
            known = self.server.deployment(name)
            self._known[name] = (time.monotonic() + KEEP_S, known)
        return known

    def name_of(self, request: JobRequest) -> str:
        return f"{request.name} {datetime.now(self.timezone):%Y/%m/%d %H:%M:%S}"


def tags_in(text: str) -> tuple[str, ...]:
    """
    >>> tags_in('["a", "b"]'), tags_in("a, b"), tags_in("")
    (('a', 'b'), ('a', 'b'), ())
    """
    if text.lstrip().startswith("["):
        return tuple(str(tag) for tag in json.loads(text))
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())
