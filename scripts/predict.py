"""A segmentation job: ``python scripts/predict.py PARAMETERS.json``.

Segments slices with a model trained before. The app's supervisor starts it; `scripts/job_run.py` keeps its ledger.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from core.images.volumes import VolumeSource
from core.learning.models import TrainedModel
from core.learning.segmenter import Segmenter
from scripts.algorithms import is_ours, load, prepared
from scripts.job_run import JobRun, main, patiently
from scripts.job_slices import open_volume, segment_slices
from scripts.outside_job import run_outside
from utils.job_ledger import classes_as_json
from utils.mlflow_registry import MlflowRegistry


def segment(run: JobRun) -> None:
    """Fetch the model and segment the slices asked for, ascending."""
    run.begin("Fetching the model", start=0.0, stop=0.0)
    model = patiently(lambda: MlflowRegistry(run.store).model(run.request.model_id))
    run.note({"classes": classes_as_json(model.classes)})  # what the model knows, whatever the page thought
    if not is_ours(model.algorithm):
        return run_outside(run)
    volume = open_volume(run)
    segmenter = _fetch(run, model, volume)
    return segment_slices(run, segmenter, volume, sorted(run.request.slices), classes=model.classes)


def _fetch(run: JobRun, model: TrainedModel, volume: VolumeSource) -> Segmenter:
    with tempfile.TemporaryDirectory() as folder:
        files = patiently(lambda: run.ledger.fetch_files(model.id, Path(folder)))
        return prepared(load(files, device=run.settings.job_device), run.request.prediction, volume)


if __name__ == "__main__":
    sys.exit(main(segment, sys.argv[1:]))
