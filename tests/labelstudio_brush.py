"""Random masks and what the SDK makes of them: ``python tests/labelstudio_brush.py FILE COUNT`` in its own environment.

Masks are made from a seed, so that both environments make the same ones.
"""

import json
import sys
import time

import numpy as np


def mask(seed: int, *, side: int = 96) -> np.ndarray:
    """Noise, discs or stripes, from empty to full; a few are long enough for runs that must be split."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, side, 2)
    if seed % 50 == 0:
        height, width = 300, 400
    rows, columns = np.mgrid[:height, :width]
    kind = seed % 4
    if kind == 0:
        return rng.random((height, width)) < rng.random() ** 3
    if kind == 1:
        y, x, radius = rng.random(3) * (height, width, side / 2)
        return (rows - y) ** 2 + (columns - x) ** 2 < radius**2
    if kind == 2:
        return (columns // rng.integers(1, 30)) % 2 == 0
    return np.full((height, width), bool(rng.integers(2)))


def discs(side: int = 2048, count: int = 60) -> np.ndarray:
    """A picture as people paint it, to take the time of."""
    rng = np.random.default_rng(0)
    rows, columns = np.ogrid[:side, :side]
    found = np.zeros((side, side), bool)
    for y, x, radius in rng.random((count, 3)) * (side, side, side / 20):
        found |= (rows - y) ** 2 + (columns - x) ** 2 < radius**2
    return found


def seconds(act, *, times: int = 3) -> float:
    """The quickest of a few runs."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        took.append(time.perf_counter() - start)
    return min(took)


def main(path: str, count: int) -> None:
    from label_studio_sdk.converter.brush import decode_rle, mask2rle

    with open(path) as file:
        ours = json.load(file)
    rows, agreed = [], 0
    for seed in range(count):
        image = mask(seed)
        rows.append(mask2rle(image.astype(np.uint8) * 255))
        seen = decode_rle(ours[seed]).reshape(*image.shape, 4)
        agreed += bool((seen == image[..., None] * np.uint8(255)).all())
    large = discs().astype(np.uint8) * 255
    rle = mask2rle(large)
    took = {"encode": seconds(lambda: mask2rle(large)), "decode": seconds(lambda: decode_rle(rle))}
    with open(path, "w") as file:
        json.dump({"rows": rows, "agreed": agreed, "seconds": took}, file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
