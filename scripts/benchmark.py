"""What the docs claim, measured: ``python scripts/benchmark.py quality|viewer|chaos|...``.

quality   mean IoU of the algorithms on public data with truth (docs/quality.md)
between   Dice of labels between painted slices, three ways (docs/quality.md)
viewer    how quick the page feels, driven in Chromium (docs/speed.md)
chaos     that no painted pixel is lost when servers and browsers are killed (docs/reliability.md)
clicks    how well a click or a box finds an object (docs/quality.md)
tools     how long each image-aware tool thinks (docs/speed-tools.md)
live      how soon the live prediction follows a stroke, driven in Chromium (docs/speed-live.md)
scale     that 100,000 strokes slow nothing (docs/reliability.md)
inference pixels a second of a network, from disk to disk (docs/speed-networks.md)
jobs      how soon a job is at work, and what a second worker brings (docs/speed-jobs.md)
kills     that a job whose worker is killed again and again ends with the same bits (docs/reliability.md)
sequences that random edits, undo, redo and restore leave what a numpy model says (docs/reliability.md)
steps     that 1,200 edits can be taken back after a restart, and how long a step takes (docs/reliability.md)
objects   that 10,000 objects slow nothing (docs/reliability.md)
active    what each strategy of active learning is worth (docs/active.md)
map       how quick the map of 10,000 items is, driven in Chromium (docs/active.md)
swipe     how soon the next picture shows on the Swipe page, driven in Chromium (docs/active.md)
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from core.errors import AppError
from scripts.benchmarks import (
    active,
    between,
    chaos,
    clicks,
    inference,
    jobs,
    kills,
    live,
    map,
    objects,
    quality,
    scale,
    sequences,
    steps,
    swipe,
    tools,
    viewer,
)

SUBJECTS = {
    "active": active,
    "swipe": swipe,
    "map": map,
    "quality": quality,
    "between": between,
    "viewer": viewer,
    "chaos": chaos,
    "scale": scale,
    "objects": objects,
    "sequences": sequences,
    "steps": steps,
    "live": live,
    "tools": tools,
    "clicks": clicks,
    "inference": inference,
    "jobs": jobs,
    "kills": kills,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure what the docs claim.")
    commands = parser.add_subparsers(dest="subject", required=True)
    for name, subject in SUBJECTS.items():
        summary = (subject.__doc__ or "").partition("\n")[0]
        subject.add_arguments(commands.add_parser(name, help=summary, description=summary))
    options = parser.parse_args(arguments)
    try:
        SUBJECTS[options.subject].run(options)
    except AppError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
