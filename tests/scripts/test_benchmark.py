"""The simulated strokes of the quality benchmark, and the table it writes."""

import numpy as np
import pytest

from core.labels.tools.table import TOOLS
from scripts.benchmark import main
from scripts.benchmarks import BEGIN, END, tools, write_table
from scripts.benchmarks.strokes import LENGTH_PX, STROKES, WIDTH_PX, strokes_on


@pytest.fixture
def truth() -> np.ndarray:
    """Wide stripes of two classes, some of it unknown."""
    truth = np.where((np.indices((200, 240)).sum(axis=0) // 40) % 2 == 1, 1, 2).astype(np.uint8)
    truth[:20] = 0
    return truth


def test_strokes_stay_in_their_class_and_are_as_many_as_promised(truth):
    painted = strokes_on(truth, seed=3)
    assert set(np.unique(painted)) == {0, 1, 2}
    np.testing.assert_array_equal(painted[painted > 0], truth[painted > 0])
    for class_id in (1, 2):
        pixels = int((painted == class_id).sum())
        assert LENGTH_PX * WIDTH_PX / 2 < pixels <= STROKES * (LENGTH_PX + WIDTH_PX) * WIDTH_PX


def test_placements_differ_by_their_seed_only(truth):
    np.testing.assert_array_equal(strokes_on(truth, seed=3), strokes_on(truth, seed=3))
    assert (strokes_on(truth, seed=3) != strokes_on(truth, seed=4)).any()


def test_a_table_replaces_the_one_before_and_leaves_the_words(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Words\n\n{BEGIN}\nold\n{END}\n\nMore words.\n")
    write_table(page, ["| a |"])
    write_table(page, ["| b |"])
    text = page.read_text()
    assert text.startswith("# Words\n")
    assert text.endswith("More words.\n")
    assert "| b |" in text
    assert "| a |" not in text
    assert "old" not in text


def test_missing_data_are_named(tmp_path, capsys):
    assert main(["quality", "--data", str(tmp_path)]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_every_tool_that_looks_at_the_image_has_a_figure():
    names = {name.partition(",")[0] for name in tools.actions(tools.make_scene())}
    assert names == {*TOOLS, "superpixel", "copy", "click and box"}
