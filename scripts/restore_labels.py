"""Restore the labels of a backup.

    python -m scripts.restore_labels FILE [--overwrite] [--check]

The database is the one of the settings (LABELS_DB_URI, STATE_DIR), SQLite or PostgreSQL, whichever the backup came
from. One that holds labels is left alone unless --overwrite is given. --check only compares FILE with its checksum and
says what is in it. Stop the app before, and load open pages anew after. Exit code 2 and one sentence when something
given is wrong; then nothing was changed.
"""

import argparse
import sys
from pathlib import Path

from core.errors import AppError
from scripts.backup_labels import told
from scripts.command_line import EXIT_USER
from utils.labels.label_backup import Contents, check, restore
from utils.settings import read_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        print(f"{'Whole' if options.check else 'Restored'}: {told(_do(options))}")
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    return 0


def _do(options: argparse.Namespace) -> Contents:
    if options.check:
        return check(options.file)
    return restore(options.file, read_settings().labels_uri, overwrite=options.overwrite)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Restore the labels of a backup.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--overwrite", action="store_true", help="the labels that are there go")
    parser.add_argument("--check", action="store_true", help="only see whether the backup is whole, and what is in it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
