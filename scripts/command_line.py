"""What the command lines that run algorithms share: algorithms by name, parameters as text, images, progress."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidInputError, NotFoundError, ParameterError
from core.images.volumes import VolumeSource
from core.learning.algorithm_file import read_algorithms
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.segmenter import Progress
from scripts.algorithms import is_ours
from utils.images.tiff_volumes import open_tiff
from utils.images.tiled_volumes import open_uri
from utils.settings import Settings

EXIT_USER = 2
BAR_WIDTH = 24  # characters


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Algorithm, its parameters, device and seed."""
    parser.add_argument("--algorithm", required=True, metavar="NAME", help="as in the algorithm file")
    parser.add_argument("--param", action="append", default=[], metavar="KEY=VALUE", help="may be repeated")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--seed", type=int, default=0)


def find_algorithm(name: str, settings: Settings) -> AlgorithmDescriptor:
    """Of the algorithm file. Raises NotFoundError, InvalidInputError."""
    path = settings.algorithm_json_path
    try:
        known = read_algorithms(path.read_text(), source=path.name)
    except OSError as error:
        raise NotFoundError(f"The algorithm file {path} cannot be read.", "Set ALGORITHM_JSON_PATH.") from error
    runnable = [descriptor for descriptor in known if is_ours(descriptor.model_name)]
    for descriptor in runnable:
        if descriptor.model_name == name:
            return descriptor
    names = " or ".join(f'"{each.model_name}"' for each in runnable)
    raise InvalidInputError(f'There is no algorithm "{name}".', f"Use {names}.")


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Of "key=value" each. Raises ParameterError."""
    return dict(_pair(text) for text in texts)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ParameterError(f"{text!r} is no parameter.", "Write key=value.")
    return key, value


def open_images(where: str, key: str, settings: Settings) -> VolumeSource:
    """A Tiled URI, a TIFF stack or a folder of TIFFs."""
    if where.startswith(("http://", "https://")):
        return open_uri(where, api_key=key, timeout_s=settings.tiled_timeout_s)
    return open_tiff(Path(where))


def tell(progress: Progress) -> None:
    """On stderr; stdout is for the result."""
    print(f"{progress.fraction:4.0%}  {progress.message}", file=sys.stderr, flush=True)


def draw_bar(progress: Progress) -> None:
    """On stderr, in place of the last one where that is a terminal; a line of its own when something is done."""
    if not sys.stderr.isatty():
        return tell(progress)
    full = round(BAR_WIDTH * min(max(progress.fraction, 0), 1))
    bar = f"[{'#' * full}{'.' * (BAR_WIDTH - full)}] {progress.fraction:4.0%}  {progress.message}"
    end = "\n" if progress.fraction >= 1 else ""
    return print(f"\r\033[K{bar}", end=end, file=sys.stderr, flush=True)
