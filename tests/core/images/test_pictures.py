"""Pictures of slices: what they show is what lies there, in the first window."""

import cv2
import numpy as np
import pytest

from core.errors import InvalidInputError, NotFoundError
from core.images.memory import ArrayVolume
from core.images.pictures import evened, picture
from tests.browser.painting_app import OneVolume
from tests.tile_server import tile_server

RNG = np.random.default_rng(3)


def shown(array, bounds=None, *, z=0, px=2048) -> np.ndarray:
    data = picture(tile_server(OneVolume(ArrayVolume(array, "stack"))), "stack", z, bounds, px=px).data
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def smooth(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.indices(shape)
    return (np.sin(y / 90) * np.cos(x / 70) * 20000 + 30000).astype(np.uint16)


def test_a_part_across_tiles_shows_the_greys_that_lie_there():
    image = smooth((1100, 1300))
    seen = shown(image[np.newaxis], (400, 300, 1050, 1290)).astype(float)
    lo, hi = np.percentile(image, (1, 99))
    wanted = ((image[400:1050, 300:1290] - lo) / (hi - lo)).clip(0, 1) * 255
    assert seen.shape == wanted.shape
    assert np.abs(seen - wanted).mean() < 2


@pytest.mark.parametrize("px", [64, 200, 1000])
def test_a_picture_is_as_large_as_was_asked_and_alike_at_every_size(px):
    image = smooth((1100, 1300))
    seen = shown(image[np.newaxis], px=px)
    assert max(seen.shape) == px
    full = cv2.resize(shown(image[np.newaxis]), seen.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(seen.astype(float) - full).mean() < 3


def test_colours_stay_colours_small_images_stay_small_and_nan_is_black():
    colours = np.zeros((1, 40, 60, 3), np.uint8)
    colours[..., 0] = 255
    red = shown(colours)
    assert red.shape == (40, 60, 3)
    assert red[20, 30].tolist()[2] > 240 > 20 > red[20, 30].tolist()[0]
    real = RNG.random((1, 64, 64), np.float32)
    real[0, :32] = np.nan
    assert shown(real)[:24].max() < 10 < shown(real)[40:].mean()


def test_what_lies_outside_is_not_found():
    for z, bounds in ((1, None), (0, (0, 0, 41, 10)), (0, (5, 5, 5, 10))):
        with pytest.raises(NotFoundError):
            shown(np.zeros((1, 40, 60), np.uint8), bounds, z=z)
    with pytest.raises(InvalidInputError):
        shown(np.zeros((1, 40, 60), np.uint8), px=4)


def test_an_evened_picture_brings_out_weak_contrast_and_keeps_hues():
    faint = RNG.normal(110, 4, (256, 256)).clip(0, 255).astype(np.uint8)
    assert evened(faint).std() > 1.5 * faint.std()
    red = np.stack([faint, faint // 4, faint // 4], axis=-1)
    channels = evened(red).reshape(-1, 3).astype(int)
    assert (channels[:, 0] > channels[:, 1:].max(axis=1)).all()
