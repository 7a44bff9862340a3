"""The process in which encoders look at images for the Curate place: ``python -m scripts.encoder_worker SOCKET``.

`utils/processes/encoder_process.py` starts it with the number of an open socket, so that the app itself never loads
torch. A question is (model id, images, windows); the answer their embeddings, or the error meant for people.
"""

import sys
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import AppError
from core.learning.curation.encoders import Pixels, Window
from scripts.encoders import embedded, open_encoder
from utils.processes.piped_worker import answer_questions
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.settings import read_settings

if TYPE_CHECKING:
    from networks.pretraining.encoder import Encoder

IDLE_S = 300.0  # then it gives back its memory; the next question starts another
FAULT = AppError("The encoder failed.", "The server's log tells the cause.")


def main() -> None:
    """The argument is the socket."""
    settings = read_settings()

    @lru_cache(maxsize=1)
    def loaded(model_id: str) -> "Encoder":
        with tempfile.TemporaryDirectory() as folder:
            files = MlflowRegistry(MlflowStore.from_settings(settings)).fetch_model(model_id, Path(folder))
            return open_encoder(files, device=settings.job_device)

    def embeddings(model_id: str, images: Sequence[Pixels], windows: Sequence[Window | None]) -> NDArray[np.float32]:
        return embedded(loaded(model_id), images, windows)

    answer_questions(int(sys.argv[1]), embeddings, idle_s=IDLE_S, fault=FAULT)


if __name__ == "__main__":
    main()
