"""What Prefect's workers run: the flows `train` and `inference`, each for one share of a job.

Prefect lives in an environment of its own (`requirements-prefect.txt`), and only this file needs it; the work is done
by `scripts/share_worker.py` in the project's environment. Its words become the log of the flow run. docs/prefect.md
says how the flows are deployed.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger

ROOT = Path(__file__).resolve().parent.parent
OWN_PYTHON = ROOT / ".venv" / "bin" / "python"
STOP_S = 5.0


class WorkerFailedError(RuntimeError):
    """The worker did not come to a good end; the ledger of the share says why where it could."""


@flow(name="train")
def train(job: dict[str, Any], python: str = "") -> None:
    """Train a model, and segment the painted slices.

    Parameters
    ----------
    job : the parameter file of the share, see docs/contracts.md.
    python : the interpreter of the project's environment; "" for `.venv` beside it, or else the one of this flow.
    """
    work(job, python)


@flow(name="inference")
def inference(job: dict[str, Any], python: str = "") -> None:
    """Segment a range of slices; parameters as of `train`."""
    work(job, python)


def work(job: dict[str, Any], python: str) -> None:
    """Let a worker do the share, and pass on what it says. Raises WorkerFailedError."""
    say = get_run_logger().info
    process = started(python or interpreter())
    assert process.stdin is not None and process.stdout is not None  # as asked for
    try:
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()  # and left open: its end would say that this flow is gone
        for line in process.stdout:
            say(line.rstrip())
        code = process.wait()
    finally:
        stop(process)
    if code:
        raise WorkerFailedError(f"The worker ended with code {code}.")


def interpreter() -> str:
    return str(OWN_PYTHON) if OWN_PYTHON.exists() else sys.executable


def started(python: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [python, "-u", str(ROOT / "scripts" / "share_worker.py")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def stop(process: "subprocess.Popen[str]") -> None:
    """End a worker that still runs: the flow was cancelled."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
