"""What runs at the other end of a `PipedProcess`: it answers questions until nobody asks any more."""

import logging
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from core.errors import AppError

log = logging.getLogger(__name__)


def answer_questions(
    socket: int, answer: Callable[..., Any], *, idle_s: float, fault: AppError, tells: bool = False
) -> None:
    """Serve a socket, given by its number, until the app ends or has not asked for a while.

    Parameters
    ----------
    answer : gets the parts of a question, of which the first says what it is about. What it raises for people goes to
        who has asked.
    fault : in place of what nobody has foreseen, which goes to the log.
    tells : whether `answer` also takes `tell`, by which it says how far it is before it is done.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    connection = Connection(socket)
    if tells:
        answer = partial(answer, tell=lambda said: connection.send((None, said)))
    try:
        while connection.poll(idle_s):
            connection.send(_reply(answer, connection.recv(), fault))
    except (EOFError, KeyboardInterrupt, BrokenPipeError):
        return  # the app has ended


def _reply(answer: Callable[..., Any], question: tuple[Any, ...], fault: AppError) -> tuple[bool, Any]:
    """(True, the answer) or (False, the error)."""
    try:
        return True, answer(*question)
    except AppError as error:
        return False, error
    except Exception:
        log.exception("%s failed", question[0])
        return False, fault
