"""Proposals: kept for one person and volume, decided on slice by slice, bounded and forgotten in time."""

import numpy as np
import pytest

from core.errors import InvalidInputError, NotFoundError
from core.labels import proposals
from core.labels.flooding import alike_greys, alike_labels, connected, open_ends
from core.labels.planes import PlaneLabels
from core.labels.proposals import Proposals, StackProposal
from core.labels.rules import PaintRule


def slices(*wanted: int) -> list[tuple[int, np.ndarray]]:
    """Slices of 600 x 700 that propose class 3 in a corner and in another tile."""
    labels = np.zeros((600, 700), np.uint8)
    labels[:4, :5], labels[590:, 690:] = 3, 3
    return [(z, labels) for z in wanted]


def proposal(name="p", *, volume="v", wanted=(4, 5), rule=None) -> StackProposal:
    one = StackProposal(name, volume, "follow", {}, rule or PaintRule("empty"))
    for z, labels in slices(*wanted):
        one = one.add(z, labels)
    return one


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_accepting_a_slice_changes_its_unlabelled_pixels_only():
    changes = dict(proposal().changes([4]))
    assert sorted(changes) == [(4, 0, 0), (4, 1, 1)]
    standing = np.zeros((512, 512), np.uint8)
    standing[0, 0] = 7
    accepted = changes[4, 0, 0](standing)
    assert accepted[0, 0] == 7
    assert (accepted == 3).sum() == 4 * 5 - 1


def test_a_fill_changes_only_what_still_has_the_label_that_was_clicked():
    standing = np.full((512, 512), 2, np.uint8)
    standing[0, 0] = 5
    accepted = dict(proposal(rule=PaintRule(5)).changes([4]))[4, 0, 0](standing)
    assert accepted[0, 0] == 3
    assert (accepted == 2).sum() == 512 * 512 - 1


def test_planes_across_show_the_slices_that_are_still_open():
    class Reader:
        def __init__(self, one):
            self.one = one

        def tile_versions_across(self, _volume, axis, place):
            return self.one.tile_versions_across(axis, place)

        def tile(self, _volume, index):
            return self.one.tile(index)

    for axis in ("y", "x"):
        plane = PlaneLabels(Reader(proposal().decide([4], "accepted")), axis).tile("v", (2, 0, 0))
        shown = plane if axis == "y" else plane.T
        assert shown[5, :4].all()
        assert not shown[4].any()


def test_decisions_can_be_taken_back_and_nothing_is_forgotten_by_them():
    kept = Proposals()
    kept.keep("ann", proposal())
    kept.decide("ann", "v", [4], "rejected")
    assert kept.find("ann", "v", "p").open_slices == (5,)
    kept.decide("ann", "v", [4], "open")
    assert kept.find("ann", "v", "p").open_slices == (4, 5)
    assert dict(kept.find("ann", "v", "p").changes([4]))


def test_a_proposal_that_grows_keeps_what_was_decided_meanwhile():
    kept = Proposals()
    kept.keep("ann", proposal(wanted=(5,)))
    kept.decide("ann", "v", [5], "accepted")
    kept.keep("ann", proposal(wanted=(5, 6, 4)))
    assert list(kept.find("ann", "v", "p").decisions.items()) == [(4, "open"), (5, "accepted"), (6, "open")]


def test_each_person_has_one_proposal_for_a_volume_and_sees_nobody_elses():
    kept = Proposals()
    kept.keep("ann", proposal("first"))
    kept.keep("ann", proposal("second"))
    kept.keep("ann", proposal("other", volume="w"))
    assert kept.of("ben", "v") is None
    assert kept.find("ann", "w", "other")
    with pytest.raises(NotFoundError, match="no longer there"):
        kept.find("ann", "v", "first")
    kept.discard("ann", "v")
    with pytest.raises(NotFoundError):
        kept.decide("ann", "v", [4], "accepted")


def test_what_nobody_looks_at_for_long_is_forgotten():
    clock = Clock()
    kept = Proposals(clock)
    kept.keep("ann", proposal())
    clock.now = proposals.EXPIRY_S
    assert kept.of("ann", "v")
    clock.now += proposals.EXPIRY_S
    assert kept.of("ann", "v")
    clock.now += proposals.EXPIRY_S + 1
    assert kept.of("ann", "v") is None


def test_memory_is_bounded_for_one_and_for_all(monkeypatch):
    size = proposal().nbytes
    monkeypatch.setattr(proposals, "MAX_ALL_BYTES", 2 * size)
    kept = Proposals()
    for user in ("ann", "ben", "cid"):
        kept.keep(user, proposal())
    assert [user for user in ("ann", "ben", "cid") if kept.of(user, "v")] == ["ben", "cid"]
    monkeypatch.setattr(proposals, "MAX_BYTES", size - 1)
    with pytest.raises(InvalidInputError, match="too large to keep"):
        proposal()


def test_a_fill_takes_what_hangs_together_over_the_slices_and_no_more():
    labels = np.zeros((5, 20, 20), np.uint8)
    labels[1:4, 5:8, 5:8] = 2
    labels[3, 5:8, 8:15] = 2
    labels[1, 5:8, 12:15] = 2  # over the arm of slice 3, but not connected to it
    found = connected(alike_labels(labels, (1, 6, 6)), (1, 6, 6))
    assert found.sum() == 3 * 9 + 3 * 7
    assert not found[1, :, 12:].any()
    assert open_ends(found, 10, 30) == []
    assert open_ends(found[1:4], 11, 30) == [11, 13]
    assert open_ends(found[1:4], 0, 3) == []


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_fill_by_grey_stops_where_the_grey_leaves_the_tolerance(dtype):
    images = np.full((3, 6, 6), 100, dtype)
    images[:, :, 3] = 130
    images[2] = 105  # leads around the wall of the slices below

    def reached(slices):
        alike = np.stack(list(alike_greys(iter(slices), np.asarray(images[0, 0, 0]), 10)))
        return connected(alike, (0, 2, 0)).sum(axis=(1, 2)).tolist()

    assert reached(images) == [30, 30, 36]
    assert reached(images[:2]) == [18, 18]
