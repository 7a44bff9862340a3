"""Train an encoder on images without labels, for a network to start from.

    python -m scripts.pretrain IMAGES --algorithm SimCLR --out FOLDER [--param key=value]...

IMAGES is a TIFF stack, a folder of TIFFs or a Tiled URI. FOLDER gets the encoder; `python -m scripts.segment --start
FOLDER` begins with it. It runs the code of the jobs. The last line on stdout is JSON. Exit code 2 and one sentence when
something given is wrong. The key of Tiled: DATA_TILED_API_KEY.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import AppError, InvalidInputError
from core.images.volumes import VolumeSource
from core.learning.descriptors import validate_parameters
from core.learning.neighbours import SliceWindow
from core.learning.pretraining_parameters import PretrainingParameters
from scripts.algorithms import PRETRAININGS, pretrain
from scripts.command_line import EXIT_USER, add_choices, find_algorithm, open_images, pairs, tell
from utils.allocator import keep_freed_memory
from utils.settings import Settings, read_settings

if TYPE_CHECKING:
    from networks.pretraining.encoder import UnlabelledSlice


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        facts = run(options, read_settings())
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    print(json.dumps(facts))
    return 0


def run(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Train and save; returns what the last line says."""
    if options.algorithm not in PRETRAININGS:
        raise InvalidInputError(f"{options.algorithm} needs labels.", f"Use {' or '.join(PRETRAININGS)}.")
    parameters = validate_parameters(find_algorithm(options.algorithm, settings), pairs(options.param))
    images = open_images(options.images, settings.data_tiled_api_key.get_secret_value(), settings)
    slices = read_unlabelled(images, range(images.info.shape[0]), PretrainingParameters.chosen_from(parameters))
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    encoder, notes = pretrain(
        options.algorithm, slices, parameters, seed=options.seed, device=options.device, report=tell
    )
    encoder.save(options.out)
    return {"seconds": round(time.monotonic() - started, 2), "notes": notes, "out": str(options.out)}


def read_unlabelled(
    volume: VolumeSource, among: Sequence[int], parameters: PretrainingParameters
) -> "list[UnlabelledSlice]":
    """As many slices as the parameters want, with their neighbours."""
    from networks.pretraining.encoder import UnlabelledSlice  # brings torch

    window = SliceWindow.over(volume, context=parameters.context)
    return [UnlabelledSlice(*window(z)) for z in evenly(among, parameters.slices)]


def evenly(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of the numbers, the first and the last among them.

    >>> evenly(range(10), 4)
    [0, 3, 6, 9]
    """
    places = np.linspace(0, len(numbers) - 1, min(count, len(numbers)))
    return [numbers[round(place)] for place in places.tolist()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.pretrain", description="Train an encoder on images without labels."
    )
    parser.add_argument("images", metavar="IMAGES", help="TIFF stack, folder of TIFFs, or Tiled URI")
    add_choices(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    return parser


if __name__ == "__main__":
    keep_freed_memory()
    sys.exit(main())
