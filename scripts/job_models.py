"""What every training leaves: the files of the model beside its run, and an entry in the registry."""

import time
from pathlib import Path

from core.learning.models import TrainedModel
from core.learning.segmenter import TrainingReport
from scripts.job_run import JobRun, patiently
from utils.mlflow_registry import MlflowRegistry


def store_model(run: JobRun, folder: Path, report: TrainingReport) -> TrainedModel:
    """Store the model in `folder` with all that is needed to use and to judge it, and return its entry."""
    request = run.request
    patiently(lambda: run.ledger.keep_files(run.id, folder))
    model = TrainedModel(
        id=run.id,
        name=request.name,
        algorithm=request.algorithm,
        parameters=request.parameters,
        classes=request.classes,
        volume=request.volume,
        created=time.time(),
        labels_hash=request.mask_uri.rstrip("/").rpartition("/")[2],
        scores=report.scores,
        evaluation=report.evaluation,
        importances=report.importances,
        learned_shares=report.learned_shares,
    )
    patiently(lambda: MlflowRegistry(run.store).register_model(model))
    return model
