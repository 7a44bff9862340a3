"""Cancels every job of this machine and waits until none is left: ``python -m scripts.stop_jobs``.

`scripts/start.sh` does so when it ends, as the servers its jobs need end with it. The app must still be running.
"""

import sys
import time

from utils.jobs.job_folders import JobFolders
from utils.settings import Settings

DEADLINE_S = 10.0
LOOK_EVERY_S = 0.1


def main() -> int:
    """Exit code 1 when jobs were still running at the deadline."""
    folders = JobFolders(Settings().state_dir / "jobs")
    for job_id in folders.open_jobs():
        print(f"Cancelling job {job_id}", flush=True)
        folders.ask_to_cancel(job_id)
    end = time.monotonic() + DEADLINE_S
    while folders.open_jobs() and time.monotonic() < end:
        time.sleep(LOOK_EVERY_S)
    return 1 if folders.open_jobs() else 0


if __name__ == "__main__":
    sys.exit(main())
