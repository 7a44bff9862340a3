"""A job that does as its parameters say, for the tests of the job engine: python waiting_job.py PARAMETERS.json

steps : reports so many steps. wait : goes on until it is stopped. deaf : does not hear SIGTERM. fail : raises.
"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.errors import InvalidInputError
from core.learning.segmenter import Progress
from scripts.job_run import JobRun, main


def work(run: JobRun) -> None:
    parameters = run.request.parameters
    if parameters.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    run.begin("At work", start=0.0, stop=1.0)
    for step in range(parameters.get("steps", 0)):
        run.slice_done(step, Progress((step + 1) / 10, f"Step {step}", {"loss": 1 / (step + 1)}, step))
    if parameters.get("fail") == "user":
        raise InvalidInputError("The mask is too small.", "Paint more.")
    if parameters.get("fail") == "fault":
        raise ZeroDivisionError("by zero")
    while parameters.get("wait"):
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(work, sys.argv[1:]))
