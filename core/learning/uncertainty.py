"""Where a model is unsure, as an image of a few bands that can be coloured like classes."""

import numpy as np
from numpy.typing import NDArray

BAND = 0.05  # of uncertainty: 1 - the chance of the likeliest class
BANDS = 10  # the last one is a coin toss between two classes, and worse
_OF_CONFIDENCE = np.minimum(((1 - np.arange(256) / 255) / BAND + 1e-6).astype(np.uint8), BANDS)


def uncertainty_bands(confidence: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(Y, X) uint8, 255 = certain -> (Y, X) uint8: 0 less than 5 % unsure, 1 from 5 %, ... 10 from 50 %.

    >>> uncertainty_bands(np.array([255, 243, 242, 128, 1], np.uint8)).tolist()
    [0, 0, 1, 9, 10]
    """
    return _OF_CONFIDENCE[confidence]
