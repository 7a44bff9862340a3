"""The run lengths of COCO, exact to the byte: counts column by column, and the text pycocotools packs them into.

Method: Common Objects in Context API, maskApi.c (rleEncode, rleToString, rleFrString), written anew on whole arrays.
"""

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError

MAX_DIGITS = 10  # of 5 bits: more than any count of a picture needs
Counts = NDArray[np.int64]


def counts_of(mask: NDArray[np.bool_]) -> Counts:
    """Lengths of alternating runs, column by column, the first one of False and perhaps 0.

    >>> counts_of(np.array([[True, False], [True, True]])).tolist()
    [0, 2, 1, 1]
    """
    flat = np.asarray(mask, bool).ravel(order="F")
    if flat.size == 0:
        return np.zeros(1, np.int64)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = np.concatenate(([0], [0] if flat[0] else [], changes, [flat.size]))
    return np.diff(edges).astype(np.int64)


def mask_of(counts: Counts, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The (Y, X) mask of run lengths. Raises LabelFileError unless they fill it."""
    if (counts < 0).any() or int(counts.sum()) != shape[0] * shape[1]:
        raise LabelFileError("Run lengths in the file do not fill their picture.", "Write the file again.")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(shape, order="F")


def encode(counts: Counts) -> str:
    """The text of run lengths.

    >>> encode(np.array([0, 2, 1, 1]))
    '021O'
    """
    values = counts.copy()
    values[3:] -= counts[1:-2]
    rest = np.stack([values >> (5 * place) for place in range(MAX_DIGITS + 1)], axis=1)
    digits = rest[:, :-1] & 31
    more = np.where(digits & 16, rest[:, 1:] != -1, rest[:, 1:] != 0)
    used = np.cumprod(np.concatenate([np.ones((len(values), 1), bool), more[:, :-1]], axis=1), axis=1).astype(bool)
    text: bytes = (digits + 32 * more + 48)[used].astype(np.uint8).tobytes()
    return text.decode("ascii")


def decode(text: str) -> Counts:
    """Run lengths of their text. Raises LabelFileError when it is none.

    >>> decode("021O").tolist()
    [0, 2, 1, 1]
    """
    digits = np.frombuffer(text.encode("ascii", "replace"), np.uint8).astype(np.int64) - 48
    if digits.size == 0 or (digits < 0).any() or (digits > 63).any() or digits[-1] & 32:
        raise LabelFileError("A mask in the file is no COCO run lengths.", "Write it with pycocotools.")
    ends = np.flatnonzero((digits & 32) == 0)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > MAX_DIGITS:
        raise LabelFileError("A run length in the file is larger than any picture.", "Write it with pycocotools.")
    places = np.arange(digits.size) - np.repeat(starts, lengths)
    values = np.add.reduceat((digits & 31) << (5 * places), starts)
    values -= np.where(digits[ends] & 16, np.int64(1) << (5 * lengths), 0)
    for first in (1, 2):  # each later one is a difference to the one before the last
        values[first::2] = np.cumsum(values[first::2])
    return values


def counts_at(mask: NDArray[np.bool_], corner: tuple[int, int], shape: tuple[int, int]) -> Counts:
    """The run lengths of a (Y, X) picture that is False but for `mask`, whose upper left pixel is at `corner`.

    >>> counts_at(np.array([[True], [True]]), (1, 0), (3, 2)).tolist()
    [1, 2, 3]
    """
    y, x = corner
    padded = np.pad(mask, ((1, 1), (0, 0)))  # so that no run goes on in the next column
    steps = np.diff(padded.astype(np.int8), axis=0).ravel(order="F")
    starts, stops = (_places(steps == sign, len(mask) + 1, y, x, shape[0]) for sign in (1, -1))
    apart = starts[1:] != stops[:-1]  # a column may end where the next one begins
    edges = np.stack([starts[np.append(True, apart)], stops[np.append(apart, True)]], axis=1).ravel()
    counts = np.diff(np.concatenate(([0], edges, [shape[0] * shape[1]])))
    return counts[:-1] if counts[-1] == 0 else counts


def _places(found: NDArray[np.bool_], rows: int, y: int, x: int, height: int) -> Counts:
    column, row = np.divmod(np.flatnonzero(found), rows)
    return (column + x) * height + row + y
