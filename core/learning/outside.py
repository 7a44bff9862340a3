"""Algorithms of other people: what their programs are told and how they are started (docs/own-algorithm.md).

The parameter file is that of the app we succeed, and so are the image, the command and the places inside a container,
so an algorithm written for that app runs as it is. Pure; `scripts/outside_job.py` does what is said here.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InvalidInputError
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.jobs import JobKind, JobRequest, new_parameters

ENGINES = ("docker", "podman", "apptainer")
PARAMETERS_INSIDE = "/app/work/config/params.yaml"  # in a container
MODELS_INSIDE = "/app/work/models"
GPU_FLAGS: Mapping[str, tuple[str, ...]] = {
    "docker": ("--gpus", "all"),
    "podman": ("--device", "nvidia.com/gpu=all"),
    "apptainer": ("--nv",),
}


@dataclass(frozen=True)
class Step:
    """One start of the program. task : "train" or "inference". uid_retrieve : of the step that trained, or ""."""

    task: str
    uid_save: str
    uid_retrieve: str = ""


def steps_of(job_id: str, request: JobRequest) -> list[Step]:
    """What a job starts, in order. A result has the id of its job; what was trained has another, derived from it."""
    if request.kind is JobKind.TRAIN:
        return [Step("train", trained_uid(job_id)), Step("inference", job_id, trained_uid(job_id))]
    return [Step("inference", job_id, trained_uid(request.model_id))]


def trained_uid(model_id: str) -> str:
    """The id under which a program keeps what it has trained.

    >>> trained_uid("4f1c")
    '4f1c-train'
    """
    return f"{model_id}-train"


@dataclass(frozen=True)
class Surroundings:
    """What a program must know of this place. keys : of Tiled and MLflow, by their names in the file."""

    results_uri: str
    mlflow_uri: str
    keys: Mapping[str, str] = field(default_factory=dict)


def parameters_of(step: Step, request: JobRequest, around: Surroundings, *, models_dir: str) -> dict[str, Any]:
    """The parameter file of one step: what our jobs are told, with what the former app adds.

    models_dir : a folder for what is trained; what the first step leaves there, later ones find.
    """
    told = new_parameters(request, job_id=step.uid_save, results_uri=around.results_uri)
    told["task_name"] = step.task
    told["io_parameters"] |= {
        **around.keys,
        "uid_retrieve": step.uid_retrieve,
        "models_dir": models_dir,
        "mlflow_uri": around.mlflow_uri,
        "mlflow_model": None,
    }
    return told


@dataclass(frozen=True)
class Start:
    """How to start a program. container : its name where it runs in one, to stop it by."""

    command: tuple[str, ...]
    engine: str = ""
    container: str = ""


def program_of(descriptor: AlgorithmDescriptor, task: str) -> list[str]:
    """The file of a task and the words after it.

    Raises InvalidInputError when the algorithm names none.
    """
    words = shlex.split(descriptor.python_file_name.get(task, ""))
    if not words:
        raise InvalidInputError(
            f"{descriptor.model_name} names no program for {task}.", f'Add "{task}" to its "python_file_name".'
        )
    return words


def in_interpreter(
    descriptor: AlgorithmDescriptor, task: str, parameters: Path, *, interpreter: str, root: Path
) -> Start:
    """Started by a Python of this machine. root : where relative file names begin.

    Raises
    ------
    InvalidInputError
        If its file is not there.
    """
    name, *flags = program_of(descriptor, task)
    file = root / name
    if not file.is_file():
        raise InvalidInputError(
            f"The program of {descriptor.model_name} for {task}, {file}, does not exist.",
            'Correct "python_file_name" in the algorithm file, then register it again.',
        )
    return Start((interpreter, "-u", str(file), *flags, str(parameters)))


def in_container(
    descriptor: AlgorithmDescriptor, task: str, parameters: Path, models: Path, *, engine: str, name: str, gpu: bool
) -> Start:
    """Started in the image that the algorithm names, with the network of this machine.

    parameters : its parameter file, and models : the folder for what it trains, on this machine.
    """
    inside = shlex.join(["python", *program_of(descriptor, task), PARAMETERS_INSIDE])
    shell = ("/bin/sh", "-c", inside)
    mounts = (f"{parameters}:{PARAMETERS_INSIDE}", f"{models}:{MODELS_INSIDE}")
    gpus = GPU_FLAGS[engine] if gpu and descriptor.is_gpu_enabled else ()
    if engine == "apptainer":
        binds = [word for mount in mounts for word in ("--bind", mount)]
        return Start((engine, "exec", *binds, *gpus, _apptainer_image(descriptor), *shell), engine)
    volumes = [word for mount in mounts for word in ("-v", mount)]
    command = (engine, "run", "--rm", "--name", name, "--network", "host", *volumes, *gpus)
    return Start((*command, image_of(descriptor), *shell), engine, name)


def image_of(descriptor: AlgorithmDescriptor) -> str:
    """Name and tag of its image.

    >>> image_of(AlgorithmDescriptor("a", "1", "segmentation", (), {}, image_name="ghcr.io/lab/a", image_tag="main"))
    'ghcr.io/lab/a:main'
    """
    return f"{descriptor.image_name}:{descriptor.image_tag}" if descriptor.image_tag else descriptor.image_name


def _apptainer_image(descriptor: AlgorithmDescriptor) -> str:
    """A file as it is; else the image of a registry."""
    name = descriptor.image_name
    return name if name.endswith(".sif") else f"docker://{image_of(descriptor)}"


def told_by(line: str) -> Mapping[str, Any] | None:
    """What a line of output tells the job, or None when it is for the log only.

    >>> told_by('{"progress": 0.5, "message": "half"}')
    {'progress': 0.5, 'message': 'half'}
    >>> told_by("half done") is None
    True
    """
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None


def numbers_of(said: Any) -> dict[str, float]:
    """The finite numbers of an object by name; anything else is left out."""
    if not isinstance(said, Mapping):
        return {}
    numbers = {str(key): float(value) for key, value in said.items() if isinstance(value, int | float)}
    return {key: value for key, value in numbers.items() if value == value and abs(value) != float("inf")}


def slices_of(said: Any) -> list[int]:
    """The slice numbers of a list; anything else is left out.

    >>> slices_of([3, "4", 5.5])
    [3]
    >>> slices_of(None)
    []
    """
    return [z for z in said if type(z) is int] if isinstance(said, list) else []


def chosen_engine(wish: str, found: Sequence[str], image: str) -> str:
    """The container engine to use. wish : "auto" or its name. found : those on this machine, in our order.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    if wish == "auto" and found:
        return found[0]
    if wish in found:
        return wish
    wanted = f"{wish} is not" if wish != "auto" else f"none of {', '.join(ENGINES)} is"
    raise InvalidInputError(
        f"The algorithm runs in the image {image}, but {wanted} on this machine.",
        'Install one (CONTAINER_ENGINE names it), or name a Python as the "interpreter" of the algorithm.',
    )
