"""Lists of whole numbers as people write them in a text field: "[1, 2, 4]" or "1 2 4"."""

import re

from core.errors import ParameterError


def read_whole_numbers(text: str, *, title: str, largest: int) -> tuple[int, ...]:
    """Raises ParameterError when it is no list of whole numbers from 1 to `largest`.

    >>> read_whole_numbers("[1, 2, 4]", title="Dilations", largest=50)
    (1, 2, 4)
    """
    words = re.split(r"[\s,;]+", text.strip().strip("[]()").strip())
    if not all(word.isascii() and word.isdigit() and 1 <= int(word) <= largest for word in words):
        raise ParameterError(
            f"{title} is {text!r}; it must be a list of whole numbers from 1 to {largest}.",
            "Write, for example, [1, 2, 4].",
        )
    return tuple(int(word) for word in words)
