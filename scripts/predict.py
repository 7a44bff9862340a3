"""A segmentation job: ``python scripts/predict.py PARAMETERS.json``.

Segments slices with a model trained before. The app's supervisor starts it; `scripts/job_run.py` keeps its ledger.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from scripts.algorithms import is_ours, prepared
from scripts.job_models import fetch_segmenter
from scripts.job_run import JobRun, main, patiently
from scripts.job_slices import open_volume, segment_slices
from scripts.outside_job import run_outside
from utils.jobs.job_ledger import classes_as_json
from utils.registry.mlflow_registry import MlflowRegistry


def segment(run: JobRun) -> None:
    """Fetch the model and segment the slices asked for, ascending."""
    run.begin("Fetching the model", start=0.0, stop=0.0)
    model = patiently(lambda: MlflowRegistry(run.store).model(run.request.model_id))
    run.note({"classes": classes_as_json(model.classes)})  # what the model knows, whatever the page thought
    if not is_ours(model.algorithm):
        return run_outside(run)
    volume = open_volume(run)
    segmenter = prepared(fetch_segmenter(run, model.id), run.request.prediction, volume)
    slices = run.request.slices if run.share is None else run.share.slices
    return segment_slices(run, segmenter, volume, sorted(slices), classes=model.classes)


if __name__ == "__main__":
    sys.exit(main(segment, sys.argv[1:]))
