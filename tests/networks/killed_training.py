"""A tiny training that kills itself, as the kernel kills: python killed_training.py FILE STEP"""

import os
import signal
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.networks.test_interruptions import train_once


def main() -> None:
    file, last = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    train_once(file, told=lambda progress: progress.step >= last and os.kill(os.getpid(), signal.SIGKILL))


if __name__ == "__main__":
    main()
