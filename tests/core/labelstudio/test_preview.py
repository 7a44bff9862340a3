"""What an export would send is told before it, and is what it then sends."""

import numpy as np
import pytest

from core.labels.classes import LabelClass
from core.labelstudio.config import read_config, write_config
from core.labelstudio.exporting import Shipment
from core.labelstudio.preview import Count, preview
from core.labelstudio.results import regions_of
from core.labelstudio.running import Exports
from core.labelstudio.sources import regions_to_send
from scripts.local_stack import wait_until

CLASSES = (LabelClass(1, "Pore", "#E69F00"), LabelClass(4, "Fibre", "#56B4E9"))
CONFIG = read_config(write_config(CLASSES))


class Predicted:
    """Slice z has z pores, the last one uncertain, and slice 2 a fibre as well."""

    def labels(self, z, region):
        labels, scores = np.zeros((20, 40), np.uint8), np.full((20, 40), 230, np.uint8)
        for number in range(z):
            labels[2:5, 4 * number + 1 : 4 * number + 4] = 1
        scores[2:5, 4 * z - 3 : 4 * z] = 51
        if z == 2:
            labels[10:12] = 4
        return labels[region.slices], scores[region.slices]


def shipment(**more) -> Shipment:
    given = {"role": "predictions", "least_score": 0.7} | more
    return Shipment("stack", (0, 1, 2, 3), regions_to_send((20, 40)), (0, 1), CLASSES, **given)


def test_objects_are_counted_by_class_and_by_what_their_score_lets_through():
    steps = []
    found = preview(shipment(), Predicted(), told=steps.append)
    assert found.counts == (Count("Pore", 6, 3), Count("Fibre", 1, 1))
    assert found.told() == [
        "4 tasks, 2 of them without an object.",
        "Pore: 3 of 6 objects have a score of 0.7 or more.",
        "Fibre: 1 of 1 objects have a score of 0.7 or more.",
    ]
    assert steps == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("least", [0.1, 0.2, 0.7, 0.95])
def test_a_preview_counts_what_is_sent(least):
    (whole,) = regions_to_send((20, 40))
    sent = 0
    for z in range(4):
        labels, scores = Predicted().labels(z, whole)
        sent += len(regions_of(labels, CLASSES, CONFIG, style="polygon", scores=scores, least_score=least))
    counts = preview(shipment(least_score=least), Predicted(), told=lambda _: None).counts
    assert sum(count.sent for count in counts) == sent


def test_a_preview_says_that_nothing_was_sent_and_the_next_one_may_begin():
    exports = Exports()
    for _ in range(2):
        exports.look("anna", shipment(), Predicted())
        wait_until(lambda: exports.of("anna").stage == "done", "the preview")
        now = exports.of("anna")
        assert (now.said, now.hint) == ("4 tasks, 2 of them without an object.", "Nothing was sent.")
        assert len(now.details) == 2


def test_labels_of_people_and_pictures_alone_are_told_without_scores():
    labels = preview(shipment(role="annotations"), Predicted(), told=lambda _: None)
    assert labels.told() == ["4 tasks, 1 of them without an object.", "Pore: 6 objects.", "Fibre: 1 object."]
    assert preview(shipment(role="nothing"), Predicted(), told=lambda _: None).told() == ["4 tasks."]
