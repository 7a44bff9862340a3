"""Trained models for the Label Studio commands: found by name, and asked slice by slice."""

import tempfile
from functools import cache
from pathlib import Path

from core.errors import NotFoundError
from core.images.volumes import VolumeSource
from core.labelstudio.sources import Pair, ReadPair
from core.labelstudio.windows import Windows, segment
from core.learning.models import TrainedModel
from core.learning.neighbours import SliceWindow
from core.learning.segmenter import Segmenter
from scripts.algorithms import load
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings


def find_model(name: str, settings: Settings) -> TrainedModel:
    """The newest model of a name, or the one of an id. Raises NotFoundError that lists some there are."""
    models = [model for model in MlflowRegistry(MlflowStore.from_settings(settings)).models() if model.classes]
    found = next((model for model in models if name in (model.id, model.name)), None)
    if found is None:
        names = ", ".join(repr(model.name) for model in models[:5])
        raise NotFoundError(f"There is no trained model {name!r}.", f"There are {names}." if names else "Train one.")
    return found


def open_model(model: TrainedModel, settings: Settings) -> Segmenter:
    """Fetch and load it."""
    with tempfile.TemporaryDirectory() as folder:
        files = MlflowRegistry(MlflowStore.from_settings(settings)).fetch_model(model.id, Path(folder))
        return load(files, device=settings.job_device)


def reader(model: TrainedModel, volume: VolumeSource, settings: Settings, windows: Windows | None) -> ReadPair:
    """Predicts slice after slice; the model is loaded when the first one is asked for."""
    loaded = cache(lambda: open_model(model, settings))

    def read(z: int) -> Pair:
        segmenter = loaded()
        seen = SliceWindow.over(volume, context=segmenter.context)(z)
        found = segment(segmenter, *seen, windows)
        return found.labels, found.confidence

    return read
