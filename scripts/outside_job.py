"""A job of an algorithm that is not ours: its programs, started as its description says (docs/own-algorithm.md).

`scripts/train.py` and `scripts/predict.py` hand over to it when they do not know an algorithm. The program reads and
writes Tiled by itself; here it is started, listened to, stopped, and what it leaves is registered as with our own.
"""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.errors import AppError, InvalidInputError, NotFoundError
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.jobs import JobRequest
from core.learning.outside import (
    ENGINES,
    MODELS_INSIDE,
    Start,
    Step,
    Surroundings,
    chosen_engine,
    image_of,
    in_container,
    in_interpreter,
    numbers_of,
    parameters_of,
    slices_of,
    steps_of,
    told_by,
)
from core.learning.segmenter import Progress, TrainingReport
from scripts.algorithms import MODEL_FILE
from scripts.job_models import is_trained, store_model
from scripts.job_run import JobRun, patiently
from scripts.job_slices import open_volume
from scripts.outside_result import OutsideResult
from utils.jobs.interpreters import interpreter_of
from utils.registry.mlflow_registry import MlflowRegistry
from utils.settings import ROOT

ENGINE_FAILED = 125  # docker's and podman's word for "the container did not even start"
NOT_FOUND_INSIDE = 127
STOP_S = 2
SPANS = {"train": "Training", "inference": "Segmenting"}


@dataclass
class Heard:
    """What a program has said that matters after it. last : its last line that was not for the page."""

    result: OutsideResult
    scores: dict[str, float] = field(default_factory=dict)
    last: str = ""


@dataclass(frozen=True)
class Errand:
    """What the programs of a job are started with. request : its images are an array, whatever the job named.

    folder : for parameter files. models : for what is trained.
    """

    descriptor: AlgorithmDescriptor
    request: JobRequest
    folder: Path
    models: Path


def run_outside(run: JobRun) -> None:
    """Start the programs of the job one after the other, and register what they leave.

    A job that goes on does not train again what it has registered.
    """
    descriptor, volume = find_outside(run), open_volume(run)
    request = replace(run.request, data_uri=volume.info.uri)
    model_id = request.model_id or (run.id if is_trained(run) else "")
    steps = [step for step in steps_of(run.id, request) if not (model_id and step.task == "train")]
    heard = Heard(OutsideResult(run, volume))
    with tempfile.TemporaryDirectory() as folder:
        errand = Errand(descriptor, request, Path(folder), _models(run, model_id, Path(folder)))
        for number, step in enumerate(steps):
            run.begin(SPANS[step.task], start=number / len(steps), stop=(number + 1) / len(steps))
            run_step(run, errand, step, heard)
            if step.task == "train":
                _keep_model(run, errand.models, heard)
        _end_result(run, descriptor, heard.result)


def find_outside(run: JobRun) -> AlgorithmDescriptor:
    """The description of the job's algorithm; raises InvalidInputError when it is not registered."""
    name = run.request.algorithm
    for descriptor in patiently(lambda: MlflowRegistry(run.store).algorithms()):
        if descriptor.model_name == name:
            found: AlgorithmDescriptor = descriptor
            return found
    raise InvalidInputError(
        f'There is no code for the algorithm "{name}".',
        "Choose another, or register yours: python -m scripts.save_mlflow_algorithm FILE.",
    )


def _models(run: JobRun, model_id: str, folder: Path) -> Path:
    """The folder of what is trained: empty where `model_id` is, before training; else with what that left."""
    if model_id:
        fetched: Path = patiently(lambda: run.ledger.fetch_files(model_id, folder))
        return fetched
    models = folder / "models"
    models.mkdir()
    return models


def run_step(run: JobRun, errand: Errand, step: Step, heard: Heard) -> None:
    """Start one program and wait for its end. Raises InvalidInputError when it cannot start or fails."""
    parameters = errand.folder / f"{step.task}.yaml"  # JSON is YAML
    start = _start_of(run, errand, step, parameters)
    models_dir = MODELS_INSIDE if start.engine else str(errand.models)
    told = parameters_of(step, errand.request, _surroundings(run), models_dir=models_dir)
    parameters.touch(mode=0o600)  # it holds keys, and goes with its folder
    parameters.write_text(json.dumps(told, indent=1))
    print(f"Starting: {' '.join(start.command)}", flush=True)
    code = _listen(run, start, heard)
    if code:
        raise _failed(errand.descriptor, step, start, code, heard.last)


