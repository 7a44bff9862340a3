"""A worker that loads what jobs need, then waits for one: ``python scripts/spare_worker.py``.

The supervisor keeps one (`utils/jobs/spare_worker.py`). A line on its standard input names the job; when that input
ends without one, the app is gone and so is this.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from core.errors import AppError
from scripts import export_job, predict, train
from scripts.algorithms import LOADERS, TRAINERS
from scripts.job_run import be_modest, main
from utils.jobs.spare_worker import Order
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

READY = "Ready for a job"
WORK = {"train": train.work, "inference": predict.segment, "export": export_job.write_file}


def load() -> None:
    """What jobs import when they first need it; a registry that does not answer yet is asked again by the job."""
    try:
        with MlflowStore.from_settings(Settings()).client():
            pass
    except AppError as error:
        print(error, flush=True)
    for code in (*TRAINERS.values(), *LOADERS.values()):
        import_module(code.partition(":")[0])


def begin(order: Order) -> int:
    """Become the worker of a job; returns its exit code."""
    _use(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 1, 2)
    _use(os.devnull, os.O_RDONLY, 0)
    os.environ.update(order.environment)
    return main(WORK[order.task], [order.parameters])


def _use(path: str, how: int, *numbers: int) -> None:
    """Let file descriptors be an open file."""
    opened = os.open(path, how, 0o644)
    for number in numbers:
        os.dup2(opened, number)
    os.close(opened)


if __name__ == "__main__":
    be_modest()
    load()
    print(READY, flush=True)
    told = sys.stdin.readline()
    sys.exit(begin(Order(**json.loads(told))) if told else 0)
