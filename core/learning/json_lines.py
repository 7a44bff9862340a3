"""On which line of a JSON text each value stands, so that an error can say where to look.

The standard parser forgets lines; this scanner only remembers them. The text must already have been parsed once.
"""

import re
from collections.abc import Iterator

Path = tuple[str | int, ...]
"""Keys and list indices from the root to a value."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def lines_of(text: str) -> dict[Path, int]:
    r"""{path: line, from 1} of every value of a valid JSON text; a value of an object counts where its key stands.

    >>> lines_of('{"a": 1,\n "b": [2,\n 3]}')
    {(): 1, ('a',): 1, ('b',): 2, ('b', 0): 2, ('b', 1): 3}
    """
    lines: dict[Path, int] = {}
    _scan_value(_tokens(text), (), lines)
    return lines


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, last = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        yield match.group(), line


def _scan_value(tokens: Iterator[tuple[str, int]], path: Path, lines: dict[Path, int]) -> None:
    token, line = next(tokens)
    _scan_opened(token, line, tokens, path, lines)


def _scan_opened(token: str, line: int, tokens: Iterator[tuple[str, int]], path: Path, lines: dict[Path, int]) -> None:
    lines.setdefault(path, line)
    if token == "{":
        _scan_object(tokens, path, lines)
    elif token == "[":
        _scan_list(tokens, path, lines)


def _scan_object(tokens: Iterator[tuple[str, int]], path: Path, lines: dict[Path, int]) -> None:
    for token, line in tokens:
        if token == "}":
            return
        if token != ",":
            child = (*path, _unquoted(token))
            lines[child] = line
            next(tokens)  # the colon
            _scan_value(tokens, child, lines)


def _scan_list(tokens: Iterator[tuple[str, int]], path: Path, lines: dict[Path, int]) -> None:
    index = 0
    for token, line in tokens:
        if token == "]":
            return
        if token != ",":
            _scan_opened(token, line, tokens, (*path, index), lines)
            index += 1


def _unquoted(token: str) -> str:
    return token[1:-1].encode().decode("unicode_escape") if "\\" in token else token[1:-1]
