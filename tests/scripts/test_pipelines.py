"""Reading ahead and writing behind: order, errors, and how much is on its way."""

import threading

import pytest

from scripts.pipelines import AHEAD, pipelined


def test_everything_is_written_in_order():
    written = []
    pipelined(
        range(20), read=lambda z: z * 10, work=lambda image: image + 1, write=lambda z, made: written.append((z, made))
    )
    assert written == [(z, z * 10 + 1) for z in range(20)]


def test_reading_goes_on_while_a_slice_is_computed_but_not_far():
    read, enough = [], threading.Event()

    def note(z):
        read.append(z)
        if len(read) == AHEAD + 1:
            enough.set()
        return z

    def work(z):
        if z == 0:
            assert enough.wait(120), "nothing was read ahead"
            assert len(read) == AHEAD + 1
        return z

    pipelined(range(10), read=note, work=work, write=lambda *_: None)
    assert read == list(range(10))


@pytest.mark.parametrize("where", ["read", "work", "write"])
def test_the_first_error_ends_it_wherever_it_happens(where):
    written = []
    steps = {"read": lambda z: z, "work": lambda z: z, "write": lambda z, _: written.append(z)}
    sound = steps[where]

    def broken(z, *rest):
        if z == 3:
            raise OSError("no space left")
        return sound(z, *rest)

    with pytest.raises(OSError, match="no space left"):
        pipelined(range(50), **{**steps, where: broken})
    assert written == [0, 1, 2] or (where == "write" and len(written) <= 3 + 2 * AHEAD)
