"""A training job: ``python scripts/train.py PARAMETERS.json``.

Learns from the painted slices of a mask in Tiled, registers the model in MLflow, then segments the slices asked for,
the painted ones first. An algorithm that learns without labels looks at some of the slices asked for, and registers
what it has learnt for others to start from. The app's supervisor starts it; `scripts/job_run.py` keeps its ledger.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from core.errors import InvalidInputError
from core.images.volumes import VolumeSource
from core.learning.comparison import warning
from core.learning.neighbours import SliceWindow
from core.learning.pretraining_parameters import PretrainingParameters
from core.learning.segmenter import LabelledSlice, Segmenter, TrainingReport
from scripts.algorithms import PRETRAININGS, context_of, is_ours, prepared, pretrain, train
from scripts.job_models import fetch_segmenter, is_trained, keep_thumbnail, store_model
from scripts.job_run import JobRun, main, patiently
from scripts.job_slices import interesting_first, open_volume, segment_slices
from scripts.outside_job import run_outside
from scripts.pretrain import read_unlabelled
from utils.images.tiled_masks import PublishedMask, read_mask
from utils.jobs.job_folders import TRAINING_FILE
from utils.registry.mlflow_registry import MlflowRegistry

SEED = 0  # the same labels and parameters give the same model
READING, TRAINING = 0.05, 0.5  # where these phases end on the progress bar


class Savable(Protocol):
    def save(self, folder: Path) -> None:
        """Write all files into `folder`."""
        ...


def work(run: JobRun) -> None:
    """With labels or without, as the algorithm learns; one from elsewhere runs by itself."""
    if not is_ours(run.request.algorithm):
        run_outside(run)
    elif run.request.algorithm in PRETRAININGS:
        learn_from_images(run)
    else:
        train_and_segment(run)


def learn_from_images(run: JobRun) -> None:
    """Train an encoder, register it; nothing is segmented."""
    if is_trained(run):  # it was interrupted after that
        return
    run.begin("Reading slices", start=0.0, stop=READING)
    request = run.request
    chosen = PretrainingParameters.chosen_from(request.parameters)
    slices = read_unlabelled(open_volume(run), request.slices, chosen)
    run.begin("Training", start=READING, stop=1.0)
    encoder, notes = pretrain(
        request.algorithm,
        slices,
        request.parameters,
        seed=SEED,
        device=run.settings.job_device,
        report=run.report,
        keep_in=run.folder / TRAINING_FILE,
    )
    _keep_model(run, encoder, TrainingReport(note=" ".join(notes)))


def train_and_segment(run: JobRun) -> None:
    """Train, register, segment; a job that goes on does not train again what it has registered."""
    run.begin("Reading the painted slices", start=0.0, stop=READING)
    volume = open_volume(run)
    mask = _open_mask(run)
    request = run.request
    segmenter = fetch_segmenter(run, run.id) if is_trained(run) else _trained(run, volume, mask)
    order = interesting_first(request.slices, mask.slices)
    if run.share is not None:  # the painted ones show how good it is; others do the rest
        order = [z for z in order if z in mask.slices]
    chosen = prepared(segmenter, request.prediction, volume)
    segment_slices(run, chosen, volume, order, classes=request.classes, start=TRAINING)
    if order:
        keep_thumbnail(run, volume, order[0])


def _trained(run: JobRun, volume: VolumeSource, mask: PublishedMask) -> Segmenter:
    """Learn from the painted slices, and register what was learned."""
    request = run.request
    with tempfile.TemporaryDirectory() as folder:
        start = _fetch_start(run, Path(folder))
        context = context_of(request.algorithm, request.parameters, start=start)
        slices = _read_slices(volume, mask, context=context)
        run.begin("Training", start=READING, stop=TRAINING)
        segmenter, report = train(
            request.algorithm,
            slices,
            request.parameters,
            seed=SEED,
            device=run.settings.job_device,
            report=run.report,
            start=start,
            keep_in=run.folder / TRAINING_FILE,
        )
    labelled = sum(int((each.labels > 0).sum()) for each in slices)
    _keep_model(run, segmenter, replace(report, labelled_pixels=labelled))
    return segmenter


def _open_mask(run: JobRun) -> PublishedMask:
    key = run.settings.mask_tiled_api_key.get_secret_value()
    return read_mask(run.request.mask_uri, api_key=key, timeout_s=run.settings.tiled_timeout_s)


def _fetch_start(run: JobRun, folder: Path) -> Path | None:
    """The files of the model to start from; None when training begins from nothing."""
    if not run.request.start_id:
        return None
    files: Path = patiently(lambda: run.ledger.fetch_files(run.request.start_id, folder))
    return files


def _read_slices(volume: VolumeSource, mask: PublishedMask, *, context: int) -> list[LabelledSlice]:
    if volume.info.shape[1:] != mask.shape:
        raise InvalidInputError(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels, the images are "
            f"{volume.info.shape[2]} x {volume.info.shape[1]}.",
            "Train on the volume the mask was painted on.",
        )
    window = SliceWindow.over(volume, context=context)
    slices = []
    for z, labels in mask:
        image, around = window(z)
        slices.append(LabelledSlice(z, image, labels, around))
    return slices


def _keep_model(run: JobRun, learnt: Savable, report: TrainingReport) -> None:
    """Store the model, and say what there is to say about its scores."""
    with tempfile.TemporaryDirectory() as folder:
        learnt.save(Path(folder))
        model = store_model(run, Path(folder), report)
    worse = warning(model, patiently(MlflowRegistry(run.store).models))
    run.note_model(model, note=" ".join(part for part in (worse, report.note) if part))
    (run.folder / TRAINING_FILE).unlink(missing_ok=True)  # the model is registered: nothing is left to go on with


if __name__ == "__main__":
    sys.exit(main(work, sys.argv[1:]))
