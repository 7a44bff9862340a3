"""The thumbnail of a model: where its classes mix, in their colours."""

import cv2
import numpy as np

from core.labels.classes import LabelClass
from core.learning.preview import THUMBNAIL_PX, most_mixed, thumbnail

CLASSES = (LabelClass(1, "pore", "#ff0000"), LabelClass(2, "bead", "#0000ff"))


def opened(picture: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]


def test_it_shows_the_square_where_the_classes_are_most_mixed():
    labels = np.ones((600, 500), np.uint8)
    labels[450:, 400:] = 2
    assert most_mixed(labels, THUMBNAIL_PX) == (600 - THUMBNAIL_PX, 500 - THUMBNAIL_PX)
    shown = opened(thumbnail(np.random.default_rng(1).normal(size=labels.shape), labels, CLASSES))
    assert shown.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
    assert (shown[0, 0, 0] > shown[0, 0, 2]) and (shown[-1, -1, 2] > shown[-1, -1, 0])


def test_small_flat_colour_and_broken_images_have_one_too():
    for image in (np.zeros((20, 30), np.uint16), np.full((20, 30, 3), np.nan, np.float32)):
        assert opened(thumbnail(image, np.ones((20, 30), np.uint8), CLASSES)).shape == (20, 30, 3)
