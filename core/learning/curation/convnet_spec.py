"""The layers of a head that convolves, as people write them: "128,p,d,128", as in patchwork.

A number is a convolution with so many channels and a ReLU, `p` takes the largest of 2 x 2 cells, `d` leaves out whole
channels while it learns (spatial dropout, Tompson et al. 2015, arXiv:1411.4280), `r` is a residual block of two
convolutions (He et al. 2016, arXiv:1512.03385). After the last one channels are averaged, and a linear layer answers.
"""

from core.errors import require
from core.learning.curation.encoders import GRID

POOL, DROP, RESIDUAL = "p", "d", "r"
MOST_WORDS, MOST_CHANNELS = 12, 512
EXAMPLE = "128,p,d,128"


def read_spec(text: str) -> tuple[str, ...]:
    """The words of it.

    >>> read_spec("128, p,d,128")
    ('128', 'p', 'd', '128')

    Raises
    ------
    InvalidInputError
        If it has no words or too many, one that is no layer, or pools more often than there are cells.
    """
    words = tuple(word.strip() for word in text.split(","))
    for word in words:
        _check(word in (POOL, DROP, RESIDUAL) or _is_channels(word), f"{word!r} is no layer.")
    _check(len(words) <= MOST_WORDS, f"{len(words)} layers are too many.", f"Use at most {MOST_WORDS}.")
    least = GRID >> words.count(POOL)
    _check(least > 0, f"{text!r} pools a grid of {GRID} x {GRID} cells too often.", "Use p at most twice.")
    return words


def _is_channels(word: str) -> bool:
    return word.isascii() and word.isdigit() and 1 <= int(word) <= MOST_CHANNELS


def _check(fits: bool, message: str, hint: str = "") -> None:
    usual = f"Write channels (1 to {MOST_CHANNELS}), p, d or r with commas between, such as {EXAMPLE}."
    require(fits, message, hint or usual)
