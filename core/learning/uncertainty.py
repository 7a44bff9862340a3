"""How sure a model is, as images of a few bands that can be coloured like classes: uncertainty, confidence, entropy.

Uncertainty is 1 - the chance of the likeliest class, confidence that chance. Entropy (Shannon 1948,
doi:10.1002/j.1538-7305.1948.tb01338.x) looks at all classes: two that are equally likely are less of it than five.
The margin (Scheffer et al. 2001, doi:10.1007/3-540-44816-0_31) is how far the likeliest class is ahead of the second.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

BAND = 0.05  # of uncertainty: 1 - the chance of the likeliest class
BANDS = 10  # the last one is a coin toss between two classes, and worse
Bytes = NDArray[np.uint8]

_CONFIDENCE = np.arange(256) / 255
_UNSURE = np.minimum(((1 - _CONFIDENCE) / BAND + 1e-6).astype(np.uint8), BANDS)
_SURE = (np.clip((_CONFIDENCE - 0.5) / BAND + 1e-6, 0, BANDS - 1).astype(np.uint8) + 1).astype(np.uint8)
_MIXED = np.minimum((_CONFIDENCE * BANDS + 1e-6).astype(np.uint8), BANDS - 1)
BANDS_OF: Mapping[str, NDArray[np.uint8]] = {"uncertainty": _UNSURE, "confidence": _SURE, "entropy": _MIXED}
"""The band of each byte: of the confidence (255 = certain), or of the entropy (255 = all classes equally likely).

uncertainty : 0 less than 5 % unsure, 1 from 5 %, ... 10 from 50 %. confidence : 1 less than 55 % sure, 2 from 55 %, ...
10 from 95 %. entropy : 0 less than a tenth of the most there can be, ... 9 from nine tenths.
"""


def entropy_of(chances: NDArray[np.float32]) -> Bytes:
    """(..., classes) chances -> (...) uint8, 255 where all classes are equally likely.

    >>> entropy_of(np.array([[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]], np.float32)).tolist()
    [0, 161, 255]
    """
    kept = np.maximum(chances, np.finfo(np.float32).tiny)
    entropy = -(kept * np.log(kept)).sum(axis=-1) / np.log(chances.shape[-1])
    return np.asarray(np.rint(255 * np.clip(entropy, 0, 1)), np.uint8)


def entropy_of_two(confidence: Bytes) -> Bytes:
    """The same where there are two classes, from the confidence in the likelier one.

    >>> entropy_of_two(np.array([255, 191, 128], np.uint8)).tolist()
    [0, 207, 255]
    """
    likelier = np.maximum(_CONFIDENCE, 0.5)
    table = entropy_of(np.stack([likelier, 1 - likelier], axis=-1).astype(np.float32))
    return np.asarray(table[confidence])


def margin_of(chances: NDArray[np.float32]) -> Bytes:
    """(..., classes) chances -> (...) uint8, 255 where only one class is possible, 0 where two are the likeliest.

    >>> margin_of(np.array([[1, 0, 0], [0.5, 0.2, 0.3], [0.4, 0.4, 0.2]], np.float32)).tolist()
    [255, 51, 0]
    """
    two = np.partition(chances, -2, axis=-1)[..., -2:]
    return np.asarray(np.rint(255 * np.clip(two[..., 1] - two[..., 0], 0, 1)), np.uint8)


def margin_of_two(confidence: Bytes) -> Bytes:
    """The same where there are two classes, from the confidence in the likelier one.

    >>> margin_of_two(np.array([255, 191, 128, 100], np.uint8)).tolist()
    [255, 127, 1, 0]
    """
    return np.asarray(np.maximum(2 * confidence.astype(np.int16) - 255, 0), np.uint8)
