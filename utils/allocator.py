"""Memory that is freed stays with the process, for those whose work is to fill and free the same large arrays.

By default glibc hands every freed array above some megabytes back to the system, which must blank its pages when the
next one of the same size is wanted: a third of the time of a network's prediction on a processor. Kept, the pages are
taken again as they are. The most memory a process ever holds grows by a tenth to a sixth (docs/speed-jobs.md); it goes
back when the process ends, so this is for jobs and commands, not for the app.
"""

import ctypes

# <malloc.h>: names and numbers are part of glibc's interface
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
CHOICES = {
    MMAP_MAX: 0,  # large arrays come from the same heap as small ones, not from mappings of their own
    TRIM_THRESHOLD: 2**31 - 1,  # bytes; a heap that has less to give keeps it
    TOP_PAD: 64 << 20,  # bytes that the heap grows by at least
}


def keep_freed_memory() -> bool:
    """From now on keep what is freed; False where the C library has no such choice. No result changes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(name, value) for name, value in CHOICES.items())
