"""The adapters of SAM, SAM 2 and nnInteractive over stand-ins with the manners of these packages."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.learning.interactive import Prompts
from networks.interactive.nninteractive import NnInteractive
from networks.interactive.sam import SegmentAnything
from networks.interactive.sam2 import SegmentAnything2

SHAPE = (6, 8)
DARK, BRIGHT = np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32)
CLICK = Prompts(np.array([[2.5, 5.5]]), np.array([True]))
CLICKS = Prompts(np.array([[2.5, 5.5], [4.0, 1.0]]), np.array([True, False]), (1, 2, 4, 7))


class Predictor:
    """Remembers what it was asked; answers by the mean of the image whose features it has: dark ones with nothing."""

    device = torch.device("cpu")
    model = SimpleNamespace(device=device)
    asked: dict

    def predict(self, **asked):
        self.asked = asked
        bright = self.brightness() > 0
        masks = np.zeros((3 if asked["multimask_output"] else 1, *SHAPE), bool)
        masks[-1] = bright
        return masks, np.linspace(0.2, 0.8, len(masks))[-len(masks) :], None


class SamStandIn(Predictor):
    """As `segment_anything.SamPredictor`."""

    def set_image(self, rgb):
        assert (rgb.dtype, rgb.shape) == (np.uint8, (*SHAPE, 3))
        self.features = torch.full((1, 4, 2, 2), float(rgb.mean()))
        self.original_size, self.input_size = rgb.shape[:2], (768, 1024)

    def brightness(self):
        assert self.is_image_set
        assert (self.original_size, self.input_size) == (SHAPE, (768, 1024))
        return float(self.features.mean())


class Sam2StandIn(Predictor):
    """As `sam2.sam2_image_predictor.SAM2ImagePredictor`."""

    def set_image(self, rgb):
        value = float(rgb.mean())
        fine = [torch.full((1, 2, side, side), value) for side in (8, 4)]
        self._features = {"image_embed": torch.full((1, 4, 2, 2), value), "high_res_feats": fine}

    def brightness(self):
        assert self._is_image_set
        assert self._orig_hw == [SHAPE]
        assert [each.shape[-1] for each in self._features["high_res_feats"]] == [8, 4]
        return float(self._features["image_embed"].mean())


@pytest.mark.parametrize("adapter", [SegmentAnything(SamStandIn()), SegmentAnything2(Sam2StandIn())])
def test_an_embedding_answers_for_its_own_image_whatever_was_looked_at_since(adapter):
    bright = adapter.embed(BRIGHT)
    dark = adapter.embed(DARK)
    assert all(isinstance(array, np.ndarray) for array in bright.values())
    assert adapter.segment(bright, CLICK).mask.all()
    assert not adapter.segment(dark, CLICK).mask.any()
    assert adapter.segment(bright, CLICK).score == pytest.approx(0.8), "the best of three"


@pytest.mark.parametrize("adapter", [SegmentAnything(SamStandIn()), SegmentAnything2(Sam2StandIn())])
def test_prompts_are_told_as_x_before_y(adapter):
    adapter.segment(adapter.embed(BRIGHT), CLICKS)
    asked = adapter._predictor.asked
    assert asked["point_coords"].tolist() == [[5.5, 2.5], [1.0, 4.0]]
    assert asked["point_labels"].tolist() == [1, 0]
    assert asked["box"].tolist() == [2, 1, 7, 4]
    assert not asked["multimask_output"]
    adapter.segment(adapter.embed(BRIGHT), Prompts(np.zeros((0, 2)), np.zeros(0, bool), (1, 2, 4, 7)))
    assert adapter._predictor.asked["point_coords"] is None


class Session:
    """As `nnInteractiveInferenceSession`: prompts refine the buffer, which is reset for each object."""

    def __init__(self):
        self.images = 0

    def set_image(self, volume):
        assert volume.shape == (1, 1, *SHAPE)
        self.images += 1

    def set_target_buffer(self, buffer):
        self.target_buffer = buffer

    def reset_interactions(self):
        self.target_buffer.zero_()

    def add_bbox_interaction(self, box, *, include_interaction):
        (z0, z1), (y0, y1), (x0, x1) = box
        self.target_buffer[z0:z1, y0:y1, x0:x1] = int(include_interaction)

    def add_point_interaction(self, place, *, include_interaction):
        self.target_buffer[place] = int(include_interaction)


def test_nninteractive_sees_a_slice_once_and_each_object_afresh():
    session = Session()
    model = NnInteractive(session)
    embedding = model.embed(BRIGHT)
    first = model.segment(embedding, CLICKS).mask
    assert first.sum() == 3 * 5
    assert first[2, 5]
    assert not first[4, 1]
    assert model.segment(embedding, CLICK).mask.sum() == 1
    assert session.images == 1
    model.segment(model.embed(DARK), CLICK)
    assert session.images == 2
