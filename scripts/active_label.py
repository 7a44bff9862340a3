"""Label a folder of images with as few answers as possible, and split the rest by a model that learns from them.

    python -m scripts.active_label --config pipeline.yaml [--model-config model.yaml]

The files have every option of the Active-Labeler (docs/active.md lists them). People answer on the Swipe page of a
running app, or `simulate_label` answers by the names of the files. A session that was interrupted goes on when it is
started again; originals are only read. The last line on stdout is JSON. Exit code 2 and one sentence when something
given is wrong.
"""

import argparse
import json
import sys
from pathlib import Path

from core.errors import AppError
from core.learning.segmenter import Progress
from scripts.active_learning.labellers import ByName, Labeller
from scripts.active_learning.loop import Loop
from scripts.active_learning.settings import PipelineSettings, read_model, read_pipeline
from scripts.command_line import EXIT_USER, draw_bar, tell
from utils.settings import read_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_pipeline(options.config)
        model_path = options.model_config or (Path(settings.model_config_path) if settings.model_config_path else None)
        report = draw_bar if settings.verbose or sys.stderr.isatty() else _silent
        facts = Loop.of(settings, read_model(model_path), _labeller(settings), report).run()
    except AppError as error:
        print(error, file=sys.stderr)
        return EXIT_USER
    print(json.dumps(facts))
    return 0


def _labeller(settings: PipelineSettings) -> Labeller:
    if settings.simulate_label:
        return ByName(settings.pos_class)
    from scripts.active_learning.by_swipe import BySwipe
    from utils.curation.curation_db import SqlCurationStore

    store = SqlCurationStore(read_settings().labels_uri)
    name = f"{Path(settings.data_path).name}: {settings.pos_class}"
    batch = settings.swipe_label_batch_size
    return BySwipe(store, name, settings.pos_class, settings.volume_prefix, batch, lambda told: tell(Progress(0, told)))


def _silent(_: Progress) -> None:
    return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.active_label", description="Label a folder of images with as few answers as possible."
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="pipeline.yaml")
    parser.add_argument("--model-config", type=Path, metavar="FILE", help="model.yaml; default: model_config_path")
    return parser


if __name__ == "__main__":
    sys.exit(main())
