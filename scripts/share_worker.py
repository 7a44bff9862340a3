"""A worker of a share of a job: ``python scripts/share_worker.py``, the parameters as one line on its standard input.

The flows of `scripts/prefect_flows.py` start it. It runs in the project's own environment, tells MLflow again and
again that it lives, and ends when its share is cancelled there, or when its standard input does: its flow is gone.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from core.errors import AppError
from core.learning.jobs import JobState
from core.learning.shares import Share, share_in
from scripts import predict, train
from scripts.job_run import EXIT_USER, main
from utils.jobs.job_folders import write_whole
from utils.jobs.job_ledger import BEAT, JobLedger
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

WORK = {"train": train.work, "inference": predict.segment}
BEAT_EVERY_S = 2.0


def begin(line: str) -> int:
    """Do the share that a line describes; returns the exit code."""
    try:
        content = json.loads(line)
        share = share_in(content)
    except (json.JSONDecodeError, AppError) as error:
        print(f"The parameters cannot be read: {error}.", file=sys.stderr)
        return EXIT_USER
    settings = Settings()
    parameters = keep(content, share, settings.state_dir)
    ledger = JobLedger(MlflowStore.from_settings(settings))
    threading.Thread(target=live, args=(ledger, share), daemon=True).start()
    threading.Thread(target=end_with_input, daemon=True).start()
    return main(WORK[share.task], [str(parameters)])


def keep(content: Mapping[str, Any], share: Share, state_dir: Path) -> Path:
    """Write the parameter file. A training finds what an earlier worker of its job has kept on this machine."""
    name = content["io_parameters"]["uid_save"] if share.task == "train" else share.id
    folder = state_dir / "shares" / name
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "parameters.json", json.dumps(content))
    return folder / "parameters.json"


def live(ledger: JobLedger, share: Share) -> None:
    """Say that the worker lives; stop it when the share was cancelled. A ledger that does not answer is asked again."""
    while True:
        try:
            ledger.write(share.id, {BEAT: time.time()})
            if ledger.view(share.id).state is JobState.CANCELLED:
                stop()
                return
        except AppError as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(BEAT_EVERY_S)


def end_with_input() -> None:
    """Stop when whoever started this is gone."""
    while sys.stdin.readline():
        pass
    stop()


def stop() -> None:
    """As a supervisor would."""
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(begin(sys.stdin.readline()))
