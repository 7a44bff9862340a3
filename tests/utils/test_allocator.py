"""Large arrays that come and go, in a process that keeps what is freed and in one that does not."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILL = """
import resource
import numpy as np
{first}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(8 << 20)
before = faults()
for _ in range(5):
    np.ones(8 << 20)
print(faults() - before)
"""
PAGES = (64 << 20) // 4096  # of one such array


def faults(first: str) -> int:
    command = [sys.executable, "-c", FILL.format(first=first)]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def test_pages_that_were_freed_are_taken_again_as_they_are():
    kept = faults("from utils.allocator import keep_freed_memory; assert keep_freed_memory()")
    assert kept < PAGES / 10 < faults("pass")
