"""The two configuration files of the Active-Labeler, every option of them, and a few of our own.

Options may stand in sections, as in the original files, or at the top. One that there is not is refused by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from core.errors import InvalidInputError, NotFoundError, ParameterError

FINAL = ("copies", "manifest")
Chosen = TypeVar("Chosen", "PipelineSettings", "ModelSettings")


@dataclass(frozen=True)
class PipelineSettings:
    """pipeline.yaml. What is ours: steps, seed_rounds, diversity_sampling, final_dataset_path, final_dataset_as,
    volume_prefix; docs/active.md explains each, and why sampling_strategy has another default. num_trees is accepted
    and not needed, the search is exact.
    """

    data_path: str
    runtime_path: str
    verbose: int = 0
    seed: int = 100
    device: str = "auto"
    swipe_label_batch_size: int = 10
    model_type: str = "simclr"
    model_path: str = ""
    image_size: int = 256
    embedding_size: int = 32
    model_config_path: str = ""
    seed_nn: int = 1
    ref_img_path: str = ""
    seed_data_path: str = ""
    num_trees: int = 50
    sample_size: int = 20
    sampling_strategy: str = "balanced"
    diversity_sampling: str = ""
    active_label_batch_size: int = 128
    sampling_nn: int = 0
    n_closest: int = 5
    train_dataset_batch_size: int = 32
    metrics: int = 0
    pos_class: str = "positive"
    metric_csv_path: str = ""
    prob_csv_path: str = ""
    simulate_label: bool = False
    steps: str = "lllll"
    seed_rounds: tuple[int, ...] = (10, 2)
    final_dataset_path: str = ""
    final_dataset_as: str = "copies"
    volume_prefix: str = ""


@dataclass(frozen=True)
class ModelSettings:
    """model_config.yaml. train_encoder, c_num_classes, cpus are accepted: `steps`, the tags, the machine decide."""

    encoder_type: str = "SIMCLR"
    encoder_path: str = ""
    e_embedding_size: int = 32
    e_lr: float = 1e-2
    train_encoder: bool = False
    classifier_type: str = "SSLEvaluator"
    c_num_classes: int = 2
    c_hidden_dim: int = 64
    c_linear_lr: float = 1e-1
    c_dropout: float = 0.1
    c_gamma: float = 0.1
    c_decay_epochs: tuple[int, ...] = (60, 80)
    c_weight_decay: float = 1e-6
    c_final_lr: float = 1e-6
    c_momentum: float = 0.9
    c_scheduler_type: str = "cosine"
    seed: int = 100
    cpus: int = 4
    device: str = "auto"
    epochs: int = 50


def read_pipeline(path: Path) -> PipelineSettings:
    """Raises NotFoundError, ParameterError."""
    chosen = _chosen(PipelineSettings, _flat(_read(path)), path)
    if not chosen.data_path or not chosen.runtime_path:
        raise ParameterError(f"{path.name} names no data_path or no runtime_path.", "Add both.")
    if set(chosen.steps) - set("lf"):
        raise ParameterError(f"steps {chosen.steps!r} has other letters than l and f.", "Write for example lllf.")
    if chosen.final_dataset_as not in FINAL:
        raise ParameterError(f"final_dataset_as {chosen.final_dataset_as!r} is unknown.", f"Use {' or '.join(FINAL)}.")
    return chosen


def read_model(path: Path | None) -> ModelSettings:
    """The defaults without a file. Raises NotFoundError, ParameterError."""
    return ModelSettings() if path is None else _chosen(ModelSettings, _flat(_read(path)), path)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise NotFoundError(f"{path} cannot be read.", "Name a configuration file.") from error
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{path} is no YAML: {error}.", "Mend it.") from error
    if not isinstance(found, Mapping):
        raise InvalidInputError(f"{path} holds no options.", "Write one a line, as name: value.")
    return found


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    """Sections opened; None is as good as left out."""
    return {name: value for name, value in _pairs(found) if value is not None}


def _pairs(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _pairs(value)
        else:
            yield str(name), value


def _chosen(kind: type[Chosen], given: Mapping[str, Any], path: Path) -> Chosen:
    known = {each.name: each for each in fields(kind)}
    if unknown := [name for name in given if name not in known]:
        raise ParameterError(f"{path.name} has an option {unknown[0]!r}.", f"There are {', '.join(known)}.")
    needed = [name for name in ("data_path", "runtime_path") if name in known and name not in given]
    if needed:
        raise ParameterError(f"{path.name} names no {needed[0]}.", "Add it.")
    return kind(**{name: _typed(known[name].default, name, value) for name, value in given.items()})


def _typed(default: object, name: str, value: Any) -> Any:
    """Of the kind of the default; texts where there is none."""
    kind = type(default) if isinstance(default, (bool, int, float, str, tuple)) else str
    try:
        return tuple(int(each) for each in value) if kind is tuple else _truth(value) if kind is bool else kind(value)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} cannot be {value!r}.", f"Its default is {default!r}.") from error


def _truth(value: Any) -> bool:
    if str(value).lower() not in ("true", "false", "0", "1"):
        raise ValueError(value)
    return str(value).lower() in ("true", "1")
