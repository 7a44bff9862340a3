"""Encoders of trained models for the Curate place, in a process that starts when somebody asks.

Implements `core.learning.curation.encoders.Encoders`; `scripts/encoder_worker.py` runs in the process.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError
from core.learning.curation.encoders import (
    PLAIN,
    Examples,
    Offer,
    Pixels,
    TunedEncoder,
    Tuning,
    View,
    Window,
    offers_of,
)
from core.learning.models import TrainedModel
from utils.processes.piped_process import PipedProcess
from utils.settings import Settings

ANSWER_S = 300.0  # loading a network takes half a minute on a busy machine, an epoch of a tuning minutes
Told = Callable[[int], None]
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

    def embed(
        self,
        model_id: str,
        images: Sequence[Pixels],
        windows: Sequence[Window | None],
        view: View = PLAIN,
        tuned: TunedEncoder | None = None,
    ) -> NDArray[np.float32]:
        """(n, d) of some images."""
        found: NDArray[np.float32] = self._ask("embed", model_id, tuned, list(images), list(windows), view)
        return found

    def tune(
        self,
        model_id: str,
        examples: Examples,
        tuning: Tuning,
        view: View,
        *,
        tuned: TunedEncoder | None,
        told: Callable[[int], None],
    ) -> TunedEncoder:
        """A copy that tells the tags apart better."""
        found: TunedEncoder = self._ask("tune", model_id, tuned, examples, tuning, view, told=told)
        return found

    def _ask(
        self, what: str, model_id: str, tuned: TunedEncoder | None, *more: Any, told: Told = lambda _: None
    ) -> Any:
        """The process is given the weights of a tuned encoder when it does not have them, as after its start."""
        question = (what, tuned.id if tuned else model_id, *more)
        try:
            return self._process.ask(question, told)
        except NotFoundError:
            if tuned is None:
                raise
        self._process.ask(("hold", tuned.id, tuned))
        return self._process.ask(question, told)

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._process.close()
