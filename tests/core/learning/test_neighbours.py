"""Slices with their neighbours."""

from core.learning.neighbours import SliceWindow


def test_at_the_ends_of_the_stack_the_last_slice_is_repeated():
    window = SliceWindow(lambda z: z, count=3, context=2)
    assert window(0) == (0, (0, 0, 1, 2))
    assert window(2) == (2, (0, 1, 2, 2))


def test_moving_through_the_stack_reads_each_slice_once():
    read = []
    window = SliceWindow(lambda z: read.append(z) or z, count=50, context=1)
    for z in range(50):
        window(z)
    assert read == list(range(50))


def test_without_context_there_are_no_neighbours():
    assert SliceWindow(lambda z: z, count=3, context=0)(1) == (1, ())
