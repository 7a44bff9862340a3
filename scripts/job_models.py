"""Trained models as jobs keep and fetch them: the files beside the run that made them, and an entry in the registry."""

import tempfile
from pathlib import Path

from core import VERSION
from core.errors import AppError, NotFoundError
from core.images.volumes import VolumeSource, read_slice
from core.learning.models import TrainedModel
from core.learning.preview import thumbnail
from core.learning.segmenter import Segmenter, TrainingReport
from scripts.algorithms import load
from scripts.job_run import JobRun, patiently
from scripts.job_slices import results_of
from utils.registry.mlflow_registry import MlflowRegistry


def store_model(run: JobRun, folder: Path, report: TrainingReport) -> TrainedModel:
    """Store the model in `folder` with all that is needed to use and to judge it, and return its entry."""
    patiently(lambda: run.ledger.keep_files(run.id, folder))
    model = TrainedModel.of(
        run.id,
        run.request,
        scores=report.scores,
        evaluation=report.evaluation,
        importances=report.importances,
        learned_shares=report.learned_shares,
        code_version=VERSION,
        labelled_pixels=report.labelled_pixels,
    )
    patiently(lambda: MlflowRegistry(run.store).register_model(model))
    return model


def keep_thumbnail(run: JobRun, volume: VolumeSource, z: int) -> None:
    """Keep a picture of what the job's model made of slice `z`, which is in Tiled; without one a model is as good."""
    try:
        labels = patiently(lambda: results_of(run).read_slice(run.id, z))
        picture = thumbnail(read_slice(volume, z), labels, run.request.classes)
        patiently(lambda: MlflowRegistry(run.store).keep_thumbnail(run.id, picture))
    except AppError as error:
        print(f"No thumbnail: {error}")


def is_trained(run: JobRun) -> bool:
    """Whether an earlier, interrupted run of this job has stored its model already."""
    try:
        patiently(lambda: MlflowRegistry(run.store).model(run.id))
    except NotFoundError:
        return False
    return True


def fetch_segmenter(run: JobRun, model_id: str) -> Segmenter:
    """The model that the job `model_id` trained, one of ours."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            files = patiently(lambda: run.ledger.fetch_files(model_id, Path(folder)))
        except NotFoundError as error:
            raise NotFoundError("The files of the model are gone.", "Train it again.") from error
        return load(files, device=run.settings.job_device)
