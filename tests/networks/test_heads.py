"""Heads in torch: missing tags pull nothing, every option reaches the optimiser, the best epoch is kept."""

import numpy as np
import pytest
import torch

from core.errors import InvalidInputError, NotEnoughLabelsError
from core.learning.curation.convnet_passes import Convnet
from core.learning.curation.convnet_spec import read_spec
from core.learning.curation.embeddings import Scale
from core.learning.curation.encoders import GRID, View
from core.learning.curation.portable import layers_part
from networks import heads
from networks.architectures import find_architecture
from networks.heads import Head, HeadTraining, Lesson, Tuned, chances, fine_tune, masked_loss, train_head
from networks.pretraining.embedding import pooled


def lesson(count=120, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((count, 6)).astype(np.float32)
    tags = (points[:, :1] > 0).astype(np.int8)
    return Lesson(points, tags, np.arange(count) % 4 == 0)


def test_a_missing_tag_has_no_gradient():
    scores = torch.zeros((3, 2), requires_grad=True)
    masked_loss(scores, torch.tensor([[1, -1], [-1, 0], [-1, -1]])).backward()
    assert (scores.grad != 0).tolist() == [[True, False], [False, True], [False, False]]


def test_layers_are_those_of_the_active_labeler():
    def widths(**changes):
        head = Head(32, 1, HeadTraining(**changes))
        return [(layer.in_features, layer.out_features) for layer in head.layers if isinstance(layer, torch.nn.Linear)]

    assert widths() == [(32, 64), (64, 32), (32, 16), (16, 1)]
    assert widths(shape="SSLEvaluatorOneLayer") == [(32, 64), (64, 1)]
    assert widths(hidden=0) == [(32, 1)]
    with pytest.raises(InvalidInputError, match="Best"):
        widths(shape="Best")


def test_a_head_learns_repeats_itself_and_knows_nothing_of_what_is_held_out():
    training, given = HeadTraining(epochs=30), lesson()
    said = chances(train_head(given, training), given.inputs)
    assert ((said[:, 0] > 0.5) == (given.tags[:, 0] == 1)).mean() > 0.9
    assert np.array_equal(said, chances(train_head(given, training), given.inputs))
    seen = []
    original = heads.masked_loss
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heads, "masked_loss", lambda scores, tags: (seen.append(len(tags)), original(scores, tags))[1])
        train_head(given, HeadTraining(epochs=1, batch_size=200))
    assert seen == [90, 30]  # taught by ninety, judged on the thirty held out


def test_the_epoch_that_judged_best_is_restored(monkeypatch):
    losses, kept = iter([0.5, 0.2, 0.9]), []
    monkeypatch.setattr(heads, "_judged", lambda model, *_: (kept.append(_copy(model)), next(losses))[1])
    head = train_head(lesson(), HeadTraining(epochs=3))
    assert all(torch.equal(value, kept[1][name]) for name, value in head.state_dict().items())


def _copy(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize(("scheduler", "expected"), [("step", [0.1, 0.1, 0.01, 0.001]), ("cosine", None)])
def test_rate_momentum_and_decay_reach_the_optimiser(scheduler, expected, monkeypatch):
    rates, options = [], {}

    def watch(model, optimiser, *_):
        rates.append(optimiser.param_groups[0]["lr"])
        options.update(optimiser.param_groups[0])

    monkeypatch.setattr(heads, "_epoch", watch)
    monkeypatch.setattr(torch.optim.lr_scheduler.LRScheduler, "step", torch.optim.lr_scheduler.LRScheduler.step)
    with pytest.warns(UserWarning, match="lr_scheduler"):
        train_head(
            lesson(), HeadTraining(epochs=4, scheduler=scheduler, decay_epochs=(2, 3), weight_decay=0.02, momentum=0.7)
        )
    assert options["weight_decay"] == 0.02 and options["momentum"] == 0.7
    assert rates == pytest.approx(expected) if expected else rates == sorted(rates, reverse=True)


def test_nothing_to_learn_from_is_refused():
    given = lesson(8)
    with pytest.raises(NotEnoughLabelsError):
        train_head(Lesson(given.inputs, given.tags, np.ones(8, bool)), HeadTraining())


def test_an_encoder_stays_as_it_is_for_the_epochs_that_are_frozen_and_learns_by_a_rate_of_its_own(monkeypatch):
    unet = find_architecture("U-Net")
    network = unet.build(1, 2, unet.parameters.chosen_from({"base_channels": 4, "depth": 2}), seed=0).eval()
    images = np.random.default_rng(0).standard_normal((12, 1, 16, 16)).astype(np.float32)
    given = Lesson(images, (np.arange(12) % 2).astype(np.int8)[:, None], np.zeros(12, bool))
    states = [_copy(Tuned(network, torch.nn.Identity()).network)]
    monkeypatch.setattr(heads, "_judged", lambda model, *_: (states.append(_copy(model.network)), 0.5)[1])
    options = {"hidden": 0, "epochs": 2, "frozen_epochs": 1, "encoder_rate": 0.01}
    original, rates = torch.optim.SGD, []

    def optimiser(groups, **known):
        rates.append(([group["lr"] for group in groups], known))
        return original(groups, **known)

    monkeypatch.setattr(torch.optim, "SGD", optimiser)
    fine_tune(network, given, HeadTraining(**options))
    changed = [
        any(not torch.equal(one[name], other[name]) for name in one)
        for one, other in zip(states, states[1:], strict=False)
    ]
    assert changed == [False, True]
    assert rates == [([0.1, 0.01], {"momentum": 0.9, "weight_decay": 1e-6})]


def test_a_grid_keeps_the_mean_of_each_part_and_a_head_of_convolutions_over_it_says_what_torch_says():
    unet = find_architecture("U-Net")
    network = unet.build(1, 2, unet.parameters.chosen_from({"base_channels": 4, "depth": 2}), seed=0).eval()
    images = torch.randn((5, 1, 16, 32), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        grids = pooled(network, images, View("grid", "deepest")).reshape(5, 8, GRID, GRID)
        torch.testing.assert_close(grids.mean(dim=(2, 3)), pooled(network, images, View("mean", "deepest")))
    points = grids.flatten(1).numpy()
    layers = Convnet(read_spec("6,p,d,r")).begun(8, 1, 3, np.random.default_rng(0))
    scale = Scale.of(points)
    part = layers_part(("a",), (scale.mean, scale.deviation), layers, spec="6,p,d,r")
    weights = {name: torch.from_numpy(np.array(value)) for name, value in part.arrays.items()}

    def convolved(seen, place):
        name = f"layers.{place}"
        return torch.nn.functional.conv2d(seen, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)

    seen = ((torch.from_numpy(points) - weights["mean"]) / weights["deviation"]).reshape(grids.shape)
    seen = torch.nn.functional.max_pool2d(convolved(seen, 0).relu(), 2)
    seen = (seen + convolved(convolved(seen, 2).relu(), 4)).relu().mean(dim=(2, 3))
    known = torch.sigmoid(seen @ weights["layers.6.weight"].T + weights["layers.6.bias"])
    np.testing.assert_allclose(part.chances(points), known.numpy(), atol=1e-5)
