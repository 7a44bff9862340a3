"""Import labels, without a browser.

    python -m scripts.import_labels VOLUME FILE [--policy over] [--first 1] [--dry-run] [--add-classes]

FILE is any format that the page exports, or an OME-Zarr folder. First a report; with --dry-run nothing else. Classes
the volume does not have are made only with --add-classes. All of it is one edit that undo takes back. Exit code 2 and
one sentence when something given is wrong.
"""

import argparse
import sys
from pathlib import Path
from typing import get_args

from core.errors import AppError, InvalidInputError
from core.labels.exchange import open_labels
from core.labels.exchange.importing import Policy, Report, Target, apply, place, report_on
from scripts.command_line import EXIT_USER
from utils.images.tiled_volumes import TiledCatalog
from utils.labels.label_db import SqlLabelStore
from utils.services import DEFAULT_USER
from utils.settings import Settings, read_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _import(options, read_settings())
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    return 0


def _import(options: argparse.Namespace, settings: Settings) -> None:
    catalog = TiledCatalog(
        settings.data_tiled_uri, settings.data_tiled_api_key.get_secret_value(), timeout_s=settings.tiled_timeout_s
    )
    info = catalog.open(options.volume).info
    labels = SqlLabelStore(settings.labels_uri)
    target = Target(info.shape, labels.classes(options.volume), info.voxel_size_um)
    file = place(open_labels(options.file, target.shape), target, options.first - 1)
    report = report_on(file, target)
    print(*told(report), sep="\n")
    if options.dry_run:
        return
    if report.new and not options.add_classes:
        names = ", ".join(match.name for match in report.new)
        raise InvalidInputError(f"The volume has no class {names}.", "Give --add-classes to make new ones.")
    user = settings.user_name or DEFAULT_USER
    count = len(report.slices)
    receipt = apply(
        labels, options.volume, file, report, options.policy, user=user,
        told=lambda done: print(f"\r{done} of {count} slices", end="", file=sys.stderr, flush=True),
    )  # fmt: skip
    print(f"{len(receipt.changed)} tiles changed, revision {receipt.revision}")


def told(report: Report) -> list[str]:
    """A report as lines."""
    lines = [f"{len(report.slices)} slices, {report.pixels:,} labelled pixels"]
    for match in report.matches:
        where = f"class {match.class_id}" if match.class_id else "a new class"
        lines.append(f"{match.name}: {match.pixels:,} pixels of value {match.value} -> {where}")
    return lines + [f"Note: {note}" for note in report.notes] + [f"Does not fit: {text}" for text in report.obstacles]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Import labels into a volume.")
    parser.add_argument("volume", help="path of the volume, as the page's address names it")
    parser.add_argument("file", type=Path)
    parser.add_argument("--policy", choices=get_args(Policy), default="unlabelled")
    parser.add_argument(
        "--first", type=int, default=1, help="where the slices begin when the file does not say, from 1"
    )
    parser.add_argument("--dry-run", action="store_true", help="only the report")
    parser.add_argument("--add-classes", action="store_true", help="make the classes that the volume does not have")
    return parser


if __name__ == "__main__":
    sys.exit(main())
