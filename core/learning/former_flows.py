"""Jobs in the words of the app we succeed, for the flows that its sites have deployed.

Such a flow (there `launch_parent_flow`) takes `params_list`, a step each for training and segmenting, and starts a flow
of its own for each step in turn. The id of that child is the key of all that the step leaves: the name of the model in
MLflow, and of the result in Tiled. It knows the keys of Tiled and MLflow by itself, and segments the whole stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.learning.jobs import JobKind, JobRequest

STEPS = {JobKind.TRAIN: ("train", "inference"), JobKind.SEGMENT: ("inference",)}


@dataclass(frozen=True)
class Places:
    """results_uri : the Tiled container below which results go. mlflow_uri : of the registry, as workers reach it."""

    results_uri: str
    mlflow_uri: str


def params_list(request: JobRequest, places: Places, *, model_uid: str = "") -> list[dict[str, Any]]:
    """The steps of a job.

    Parameters
    ----------
    model_uid : the child that trained the model, for a SEGMENT job.
    """
    params = {
        "io_parameters": _paths(request, places, model_uid),
        "model_parameters": {
            **request.parameters,
            **(request.prediction if request.kind is JobKind.SEGMENT else {}),
            "num_classes": len(request.classes),
            "network": request.algorithm,
        },
    }
    return [{"model_name": request.algorithm, "task_name": step, "params": params} for step in STEPS[request.kind]]


def _paths(request: JobRequest, places: Places, model_uid: str) -> Mapping[str, Any]:
    return {
        "data_tiled_uri": request.data_uri,
        "mask_tiled_uri": request.mask_uri if request.kind is JobKind.TRAIN else "",
        "seg_tiled_uri": places.results_uri,
        "uid_retrieve": model_uid,
        "job_name": request.name,
        "mlflow_uri": places.mlflow_uri,
        "mlflow_model": model_uid or None,
    }
