"""The style sheets are whole: a rule that is never closed swallows those after it without a word."""

import re

import pytest

from utils.settings import ROOT

OURS = [path for path in sorted((ROOT / "assets").glob("*.css")) if not path.name.endswith(".min.css")]
TOP_LEVEL = re.compile(r"[.#:@*a-z][^;]*\{$|[^\s/}].*,$")


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_style_sheet_closes_each_rule_before_the_next_begins(path):
    depth = 0
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        assert depth == 0 or not TOP_LEVEL.match(line), f"{path.name}, line {number}: the rule before is not closed"
        depth += line.count("{") - line.count("}")
    assert depth == 0
