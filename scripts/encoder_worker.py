"""The process in which encoders look at images for the Curate place: ``python -m scripts.encoder_worker SOCKET``.

`utils/processes/encoder_process.py` starts it with the number of an open socket, so that the app itself never loads
torch. A question is what to do ("embed", "tune", "hold"), the id of a model or of a tuned encoder, and what that needs;
the answer what it is asked for, or the error meant for people.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import AppError
from core.learning.curation.encoders import Examples, Pixels, TunedEncoder, Tuning, View, Window
from scripts.encoders import embedded, held, open_encoder, tuned
from utils.processes.piped_worker import answer_questions
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings, read_settings

if TYPE_CHECKING:
    from networks.pretraining.encoder import Encoder

IDLE_S = 300.0  # then it gives back its memory; the next question starts another
FAULT = AppError("The encoder failed.", "The server's log tells the cause.")
Tell = Callable[[int], None]


class Worker:
    """Has one encoder at a time: that of the last question."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._id = ""
        self._encoder: Encoder | None = None

    def answer(self, what: str, encoder_id: str, *more: Any, tell: Tell) -> Any:
        """Of a question. Raises AppError."""
        if what == "hold":
            return self._hold(*more)
        if what == "tune":
            return self._tune(encoder_id, *more, tell)
        return self._embed(encoder_id, *more)

    def _embed(
        self, encoder_id: str, images: Sequence[Pixels], windows: Sequence[Window | None], view: View
    ) -> NDArray[np.float32]:
        return embedded(self._loaded(encoder_id), images, windows, view)

    def _tune(self, encoder_id: str, examples: Examples, tuning: Tuning, view: View, tell: Tell) -> TunedEncoder:
        return tuned(self._loaded(encoder_id), examples, tuning, view, tell)

    def _hold(self, given: TunedEncoder) -> None:
        self._id, self._encoder = given.id, held(given, device=self._settings.job_device)

    def _loaded(self, encoder_id: str) -> "Encoder":
        """Of a model. Raises NotFoundError, of a tuned encoder too: that one must be given."""
        if self._encoder is None or self._id != encoder_id:
            with tempfile.TemporaryDirectory() as folder:
                registry = MlflowRegistry(MlflowStore.from_settings(self._settings))
                files = registry.fetch_model(encoder_id, Path(folder))
                self._id, self._encoder = encoder_id, open_encoder(files, device=self._settings.job_device)
        return self._encoder


def main() -> None:
    """The argument is the socket."""
    worker = Worker(read_settings())
    answer_questions(int(sys.argv[1]), worker.answer, idle_s=IDLE_S, fault=FAULT, tells=True)


if __name__ == "__main__":
    main()
