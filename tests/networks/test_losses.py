"""What the losses see, and what they leave unseen."""

import pytest
import torch

from networks.losses import NAMES, UNLABELLED, balanced_weights, choose_loss, partial_cross_entropy, partial_focal

PLANE, SPACE = (8, 8), (4, 8, 8)


def batch(shape=PLANE, *, classes=3):
    torch.manual_seed(0)
    scores = torch.randn(2, classes, *shape, requires_grad=True)
    return scores, torch.randint(0, classes, (2, *shape))


@pytest.mark.parametrize("shape", [PLANE, SPACE])
@pytest.mark.parametrize("name", NAMES)
def test_unlabelled_pixels_change_neither_the_loss_nor_its_gradient(name, shape):
    loss = choose_loss(name, smoothing=0.1, gamma=2.0, weights=torch.tensor([0.5, 1.0, 1.5]))
    scores, targets = batch(shape)
    targets[..., 4:] = UNLABELLED
    changed = scores.detach().clone()
    changed[..., 4:] += 5
    assert loss(scores, targets).item() == pytest.approx(loss(changed, targets).item())
    loss(scores, targets).backward()
    assert scores.grad[..., 4:].abs().max() == 0
    assert scores.grad[..., :4].abs().max() > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_labels_costs_nothing(name):
    scores, targets = batch()
    loss = choose_loss(name, smoothing=0.1, gamma=2.0, weights=None)
    assert loss(scores, torch.full_like(targets, UNLABELLED)).item() == 0


def test_the_focal_loss_is_cross_entropy_at_gamma_0_and_looks_away_from_what_is_right():
    scores, targets = batch()
    assert partial_focal(scores, targets, gamma=0).item() == pytest.approx(
        partial_cross_entropy(scores, targets).item()
    )
    sure = torch.nn.functional.one_hot(targets, 3).movedim(-1, 1) * 4.0
    ratio = [(loss(sure, targets) / loss(scores, targets)).item() for loss in (partial_focal, partial_cross_entropy)]
    assert ratio[0] < 0.1 * ratio[1]


def test_rare_classes_weigh_more_and_all_weigh_1_on_average():
    weights = balanced_weights([100, 10_000])
    assert weights[0] == pytest.approx(10 * weights[1])
    assert weights.mean() == pytest.approx(1)
    assert torch.isfinite(balanced_weights([0, 5])).all()


def test_weights_move_the_loss_towards_the_heavy_class():
    scores, targets = batch(classes=2)
    wrong_in_first = torch.stack([-torch.ones_like(targets), torch.ones_like(targets)], dim=1).float()
    heavy = partial_cross_entropy(wrong_in_first, targets, weights=torch.tensor([1.8, 0.2]))
    assert heavy > partial_cross_entropy(wrong_in_first, targets)
