"""Versions of an algorithm side by side on the page."""

import json

from plotly.utils import PlotlyJSONEncoder

from components import algorithm_list
from core.learning.descriptors import AlgorithmDescriptor


def version(number: str, **facts) -> AlgorithmDescriptor:
    return AlgorithmDescriptor("Net", number, "segmentation", (), {"train": "t.py"}, owner="ann", **facts)


def shown(*found: AlgorithmDescriptor) -> list[str]:
    """What is shown, part by part."""
    parts = algorithm_list.versions(found)
    return [json.dumps(part, cls=PlotlyJSONEncoder) for part in (parts if isinstance(parts, list) else [parts])]


def test_what_differs_stands_in_columns_and_what_is_the_same_is_folded_away():
    differences, alike = shown(version("2", source="https://example.org"), version("1"))
    assert "Source" in differences and "https://example.org" in differences
    assert "ann" not in differences
    assert "3 facts are the same" in alike and "ann" in alike


def test_a_single_version_has_nothing_to_be_compared_with():
    assert "No other version is registered." in shown(version("1"))[0]


def test_versions_that_differ_in_nothing_they_say_are_told_so():
    assert "say the same" in shown(version("2"), version("1"))[0]
