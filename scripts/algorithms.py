"""Which code an algorithm's name stands for: its trainer, and the loader of a model it has saved.

Torch is imported only when an algorithm asks for it, so that the pixel classifier starts in a second.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInputError
from core.images.volumes import VolumeSource
from core.learning.postprocess import PostProcessing, Refined
from core.learning.segmenter import LabelledSlice, Report, Segmenter, TrainingReport

if TYPE_CHECKING:  # torch comes with it
    from networks.pretraining.encoder import Encoder, UnlabelledSlice

MODEL_FILE = "model.json"  # every algorithm saves one, with its name under "algorithm"
NETWORKS = (  # as `networks/architectures` lists them
    "U-Net",
    "ConvNeXt U-Net",
    "MSDNet",
    "TUNet",
    "TUNet3+",
    "SMSNet ensemble",
    "3-D U-Net",
)
PRETRAININGS = ("SimCLR", "SimSiam")  # learn from images alone; they segment nothing by themselves
TRAINERS = {
    "Pixel classifier": "core.learning.pixel_training:train_pixel_classifier",
    **dict.fromkeys(NETWORKS, "networks.segmenter:train_segmenter"),
}
LOADERS = {
    "Pixel classifier": "core.learning.pixel_classifier:load_pixel_classifier",
    **dict.fromkeys(NETWORKS, "networks.segmenter:load_segmenter"),
}


def train(
    algorithm: str,
    slices: Sequence[LabelledSlice],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,
    report: Report,
    start: Path | None = None,
    keep_in: Path | None = None,
) -> tuple[Segmenter, TrainingReport]:
    """Train `algorithm` on labelled slices.

    Parameters
    ----------
    parameters : as its descriptor validates them.
    device : "cpu" or "cuda"; an algorithm without a use for a GPU ignores it.
    start : folder of a saved model of the same algorithm to go on with, for those that can.
    keep_in : file in which training is kept, and from which it goes on; those that take seconds begin anew.

    Raises
    ------
    InvalidInputError
        If there is no code for the algorithm here, or it cannot go on with a model.
    NotEnoughLabelsError
        If fewer than two classes are labelled.
    """
    trainer = _code(TRAINERS, algorithm)
    if algorithm in NETWORKS:
        trainer = partial(trainer, algorithm, start=start, keep_in=keep_in)
    elif start is not None:
        raise InvalidInputError(f"{algorithm} cannot start from an earlier model.", "Train it anew; it takes seconds.")
    outcome: tuple[Segmenter, TrainingReport] = trainer(slices, parameters, seed=seed, device=device, report=report)
    return outcome


def is_ours(algorithm: str) -> bool:
    """Whether its code is here; others are programs of their own (`scripts/outside_job.py`)."""
    return algorithm in (*TRAINERS, *PRETRAININGS)


def pretrain(
    algorithm: str,
    slices: "Sequence[UnlabelledSlice]",
    parameters: Mapping[str, Any],
    *,
    seed: int,
    device: str,
    report: Report,
    keep_in: Path | None = None,
) -> "tuple[Encoder, tuple[str, ...]]":
    """Train an encoder on slices without labels; also returns sentences about what happened.

    keep_in and errors : as of `train`.
    """
    trainer = _code(dict.fromkeys(PRETRAININGS, "networks.pretraining.encoder:pretrain"), algorithm)
    outcome: tuple[Encoder, tuple[str, ...]] = trainer(
        algorithm, slices, parameters, seed=seed, device=device, report=report, keep_in=keep_in
    )
    return outcome


def context_of(algorithm: str, parameters: Mapping[str, Any], *, start: Path | None = None) -> int:
    """How many neighbours on either side a slice must come with, to train `algorithm`; 0 for most.

    start : as `train` has it; the network keeps what it looks at.
    """
    if algorithm not in NETWORKS:
        return 0
    context: int = _code({algorithm: "networks.segmenter:context_of"}, algorithm)(algorithm, parameters, start)
    return context


def load(folder: Path, *, device: str) -> Segmenter:
    """The model that a trained segmenter has saved in `folder`; raises InvalidInputError."""
    try:
        algorithm = json.loads((folder / MODEL_FILE).read_text())["algorithm"]
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise InvalidInputError("The model cannot be read: its files are incomplete.", "Train it again.") from error
    segmenter: Segmenter = _code(LOADERS, algorithm)(folder, device=device)
    return segmenter


def prepared(segmenter: Segmenter, wishes: Mapping[str, Any], images: VolumeSource) -> Segmenter:
    """The segmenter as the prediction parameters of a job want it.

    images : what will be segmented; shares of the classes are estimated from it when that is wished.
    """
    if wishes.get("class_shares"):  # only the pixel classifier offers it
        expecting = _code({"shares": "core.learning.share_estimate:expecting"}, "shares")
        segmenter = expecting(segmenter, wishes["class_shares"], images)
    if wishes.get("keep_entropy"):
        segmenter = replace(segmenter, entropy=True)  # type: ignore[type-var]
    if wishes.get("flips"):  # only networks offer it
        segmenter = replace(segmenter, flips=True)  # type: ignore[type-var]
    processing = PostProcessing.chosen_from(wishes)
    return Refined(segmenter, processing) if processing != PostProcessing() else segmenter


def _code(table: Mapping[str, str], algorithm: str) -> Callable[..., Any]:
    if algorithm not in table:
        raise InvalidInputError(f'There is no code for the algorithm "{algorithm}".', f"Use {' or '.join(table)}.")
    module, _, name = table[algorithm].partition(":")
    code: Callable[..., Any] = getattr(import_module(module), name)
    return code
