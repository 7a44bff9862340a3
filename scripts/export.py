"""Export labels, without a browser.

    python -m scripts.export VOLUME --format ome-zarr --out FOLDER [--slices annotated | all | 1-20,35] [--result JOB]

VOLUME is the path the page's address names. The file, or for OME-Zarr the folder, is written slice by slice: memory
does not grow with the stack. Exit code 2 and one sentence when something given is wrong.
"""

import argparse
import sys
from pathlib import Path

from core.errors import AppError, InvalidInputError
from core.labels.exchange import FORMATS, find_format
from core.labels.exchange.exporting import export, facts_of
from core.learning.jobs import parse_ranges
from scripts.command_line import EXIT_USER
from scripts.label_sources import reader
from utils.images.tiled_volumes import TiledCatalog
from utils.jobs.job_ledger import JobLedger
from utils.labels.label_db import SqlLabelStore
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings, read_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        print(write(options, read_settings()))
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    return 0


def write(options: argparse.Namespace, settings: Settings) -> Path:
    """Write the file and return where it is."""
    catalog = TiledCatalog(
        settings.data_tiled_uri, settings.data_tiled_api_key.get_secret_value(), timeout_s=settings.tiled_timeout_s
    )
    info = catalog.open(options.volume).info
    labels = SqlLabelStore(settings.labels_uri)
    classes, there = labels.classes(options.volume), labels.annotated_slices(options.volume)
    if options.result:
        view = JobLedger(MlflowStore.from_settings(settings)).view(options.result)
        classes, there = tuple(view.classes), list(view.slices_done)
    facts = facts_of(info, classes, _slices(options.slices, there, depth=info.shape[0]))
    read = reader(settings, options.volume, info.shape, result=options.result)
    options.out.mkdir(parents=True, exist_ok=True)
    return export(find_format(options.format), options.out, facts, read, told=_tell, packed=False)


def _slices(text: str, there: list[int], *, depth: int) -> list[int]:
    if text in ("annotated", "all"):
        return there if text == "annotated" else list(range(depth))
    try:
        return [z - 1 for z in parse_ranges(text)]
    except ValueError as error:
        raise InvalidInputError(
            f"{text!r} names no slices.", "Write annotated, all, or for example 1-20,35."
        ) from error


def _tell(done: float) -> None:
    print(f"\r{done:4.0%}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Export the labels of a volume, or a result.")
    parser.add_argument("volume", help="path of the volume, as the page's address names it")
    parser.add_argument("--format", choices=list(FORMATS), required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--slices", default="annotated", help="annotated, all, or numbers from 1 such as 1-20,35")
    parser.add_argument("--result", default="", help="id of a job, to export what it predicted")
    return parser


if __name__ == "__main__":
    sys.exit(main())
