"""The process in which trained models segment single pictures for the app: ``python -m scripts.model_worker SOCKET``.

`utils/model_process.py` starts it with the number of an open socket, so that the app itself never loads torch. A
question is (model id, picture, neighbours, windows); the answer a `Prediction`, or the error meant for people.
"""

import logging
import sys
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

from core.errors import AppError
from core.labelstudio.windows import segment
from core.learning.segmenter import Segmenter
from scripts.labelstudio_models import find_model, open_model
from utils.settings import Settings, read_settings

IDLE_S = 900.0  # then it gives back its memory; the next question starts another
KEPT_MODELS = 2

log = logging.getLogger(__name__)


def serve(connection: Connection, settings: Settings) -> None:
    """Answer until nobody asks any more."""

    @lru_cache(maxsize=KEPT_MODELS)
    def loaded(model_id: str) -> Segmenter:
        return open_model(find_model(model_id, settings), settings)

    while connection.poll(IDLE_S):
        try:
            question = connection.recv()
        except EOFError:
            return  # the app has ended
        connection.send(_answer(question, loaded))


def _answer(question: tuple[Any, ...], loaded: Any) -> tuple[bool, Any]:
    """(True, the answer) or (False, the error); a question of a model alone asks how many neighbours it looks at."""
    model_id, *rest = question
    try:
        segmenter = loaded(model_id)
        return True, segment(segmenter, *rest) if rest else segmenter.context
    except AppError as error:
        return False, error
    except Exception:
        log.exception("the model %s failed", model_id)
        return False, AppError("The model failed.", "The server's log tells the cause.")


def main() -> None:
    """The argument is the socket."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        serve(Connection(int(sys.argv[1])), read_settings())
    except (KeyboardInterrupt, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
