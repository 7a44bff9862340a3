"""Back up all labels, while people paint.

    python -m scripts.backup_labels [FILE or FOLDER]

One file with the labels of every volume, their history, names and objects, and the tables of items, whether SQLite or
PostgreSQL holds them (LABELS_DB_URI), and FILE.sha256 beside it. In a folder, the one where the command runs unless
given, the file is named after the time. `scripts.restore_labels` is the way back. Exit code 2 and one sentence when
something given is wrong.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from core.errors import AppError
from scripts.command_line import EXIT_USER
from utils.labels.label_backup import Contents, back_up
from utils.settings import read_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    file = named(options.file, datetime.now(UTC))
    try:
        print(f"{file}: {told(back_up(read_settings().labels_uri, file))}")
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    return 0


def named(place: Path, now: datetime) -> Path:
    """The file itself, or a new one in the folder.

    >>> named(Path("/"), datetime(2026, 11, 27, 4, 30, tzinfo=UTC)).name
    'labels-20261127T043000Z.db'
    """
    return place / f"labels-{now:%Y%m%dT%H%M%SZ}.db" if place.is_dir() else place


def told(contents: Contents) -> str:
    """
    >>> told(Contents(volumes=3, edits=1204, item_tables=1, size=2_500_000))
    '3 volumes, 1,204 edits, 1 tables of items, 2.5 MB'
    """
    counts = f"{contents.volumes} volumes, {contents.edits:,} edits, {contents.item_tables} tables of items"
    return f"{counts}, {contents.size / 1e6:,.1f} MB"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Back up all labels into one file.")
    parser.add_argument("file", type=Path, nargs="?", default=Path(), help="a new file, or a folder for it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
