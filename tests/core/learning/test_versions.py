"""Versions of an algorithm side by side."""

from dataclasses import replace

from core.learning.descriptors import AlgorithmDescriptor, Parameter
from core.learning.versions import NOTHING, side_by_side

TREES = Parameter("int", "trees", "Trees", "trees", 200, min=10, max=1000)
FILL = Parameter("bool", "fill", "Fill holes", "fill", value=False)
OLD = AlgorithmDescriptor("Forest", "1", "segmentation", (TREES,), {"train": "train.py"}, owner="ann")


def test_what_differs_is_marked_and_what_is_new_has_nothing_before():
    new = replace(OLD, version="2", gui_parameters=(replace(TREES, value=300), FILL), requires=("lightgbm",))
    lines = {line.title: line for line in side_by_side([new, OLD])}
    assert lines["Trees"].cells == ("300 (10 to 1000)", "200 (10 to 1000)")
    assert lines["Fill holes"].cells == ("off", NOTHING)
    assert lines["Needs"].cells == ("lightgbm", NOTHING)
    assert [line.title for line in lines.values() if line.differs] == ["Needs", "Trees", "Fill holes"]
    assert lines["Owner"].cells == ("ann", "ann")
    assert "Source" not in lines, "no version names one"
