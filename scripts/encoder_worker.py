"""The process in which encoders look at images for the Curate place: ``python -m scripts.encoder_worker SOCKET``.

`utils/encoder_process.py` starts it with the number of an open socket, so that the app itself never loads torch. A
question is (model id, images, windows); the answer their embeddings, or the error meant for people.
"""

import logging
import sys
import tempfile
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import AppError
from scripts.encoders import embedded, open_encoder
from utils.mlflow_registry import MlflowRegistry
from utils.mlflow_store import MlflowStore
from utils.settings import Settings, read_settings

if TYPE_CHECKING:
    from networks.pretraining.encoder import Encoder

IDLE_S = 300.0  # then it gives back its memory; the next question starts another

log = logging.getLogger(__name__)


def serve(connection: Connection, settings: Settings) -> None:
    """Answer until nobody asks any more."""

    @lru_cache(maxsize=1)
    def loaded(model_id: str) -> "Encoder":
        with tempfile.TemporaryDirectory() as folder:
            files = MlflowRegistry(MlflowStore.from_settings(settings)).fetch_model(model_id, Path(folder))
            return open_encoder(files, device=settings.job_device)

    while connection.poll(IDLE_S):
        try:
            question = connection.recv()
        except EOFError:
            return  # the app has ended
        connection.send(_answer(question, loaded))


def _answer(question: tuple[Any, ...], loaded: Any) -> tuple[bool, Any]:
    """(True, the embeddings) or (False, the error)."""
    model_id, images, windows = question
    try:
        return True, embedded(loaded(model_id), images, windows)
    except AppError as error:
        return False, error
    except Exception:
        log.exception("the encoder of %s failed", model_id)
        return False, AppError("The encoder failed.", "The server's log tells the cause.")


def main() -> None:
    """The argument is the socket."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        serve(Connection(int(sys.argv[1])), read_settings())
    except (KeyboardInterrupt, BrokenPipeError):
        return


if __name__ == "__main__":
    main()
