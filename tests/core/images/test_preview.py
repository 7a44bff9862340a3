"""Previews: small, and near what they stand for."""

import cv2
import numpy as np
import pytest

from core.images.intensity import describe_intensity, encode
from core.images.memory import ArrayVolume
from core.images.preview import can_preview, preview_range, preview_tile

Y, X = np.mgrid[:512, :512]
WAVES = (np.sin(Y / 60) * np.cos(X / 70) + 1) * 20_000 + 3000


IMAGES = [WAVES.astype("u2"), WAVES.astype("f4"), (WAVES / 200).astype("u1")]


@pytest.mark.parametrize("image", [*IMAGES, np.stack([IMAGES[-1]] * 3, -1)])
def test_a_preview_is_small_and_near(image):
    manifest = describe_intensity(ArrayVolume(image))
    stored = encode(image, manifest.encoding)
    data = preview_tile(stored, manifest)
    assert len(data) < stored.nbytes / 8
    low, high = preview_range(manifest)
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    expected = ((stored.astype(float) - low) * 255 / (high - low)).clip(0, 255)
    assert np.abs(seen[..., ::-1] - expected if image.ndim == 3 else seen - expected).max() < 12


def test_the_range_stays_within_what_is_stored():
    manifest = describe_intensity(ArrayVolume(np.full((8, 8), 65535, "u2")))
    low, high = preview_range(manifest)
    assert 0 <= low < high


def test_only_grey_and_rgb_have_previews():
    shapes = {"y x": (8, 8), "rgb": (8, 8, 3), "rgba": (8, 8, 4), "c z y x": (3, 2, 8, 8)}
    infos = {n: ArrayVolume(np.zeros(s, "u1"), axes="czyx" if n[0] == "c" else "").info for n, s in shapes.items()}
    assert [name for name, info in infos.items() if can_preview(info)] == ["y x", "rgb"]
