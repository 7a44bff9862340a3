"""Encoders of trained models for the Curate place, in a process that starts when somebody asks.

Implements `core.learning.curation.encoders.Encoders`; `scripts/encoder_worker.py` runs in the process.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.learning.curation.encoders import Offer, Pixels, Window, offers_of
from core.learning.models import TrainedModel
from utils.processes.piped_process import PipedProcess
from utils.settings import Settings

ANSWER_S = 120.0  # loading a network takes half a minute on a busy machine
DIED = (
    "The encoder takes too long, or its process has stopped, perhaps for lack of memory.",
    "Try again; look at the pixels instead if it stops once more.",
)


class EncoderProcess:
    """Building it starts nothing. models : lists what is registered."""

    def __init__(self, settings: Settings, models: Callable[[], list[TrainedModel]]) -> None:
        self._models = models
        self._process = PipedProcess(
            "scripts.encoder_worker",
            environment=settings.environment(),
            patience_s=ANSWER_S,
            keeps_state=False,
            died=DIED,
        )

    def offers(self) -> list[Offer]:
        """Models with an encoder, newest first."""
        return offers_of(self._models())

    def embed(self, model_id: str, images: Sequence[Pixels], windows: Sequence[Window | None]) -> NDArray[np.float32]:
        """(n, d) of some images."""
        found: NDArray[np.float32] = self._process.ask((model_id, list(images), list(windows)))
        return found

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._process.close()
