"""Trained models that segment single pictures for the app, in a process that starts when somebody asks.

Implements `core.services.PictureSegmenter`; `scripts/model_worker.py` runs in the process. Questions take turns.
"""

from typing import Any

from numpy.typing import NDArray

from core.labelstudio.windows import Windows
from core.learning.segmenter import Around, Prediction
from utils.processes.piped_process import PipedProcess
from utils.settings import Settings

ANSWER_S = 90.0  # Label Studio itself waits 100 s; loading a network takes half a minute on a busy machine
DIED = (
    "The model takes too long, or its process has stopped, perhaps for lack of memory.",
    "Ask again; use smaller pictures or a smaller model if it stops once more.",
)


class ModelProcess:
    """Building it starts nothing."""

    def __init__(self, settings: Settings) -> None:
        self._process = PipedProcess(
            "scripts.model_worker",
            environment=settings.environment(),
            patience_s=ANSWER_S,
            keeps_state=False,
            died=DIED,
        )

    def context(self, model_id: str) -> int:
        """How many neighbours on either side a model looks at."""
        found: int = self._process.ask((model_id,))
        return found

    def segment(
        self, model_id: str, image: NDArray[Any], around: Around = (), windows: Windows | None = None
    ) -> Prediction:
        """Segment one picture."""
        found: Prediction = self._process.ask((model_id, image, tuple(around), windows))
        return found

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._process.close()
