"""The process in which trained models segment single pictures for the app: ``python -m scripts.model_worker SOCKET``.

`utils/processes/model_process.py` starts it with the number of an open socket, so that the app itself never loads
torch. A question is (model id, picture, neighbours, windows); the answer a `Prediction`, or the error meant for
people.
"""

import sys
from functools import lru_cache
from typing import Any

from core.errors import AppError
from core.labelstudio.windows import segment
from core.learning.segmenter import Segmenter
from scripts.labelstudio_models import find_model, open_model
from utils.processes.piped_worker import answer_questions
from utils.settings import read_settings

IDLE_S = 900.0  # then it gives back its memory; the next question starts another
KEPT_MODELS = 2
FAULT = AppError("The model failed.", "The server's log tells the cause.")


def main() -> None:
    """The argument is the socket."""
    settings = read_settings()

    @lru_cache(maxsize=KEPT_MODELS)
    def loaded(model_id: str) -> Segmenter:
        return open_model(find_model(model_id, settings), settings)

    def prediction(model_id: str, *picture: Any) -> Any:
        """A question of a model alone asks how many neighbours it looks at."""
        segmenter = loaded(model_id)
        return segment(segmenter, *picture) if picture else segmenter.context

    answer_questions(int(sys.argv[1]), prediction, idle_s=IDLE_S, fault=FAULT)


if __name__ == "__main__":
    main()
