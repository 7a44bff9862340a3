"""Heads that convolve over a grid of what an encoder finds: how they are written, and that they learn."""

import json

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.learning.curation.convnet_passes import Convnet
from core.learning.curation.convnet_spec import read_spec
from core.learning.curation.encoders import GRID
from core.learning.curation.learned import Choice, learn
from core.learning.curation.network_settings import NetworkSettings
from core.learning.curation.portable import Portable
from core.learning.curation.table import Item, LabelTable


def bars(count: int, seed: int = 0) -> tuple[LabelTable, np.ndarray]:
    """Two neighbouring cells that lie or stand somewhere in one of two channels: the mean of all tells nothing."""
    rng = np.random.default_rng(seed)
    grids = rng.normal(0, 0.1, (count, 2, GRID, GRID)).astype(np.float32)
    stands = rng.integers(0, 2, count)
    for grid, upright in zip(grids, stands, strict=True):
        y, x = rng.integers(0, GRID - 1, 2)
        grid[0, y : y + 1 + upright, x : x + 2 - upright] += 2
    held = np.arange(count) % 3 == 0
    table = LabelTable(
        tuple(Item(str(row)) for row in range(count)),
        ("stands",),
        stands.astype(np.int8)[:, None],
        held,
        np.zeros(count, bool),
        ("",) * count,
    )
    return table, grids.reshape(count, -1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "'' is no layer"),
        ("128,x", "'x' is no layer"),
        ("0,p", "'0' is no layer"),
        ("-4", "'-4' is no layer"),
        ("9999", "'9999' is no layer"),
        ("8,p,p,p", "pools a grid of 4 x 4 cells too often"),
        (",".join(["8"] * 13), "13 layers are too many"),
    ],
)
def test_layers_that_cannot_be_say_which_word_and_what_may_be_written(words, told):
    with pytest.raises(InvalidInputError) as refused:
        Choice("convnet", NetworkSettings(spec=words))
    assert told in refused.value.message
    assert refused.value.hint.startswith(("Write channels", "Use"))


def test_what_is_no_grid_and_what_has_no_label_teach_it_nothing_and_say_the_way_out():
    choice = Choice("convnet", NetworkSettings(spec="8"))
    choice.check_sees(grid=True)
    Choice("forest").check_sees(grid=False)
    with pytest.raises(InvalidInputError, match="needs a grid"):
        choice.check_sees(grid=False)
    with pytest.raises(InvalidInputError, match="labels alone"):
        Choice("convnet", NetworkSettings(spec="8", unlabelled=1.0))


@pytest.mark.parametrize(("kernel", "normalise"), [(1, False), (3, True)])
def test_slopes_equal_differences_of_what_comes_out(kernel, normalise):
    rng = np.random.default_rng(0)
    net = Convnet(read_spec("3,r,p,d,2"), normalise)
    layers, batch = net.begun(2, 2, kernel, rng), rng.standard_normal((3, 2 * GRID**2))
    layers = tuple((weights, rng.normal(0, 0.3, offsets.shape)) for weights, offsets in layers)
    weight = rng.standard_normal((3, 2))

    def out():
        return net.forward(layers, batch, dropout=0.3, rng=np.random.default_rng(1))

    into, slopes = out()[1](weight)
    known = [(batch, into.transpose(0, 3, 1, 2).reshape(batch.shape))]
    known += [pair for layer, slope in zip(layers, slopes, strict=True) for pair in zip(layer, slope, strict=True)]
    for values, slope in known:
        for at in list(np.ndindex(values.shape))[:: max(values.size // 12, 1)]:
            usual = values[at]
            values[at] = usual + 1e-6
            more = (out()[0] * weight).sum()
            values[at] = usual - 1e-6
            less = (out()[0] * weight).sum()
            values[at] = usual
            assert slope[at] == pytest.approx((more - less) / 2e-6, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("more", [{}, {"loss": "focal", "smoothing": 0.1, "normalise": True}], ids=["plain", "focal"])
def test_it_learns_how_things_lie_which_means_do_not_tell_and_what_is_kept_says_the_same(more):
    table, points = bars(150)
    choice = Choice("convnet", NetworkSettings(spec="8,p,d,r", steps=200, rate=0.01, **more))
    learned = learn(table, points, choice)
    assert learned.scores["stands"]["auc"] > 0.95 and learned.scores["stands"]["held_out"]
    assert learned.parameters == (9 * 2 * 8 + 8) + 2 * (9 * 8 * 8 + 8) + (8 + 1)
    assert learned.model is not None
    read = Portable.read(json.loads(json.dumps(learned.model.facts())), learned.model.arrays())
    np.testing.assert_allclose(read.chances(points), learned.chances, atol=1e-6)
    assert choice.told()["spec"] == "8,p,d,r" and "hidden" not in choice.told()
