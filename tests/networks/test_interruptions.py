"""Training that was interrupted ends as if it had not been, whatever interrupted it."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.learning.segmenter import LabelledSlice
from networks import interruptions, train
from networks.interruptions import Keeper
from networks.segmenter import train_segmenter

ROOT = Path(__file__).resolve().parents[2]
STEPS = 48  # an epoch is six of them
FORM = {
    "steps": STEPS, "base_channels": 4, "depth": 2, "patch_px": 32, "batch_size": 2, "turn_deg": 20, "noise_pct": 3,
}  # fmt: skip
EPOCHS = range(6, STEPS, 6)


def train_once(keep_in=None, *, told=lambda _: None, **changes):
    """Areas are labelled, so that a best one is chosen on the way."""
    chance = np.random.default_rng(0)
    truth = (1 + (np.arange(100) // 10) % 2 * np.ones((80, 1))).astype(np.uint8)
    image = (60 * truth + chance.normal(0, 25, truth.shape)).astype(np.float32)
    slices = [LabelledSlice(0, image, truth)]
    return train_segmenter("U-Net", slices, {**FORM, **changes}, seed=3, device="cpu", report=told, keep_in=keep_in)


def weights_of(outcome):
    values = outcome[0].checkpoint.model.state_dict().values()
    return torch.cat([value.flatten().double() for value in values])


class Interrupted(BaseException):
    """As a job that is cancelled."""


def interrupting(at):
    """A listener that ends the training at step `at`."""

    def listen(progress):
        if progress.step >= at:
            raise Interrupted

    return listen


def trouble(monkey):
    """The fifth attempt at a step finds no memory, the thirteenth runs away."""
    attempt, numbers = train.Learner._step, iter(range(1, 1000))

    def step(self):
        number = next(numbers)
        if number == 5:
            raise MemoryError
        value = attempt(self)
        return float("nan") if number == 13 else value

    monkey.setattr(train.Learner, "_step", step)


@pytest.fixture(scope="module")
def whole():
    """A training that nothing interrupts."""
    return train_once()


def test_a_training_killed_at_a_random_epoch_ends_with_the_same_bits(whole, tmp_path):
    file, last = tmp_path / "kept", random.choice(EPOCHS)
    script = Path(__file__).with_name("killed_training.py")
    killed = subprocess.run([sys.executable, str(script), str(file), str(last)], cwd=ROOT, timeout=300)
    assert killed.returncode == -signal.SIGKILL
    first = []
    went_on = train_once(file, told=first.append)
    assert f"Going on after step {last} of {STEPS}" in [each.message for each in first], last
    assert torch.equal(weights_of(went_on), weights_of(whole)), last
    assert went_on[1].scores == whole[1].scores


def test_a_training_interrupted_again_and_again_ends_with_the_same_bits(whole, tmp_path):
    steps = sorted(random.sample(range(5, 43), 4))
    for at in steps:
        with pytest.raises(Interrupted):
            train_once(tmp_path / "kept", told=interrupting(at))
    assert torch.equal(weights_of(train_once(tmp_path / "kept")), weights_of(whole)), steps


def test_what_ran_away_and_what_was_short_of_memory_is_remembered(tmp_path, monkeypatch):
    with monkeypatch.context() as monkey:
        trouble(monkey)
        expected = train_once()
    with monkeypatch.context() as monkey, pytest.raises(Interrupted):
        trouble(monkey)
        train_once(tmp_path / "kept", told=interrupting(18))
    went_on = train_once(tmp_path / "kept")
    assert "Memory ran out" in went_on[1].note and "ran away" in went_on[1].note
    assert went_on[1].note == expected[1].note
    assert torch.equal(weights_of(went_on), weights_of(expected))


def test_a_file_that_cannot_be_read_costs_the_steps_and_is_told(whole, tmp_path):
    with pytest.raises(Interrupted):
        train_once(tmp_path / "kept", told=interrupting(20))
    (tmp_path / "kept").write_bytes((tmp_path / "kept").read_bytes()[:5000])
    again = train_once(tmp_path / "kept")
    assert "could not be read, so it began anew" in again[1].note
    assert torch.equal(weights_of(again), weights_of(whole))


def test_the_state_of_another_training_is_not_taken(tmp_path):
    with pytest.raises(Interrupted):
        train_once(tmp_path / "kept", told=interrupting(20))
    told = []
    again = train_once(tmp_path / "kept", told=told.append, learning_rate=0.001)
    assert "belongs to another training" in again[1].note
    assert not any("Going on" in each.message for each in told)


def test_a_full_disk_costs_nothing_but_the_state(whole, tmp_path):
    again = train_once(tmp_path / "gone" / "kept")
    assert "could not be kept" in again[1].note
    assert torch.equal(weights_of(again), weights_of(whole))


def test_a_machine_that_stops_while_writing_leaves_the_state_before(tmp_path, monkeypatch):
    keeper = Keeper(tmp_path / "kept", "this")
    keeper.keep({"step": 1})

    def stop(_):
        raise Interrupted

    with monkeypatch.context() as monkey, pytest.raises(Interrupted):
        monkey.setattr(interruptions.os, "fsync", stop)
        keeper.keep({"step": 2})
    assert Keeper(tmp_path / "kept", "this").load() == {"step": 1}


def test_a_long_epoch_is_kept_within_a_minute(tmp_path, monkeypatch):
    monkeypatch.setattr(interruptions, "KEEP_EVERY_S", 0.0)
    with pytest.raises(Interrupted):
        train_once(tmp_path / "kept", told=interrupting(35), steps=400)  # no epoch is over yet
    state = torch.load(tmp_path / "kept", weights_only=True)
    assert state["state"]["step"] == 35
