"""What `test_failures.py` needs: a workplace behind lines that can be cut, jobs in this process, what a page shows."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from plotly.utils import PlotlyJSONEncoder

from callbacks.jobs import as_json
from components.jobs import card
from core.learning.jobs import JobKind, JobRequest, JobState, JobView
from scripts import predict
from scripts.job_run import JobRun, run_to_its_end
from scripts.job_slices import results_of
from tests.lines import Line
from tests.scripts.conftest import Workplace
from utils.jobs.job_ledger import JobLedger
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

SLICES = [0, 1, 2, 3]


@dataclass
class Scene:
    """A workplace whose servers stand behind lines, and jobs that run in this process."""

    workplace: Workplace
    folder: Path
    images: Line
    results: Line
    settings: Settings
    store: MlflowStore
    known: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)

    def segmentation(self, model_id: str, **changes) -> JobRun:
        return self.opened(self.workplace.request(JobKind.SEGMENT, model_id=model_id, slices=SLICES, **changes))

    def training(self, **changes) -> JobRun:
        return self.opened(self.workplace.request(JobKind.TRAIN, **changes))

    def opened(self, request: JobRequest) -> JobRun:
        """A new job, about to begin; it reads its images over the line."""
        uri = request.data_uri.replace(self.workplace.settings.data_tiled_uri, self.images.uri)
        job_id = JobLedger(self.store).create(replace(request, data_uri=uri))
        JobLedger(self.store).start(job_id)
        folder = self.folder / job_id
        folder.mkdir()
        return self.again(JobRun(job_id, folder, replace(request, data_uri=uri), self.settings, *self._kept()))

    def again(self, run: JobRun, **settings) -> JobRun:
        """The same job, about to go on, perhaps with other settings."""
        fresh = JobRun(run.id, run.folder, run.request, self.settings.model_copy(update=settings), *self._kept())
        fresh.remember()
        return fresh

    def _kept(self) -> tuple[JobLedger, MlflowStore]:
        return JobLedger(self.store), self.store

    def does(self, run: JobRun, work=predict.segment) -> JobView:
        """Run it to its end, as far as that can be told; also remembers what was acknowledged."""
        run_to_its_end(run, work)
        view = JobLedger(self.store).view(run.id)
        self.results.mend()
        results = results_of(self.again(run))
        self.known[run.id] = {z: results.read_slice(run.id, z) for z in view.slices_done}
        return view

    def goes_on(self, run: JobRun, **settings) -> None:
        """Once the cause is mended, all is segmented, and what was told done is as it was."""
        before = self.known[run.id]
        view = self.does(self.again(run, **settings))
        assert view.state is JobState.DONE, view
        assert set(view.slices_done) == set(SLICES)
        assert all(np.array_equal(self.known[run.id][z], labels) for z, labels in before.items())


def after(run: JobRun, count: int, act: Callable[[], None]) -> JobRun:
    """`act` once so many slices have been told done."""
    told = run.slice_done

    def listen(z, progress) -> None:
        told(z, progress)
        if len(run.done) == count:
            act()

    run.slice_done = listen  # type: ignore[method-assign]
    return run


def shows(view: JobView, said: str, way_out: str) -> None:
    """The card of the job says both, in sentences, and has no trace of code."""
    page = json.dumps(card(as_json(view), None).to_plotly_json(), cls=PlotlyJSONEncoder, ensure_ascii=False)
    assert view.state is JobState.FAILED, view
    assert said in view.error and way_out in view.hint, view
    for sentence in (view.error, view.hint):
        assert json.dumps(sentence, ensure_ascii=False)[1:-1] in page
        assert not any(word in sentence for word in ("Traceback", 'File "', "object at 0x", "<class", "/metadata/"))


def fill(folder: Path) -> None:
    """Until nothing more fits."""
    with pytest.raises(OSError, match="No space left"), (folder / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
