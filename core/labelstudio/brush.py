"""The run lengths of Label Studio's brush, equal bit for bit to what its own SDK writes.

A mask becomes an RGBA picture, four equal values a pixel, packed as thi.ng's rle-pack does: a head of 57 bits, then
blocks of a flag, two bits that choose a size, a length of that size and a value (or, without the flag, as many values
as the length says). Source: label_studio_sdk.converter.brush and @thi.ng/rle-pack; both are read, the first is written.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import LabelFileError

CHANNELS = 4  # of the picture that is packed; the last one is the mask
OPAQUE = 255  # 1 would be alpha 1/255, which nobody sees
SIZES = (3, 4, 8, 16)  # bits of a length
WORD_BITS = 8
HEAD_BITS = 32 + 5 + 4 * len(SIZES)
LONGEST = 1 << SIZES[-1]
MAX_PIXELS = ((1 << 32) - 1) // CHANNELS
_HEAD = ((WORD_BITS - 1) << 16) | sum((size - 1) << 4 * place for place, size in enumerate(reversed(SIZES)))
_FLAG_BITS = 3  # the flag and the choice of a size
_DAMAGED = "A brush region is damaged: its run lengths do not fill its picture."
Words = NDArray[np.uint64]


def encode(mask: NDArray[np.bool_]) -> list[int]:
    """A mask as Label Studio keeps it.

    Parameters
    ----------
    mask : (Y, X), True where the brush was.

    Raises
    ------
    LabelFileError
        If it has more pixels than the format can count, 2^30.

    >>> encode(np.array([[True, False], [False, False]]))
    [0, 0, 0, 16, 57, 27, 252, 127, 246, 192, 0]
    """
    if mask.size > MAX_PIXELS:
        raise LabelFileError(f"A brush region of {mask.size:,} pixels is too large.", "Export a region of the slice.")
    lengths, values = _runs(np.asarray(mask, bool).ravel())
    words, bits = _blocks(*_split(lengths * CHANNELS, values))
    head = np.array([mask.size * CHANNELS, _HEAD], np.uint64)
    return _packed(np.concatenate([head, words]), np.concatenate([[32, HEAD_BITS - 32], bits]))


def decode(rle: Sequence[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The (Y, X) mask of a brush region. Raises LabelFileError when it is damaged, or of another size.

    >>> decode([0, 0, 0, 16, 57, 27, 252, 127, 246, 192, 0], (2, 2)).tolist()
    [[True, False], [False, False]]
    """
    data = _bytes_of(rle)
    count = int.from_bytes(data[:4], "big")
    if count != shape[0] * shape[1] * CHANNELS:
        raise LabelFileError(
            f"A brush region is of {count // CHANNELS:,} pixels, its picture of {shape[1]} x {shape[0]}.",
            "Export the annotations again.",
        )
    values, lengths = _Reader(data).runs()
    ends = np.cumsum(lengths)
    if len(ends) == 0 or ends[-1] < count:
        raise LabelFileError(_DAMAGED, "Export the annotations again.")
    pixels = np.diff(np.minimum(ends, count) // CHANNELS, prepend=0)  # how often a run meets the last channel
    return np.repeat(values > 0, pixels).reshape(shape)


def _runs(flat: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """(lengths, values) of equal neighbours."""
    if flat.size == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    lengths = np.diff(starts, append=flat.size)
    return lengths, flat[starts].astype(np.uint64) * np.uint64(OPAQUE)


def _split(lengths: NDArray[np.int64], values: Words) -> tuple[NDArray[np.int64], Words]:
    """No run longer than a length can say; of a long one the last part is the rest."""
    parts = -(-lengths // LONGEST)
    if (parts <= 1).all():
        return lengths, values
    ends = np.cumsum(parts)
    cut = np.full(ends[-1], LONGEST, np.int64)
    cut[ends - 1] = lengths - (parts - 1) * LONGEST
    return cut, np.repeat(values, parts)


def _blocks(lengths: NDArray[np.int64], values: Words) -> tuple[Words, NDArray[np.int64]]:
    """(block, its bits) for each run."""
    choice = np.searchsorted([1 << size for size in SIZES[:-1]], lengths)
    size = np.array(SIZES)[choice]
    words = ((4 + choice) << size) | (lengths - 1)
    return (words.astype(np.uint64) << np.uint64(WORD_BITS)) | values, size + _FLAG_BITS + WORD_BITS


def _packed(words: Words, bits: NDArray[np.int64]) -> list[int]:
    """Words one after the other, the highest bit first, and at least one zero bit: so does the SDK.

    Each word, of 32 bits at the most, is put over five bytes; words share bytes, but no bit, so sums join them.
    """
    ends = np.cumsum(bits)
    first, skipped = np.divmod(ends - bits, 8)
    size = int(ends[-1]) // 8 + 1
    spread = words << (40 - bits - skipped).astype(np.uint64)
    packed = np.zeros(size + 5, np.float64)
    for place in range(5):
        part = (spread >> np.uint64(32 - 8 * place)) & np.uint64(255)
        packed += np.bincount(first + place, weights=part, minlength=size + 5)[: size + 5]
    found: list[int] = packed[:size].astype(np.uint8).tolist()
    return found


def _bytes_of(rle: Sequence[int]) -> bytes:
    try:
        data = bytes(rle)
    except (TypeError, ValueError) as error:
        raise LabelFileError("A brush region holds no bytes.", "Export the annotations again.") from error
    if len(data) < 8:
        raise LabelFileError(_DAMAGED, "Export the annotations again.")
    return data


class _Reader:
    """Walks along the blocks: where one begins is known only when the one before it was read."""

    def __init__(self, data: bytes) -> None:
        head = int.from_bytes(data[4:8], "big")
        if head >> 27 != WORD_BITS - 1:
            raise LabelFileError("A brush region is not of bytes.", "Export the annotations again.")
        self._sizes = np.array([((head >> (23 - 4 * place)) & 15) + 1 for place in range(len(SIZES))])
        self._stop = len(data) * 8
        padded = np.frombuffer(data + bytes(4), np.uint8).astype(np.uint32)
        self._quads = (padded[:-4] << 24) | (padded[1:-3] << 16) | (padded[2:-2] << 8) | padded[3:-1]

    def runs(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """(values, lengths) of all blocks; zero bits at the end may look like one more."""
        starts = np.array(self._walk(), np.int64)
        head = self._at(starts, _FLAG_BITS)
        size = self._sizes[head & 3]
        lengths = self._at(starts + _FLAG_BITS, size).astype(np.int64) + 1
        spots, literal = starts + _FLAG_BITS + size, head < 4
        repeats = np.where(literal, lengths, 1)  # a literal block has a value of its own for each
        inside = np.arange(int(repeats.sum())) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        values = self._at(np.repeat(spots, repeats) + WORD_BITS * inside, WORD_BITS)
        return values.astype(np.uint8), np.repeat(np.where(literal, 1, lengths), repeats)

    def _walk(self) -> list[int]:
        """The bit at which each block begins."""
        quads, sizes = self._quads.tolist(), self._sizes.tolist()
        steps = [0] * 4 + [_FLAG_BITS + size + WORD_BITS for size in sizes]
        starts: list[int] = []
        at, stop = HEAD_BITS, self._stop - min(steps[4:])
        while at <= stop:
            starts.append(at)
            head = quads[at >> 3] >> (29 - (at & 7)) & 7
            at += steps[head] or _literal_bits(quads, at, sizes[head])
        if at > self._stop:
            raise LabelFileError(_DAMAGED, "Export the annotations again.")
        return starts

    def _at(self, bits: NDArray[np.int64], width: NDArray[np.int64] | int) -> NDArray[np.uint32]:
        """The number of `width` bits, 25 at the most, that begins at each bit."""
        place, skipped = np.divmod(bits, 8)
        shift = np.asarray(32 - skipped - width, np.uint32)
        mask = ((1 << np.asarray(width, np.int64)) - 1).astype(np.uint32)
        found: NDArray[np.uint32] = np.bitwise_and(self._quads[place] >> shift, mask, dtype=np.uint32)
        return found


def _literal_bits(quads: list[int], at: int, size: int) -> int:
    at += _FLAG_BITS
    length = (quads[at >> 3] >> (32 - size - (at & 7)) & ((1 << size) - 1)) + 1
    return _FLAG_BITS + size + WORD_BITS * length
