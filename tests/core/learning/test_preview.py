"""The picture of a training: where each part is, and what is coloured."""

import cv2
import numpy as np

from core.labels.classes import LabelClass
from core.learning.preview import GAP_PX, LEAST_PX, as_png, draw
from core.learning.segmenter import Preview

RED = (LabelClass(3, "red", "#FF0000"),)


def preview(side):
    image = np.full((side, side), 100, np.uint8)
    truth, predicted = np.zeros_like(image), np.full_like(image, 3)
    truth[:2, :2] = 3
    return Preview(image, truth, predicted)


def test_image_labels_and_prediction_stand_side_by_side():
    drawn = draw(preview(200), RED)
    assert drawn.shape == (200, 3 * 200 + 2 * GAP_PX, 3)
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert drawn[0, 200 + GAP_PX].tolist() == [178, 50, 50]
    assert drawn[5, 200 + GAP_PX].tolist() == [100, 100, 100], "unlabelled pixels show the image"
    assert drawn[5, 2 * (200 + GAP_PX)].tolist() == [178, 50, 50]


def test_small_patches_are_enlarged_and_the_file_holds_the_same_pixels():
    small = preview(20)
    read = cv2.imdecode(np.frombuffer(as_png(small, RED), np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert read.shape[0] == LEAST_PX
    np.testing.assert_array_equal(read, draw(small, RED))
