"""The process of the live prediction: answers one question after the other until its app is gone, or long silent.

Started by `utils/live_worker.py` with the number of an open socket. It reads no setting and speaks to nobody else.
It is a process of its own so that LightGBM and OpenCV keep no thread of the app from serving tiles and strokes.
"""

import logging
import os
import sys
from multiprocessing.connection import Connection
from typing import Any

import cv2

from core.errors import AppError
from core.learning.live import LivePixels

IDLE_S = 900.0  # then it gives back its memory; the next stroke starts another
POLITENESS = 5  # of 19: where processors are short, tiles and strokes come first

log = logging.getLogger(__name__)

Reply = tuple[bool, Any]
"""(True, the answer), or (False, the AppError)."""


def serve(connection: Connection, pixels: LivePixels) -> None:
    """Answer until nobody asks any more."""
    while connection.poll(IDLE_S):
        try:
            name, args, options = connection.recv()
        except EOFError:
            return  # the app has ended
        connection.send(answer(pixels, name, args, options))


def answer(pixels: LivePixels, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Reply:
    """What the method called `name` says, or the error meant for people."""
    try:
        return True, getattr(pixels, name)(*args, **options)
    except AppError as error:
        return False, error
    except Exception:
        log.exception("%s failed", name)
        return False, AppError("The live prediction failed.", "Update it once more; the server's log tells the cause.")


def main() -> None:
    """Arguments: the socket, bytes to keep, threads."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    socket, max_bytes, threads = (int(number) for number in sys.argv[1:])
    os.nice(POLITENESS)
    cv2.setNumThreads(threads)  # LightGBM reads OMP_NUM_THREADS
    try:
        serve(Connection(socket), LivePixels(max_bytes))
    except (KeyboardInterrupt, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
