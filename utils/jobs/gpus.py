"""Which GPUs jobs may use: those that the environment names, else all that the driver lists."""

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping

PATIENCE_S = 5.0


@functools.cache
def gpus(device: str) -> tuple[str, ...]:
    """Their names as CUDA_VISIBLE_DEVICES takes them; none where networks run on the device "cpu"."""
    return () if device == "cpu" else usable_gpus(os.environ)


def usable_gpus(environment: Mapping[str, str]) -> tuple[str, ...]:
    """
    >>> usable_gpus({"CUDA_VISIBLE_DEVICES": "0, 2"})
    ('0', '2')
    """
    named = environment.get("CUDA_VISIBLE_DEVICES")
    lines = _listed() if named is None else named.split(",")
    return tuple(line.strip() for line in lines if line.strip())


def _listed() -> list[str]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    question = [command, "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.splitlines() if answer.returncode == 0 else []
