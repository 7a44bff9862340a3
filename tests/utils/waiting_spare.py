"""`scripts/spare_worker.py` with the work of `waiting_job.py`, and nothing to load: it waits within a second."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts import spare_worker
from tests.utils import waiting_job
from utils.jobs.spare_worker import Order

if __name__ == "__main__":
    spare_worker.WORK["train"] = waiting_job.work
    told = sys.stdin.readline()
    sys.exit(spare_worker.begin(Order(**json.loads(told))) if told else 0)