def _start_of(run: JobRun, errand: Errand, step: Step, parameters: Path) -> Start:
    descriptor = errand.descriptor
    if descriptor.interpreter or not descriptor.image_name:
        interpreter = interpreter_of(descriptor)
        return in_interpreter(descriptor, step.task, parameters, interpreter=interpreter, root=ROOT)
    found = [engine for engine in ENGINES if shutil.which(engine)]
    engine = chosen_engine(run.settings.container_engine, found, image_of(descriptor))
    gpu = run.settings.job_device != "cpu" and Path("/dev/nvidiactl").exists()
    name = f"job-{step.uid_save}"
    return in_container(descriptor, step.task, parameters, errand.models, engine=engine, name=name, gpu=gpu)


def _surroundings(run: JobRun) -> Surroundings:
    settings = run.settings
    return Surroundings(
        settings.seg_tiled_uri,
        settings.mlflow_uri,
        {
            "data_tiled_api_key": settings.data_tiled_api_key.get_secret_value(),
            "mask_tiled_api_key": settings.mask_tiled_api_key.get_secret_value(),
            "seg_tiled_api_key": settings.seg_tiled_api_key.get_secret_value(),
            "mlflow_tracking_username": settings.mlflow_tracking_username,
            "mlflow_tracking_password": settings.mlflow_tracking_password.get_secret_value(),
        },
    )


def _listen(run: JobRun, start: Start, heard: Heard) -> int:
    """The exit code of a program, whose words go to the log and to the ledger while it runs."""
    heard.last = ""
    try:
        process = subprocess.Popen(
            start.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise InvalidInputError(
            f"{start.command[0]} cannot be started: {error.strerror}.",
            'Correct "interpreter" in the algorithm file, then register it again.',
        ) from error
    try:
        assert process.stdout is not None  # as asked for above
        for line in process.stdout:
            _hear(run, line.rstrip(), heard)
        return process.wait()
    finally:
        _stop(process, start)


def _stop(process: "subprocess.Popen[str]", start: Start) -> None:
    """End what still runs: the job was cancelled. A container does not end with the command that started it."""
    if process.poll() is not None:
        return
    if start.container:
        subprocess.run([start.engine, "stop", "--time", str(STOP_S), start.container], capture_output=True, check=False)
    process.terminate()


def _hear(run: JobRun, line: str, heard: Heard) -> None:
    said = told_by(line)
    if said is None:
        print(line, flush=True)
        heard.last = line.strip() or heard.last
        return
    heard.scores |= numbers_of(said.get("scores"))
    numbers, shown = numbers_of(said), heard.result.show(slices_of(said.get("slices_done")))
    if shown or "progress" in numbers:
        fraction = min(1.0, max(0.0, numbers.get("progress", heard.result.fraction)))
        step, metrics = int(numbers.get("step", 0)), numbers_of(said.get("metrics"))
        run.slices_done(shown, Progress(fraction, str(said.get("message", "")), metrics, step))


def _failed(descriptor: AlgorithmDescriptor, step: Step, start: Start, code: int, last: str) -> AppError:
    said = f": {last[:300]}" if last else ""
    if start.engine and (code == ENGINE_FAILED or (start.engine == "apptainer" and code == 255)):
        return InvalidInputError(
            f"The image {image_of(descriptor)} cannot be run by {start.engine}{said.rstrip('.')}.",
            'Pull it, or correct "image_name" and "image_tag" in the algorithm file.',
        )
    if start.engine and code == NOT_FOUND_INSIDE:
        return InvalidInputError(
            f"The image {image_of(descriptor)} has no python{said.rstrip('.')}.", "Its programs are started by python."
        )
    return InvalidInputError(
        f"{descriptor.model_name} ended with code {code} while {SPANS[step.task].lower()}{said.rstrip('.')}.",
        "The log tells more.",
    )


def _keep_model(run: JobRun, models: Path, heard: Heard) -> None:
    """Store what the program left for itself, and register it."""
    (models / MODEL_FILE).write_text(json.dumps({"algorithm": run.request.algorithm}))
    run.note_model(store_model(run, models, TrainingReport(scores=heard.scores)), note="")


def _end_result(run: JobRun, descriptor: AlgorithmDescriptor, result: OutsideResult) -> None:
    """Show all that the program has written."""
    try:
        slices = result.adopt()
    except NotFoundError as error:
        raise InvalidInputError(
            f"{descriptor.model_name} ended well, but left no result {run.id}/seg_result in Tiled.",
            "It must write one to seg_tiled_uri, below uid_save.",
        ) from error
    run.slices_done(slices, Progress(1.0, f"Segmented {len(slices)} slices"))
