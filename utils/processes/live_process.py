"""The process of the live prediction: answers one question after the other until its app is gone, or long silent.

Started by `live_worker.py` with the number of an open socket. It reads no setting and speaks to nobody else.
It is a process of its own so that LightGBM and OpenCV keep no thread of the app from serving tiles and strokes.
"""

import os
import sys
from typing import Any

import cv2

from core.errors import AppError
from core.learning.live import LivePixels
from utils.processes.piped_worker import answer_questions

IDLE_S = 900.0  # then it gives back its memory; the next stroke starts another
POLITENESS = 5  # of 19: where processors are short, tiles and strokes come first
FAULT = AppError("The live prediction failed.", "Update it once more; the server's log tells the cause.")


def main() -> None:
    """Arguments: the socket, bytes to keep, threads."""
    socket, max_bytes, threads = (int(number) for number in sys.argv[1:])
    os.nice(POLITENESS)
    cv2.setNumThreads(threads)  # LightGBM reads OMP_NUM_THREADS
    pixels = LivePixels(max_bytes)

    def answer(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return getattr(pixels, name)(*args, **options)

    answer_questions(socket, answer, idle_s=IDLE_S, fault=FAULT)


if __name__ == "__main__":
    main()
