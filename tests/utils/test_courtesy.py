"""The background rests while somebody waits for pixels, and not for ever."""

import threading
from contextlib import ExitStack

import numpy as np
import pytest

from core.images.geometry import Box
from core.images.memory import ArrayVolume
from utils import courtesy
from utils.courtesy import CourteousSource, Courtesy

PIXELS = np.arange(24, dtype="u2").reshape(2, 3, 4)
EVERYTHING = Box((0, 0, 0), (2, 3, 4))


class Looks(threading.Event):
    """The signal that ends the background; counts how often it rested on it, and calls `then` at the third time."""

    def __init__(self, then=lambda: None):
        super().__init__()
        self.count, self.then = 0, then

    def wait(self, timeout=None):
        self.count += 1
        if self.count == 3:
            self.then()
        return False


@pytest.fixture(autouse=True)
def _no_rest_after_an_answer(monkeypatch):
    monkeypatch.setattr(courtesy, "REST_S", 0.0)


def test_a_step_goes_on_when_the_last_who_waited_has_been_answered():
    polite, waiting = Courtesy(), ExitStack()
    waiting.enter_context(polite.wait())
    looks = Looks(then=waiting.close)
    pixels = CourteousSource(ArrayVolume(PIXELS), polite, looks).read(EVERYTHING)
    np.testing.assert_array_equal(pixels, PIXELS)
    assert looks.count == 3


def test_where_nobody_waits_a_step_does_not_rest():
    looks = Looks()
    CourteousSource(ArrayVolume(PIXELS), Courtesy(), looks).read(EVERYTHING)
    assert looks.count == 0


def test_a_step_rests_for_so_long_at_most_over_all_its_reads(monkeypatch):
    monkeypatch.setattr(courtesy, "LONGEST_REST_S", 4 * courtesy.LOOK_S)
    polite, looks = Courtesy(), Looks()
    step = CourteousSource(ArrayVolume(PIXELS), polite, looks)
    with polite.wait():
        step.read(EVERYTHING)
        step.read(EVERYTHING)
    assert looks.count == 4


def test_a_background_that_is_to_end_does_not_rest():
    polite, looks = Courtesy(), Looks()
    looks.set()
    with polite.wait():
        CourteousSource(ArrayVolume(PIXELS), polite, looks).read(EVERYTHING)
    assert looks.count == 0
