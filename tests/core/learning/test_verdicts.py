"""What a person reads when a job ended badly."""

import errno

import pytest

from core.learning.verdicts import Death, Limits, of_death, of_fault

GB = 10**9


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ..."), "The GPU's memory ran out."),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "The GPU failed."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 12 bytes"), "Memory ran out."),
        (MemoryError(), "Memory ran out."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (ZeroDivisionError("by zero"), "The job stopped because of a fault: ZeroDivisionError: by zero."),
    ],
)
def test_faults_are_told_in_plain_words_with_a_way_out(error, said):
    verdict = of_fault(error)
    assert verdict.error == said
    assert verdict.hint


@pytest.mark.parametrize(
    ("death", "said"),
    [
        (Death("SIGKILL", 9 * GB, 16 * GB), "Memory ran out"),
        (Death("SIGKILL", 1 * GB, 16 * GB, short=True), "Memory ran out"),
        (Death("", 1 * GB, 16 * GB, short=True), "Memory ran out"),
        (Death("SIGKILL", 1 * GB, 16 * GB), "was killed (SIGKILL)"),
        (Death("SIGTERM", 9 * GB, 16 * GB, short=True), "was killed (SIGTERM)"),
        (Death("SIGSEGV", 9 * GB, 16 * GB), "crashed (SIGSEGV)"),
        (Death(), "ended before it was done"),
    ],
)
def test_a_death_is_told_from_the_others(death, said):
    assert said in of_death(death).error


def test_limits_of_zero_are_none():
    assert Limits().verdict(seconds=1e9, memory_bytes=1e15) is None
    assert Limits(hours=2).verdict(seconds=7100, memory_bytes=1e15) is None
    assert "2 h" in Limits(hours=2).verdict(seconds=7300, memory_bytes=0).error
