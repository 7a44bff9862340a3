"""Lists of numbers as people write them in a text field: "[1, 2, 4]" or "0.7 1"."""

import re

from core.errors import ParameterError

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)


def read_whole_numbers(text: str, *, title: str, largest: int) -> tuple[int, ...]:
    """Raises ParameterError when it is no list of whole numbers from 1 to `largest`.

    >>> read_whole_numbers("[1, 2, 4]", title="Dilations", largest=50)
    (1, 2, 4)
    """
    words = _words(text)
    if not all(word.isascii() and word.isdigit() and 1 <= int(word) <= largest for word in words):
        raise ParameterError(
            f"{title} is {text!r}; it must be a list of whole numbers from 1 to {largest}.",
            "Write, for example, [1, 2, 4].",
        )
    return tuple(int(word) for word in words)


def read_numbers(text: str, *, title: str, least: float, most: float) -> tuple[float, ...]:
    """Raises ParameterError when it is no list of numbers from `least` to `most`.

    >>> read_numbers("0.7, 1", title="Scales", least=0.3, most=10)
    (0.7, 1.0)
    """
    words = _words(text)
    numbers = tuple(float(word) for word in words if _NUMBER.fullmatch(word))
    if len(numbers) < len(words) or not all(least <= number <= most for number in numbers):
        raise ParameterError(
            f"{title} is {text!r}; it must be a list of numbers from {least:g} to {most:g}.",
            "Write, for example, 1, 2.5, 4.",
        )
    return numbers


def _words(text: str) -> list[str]:
    return re.split(r"[\s,;]+", text.strip().strip("[]()").strip())
