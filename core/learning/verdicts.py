"""Why a job ended badly: a sentence of what happened, and one that says the way out."""

import errno
import signal
from collections.abc import Callable
from dataclasses import dataclass

GB = 1e9
MUCH = 0.5  # of a machine's memory: a process killed while it held more was most likely killed for it
SMALLER = "Use smaller patches or batches, a smaller network, or fewer labelled slices"
CRASHES = ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE")


@dataclass(frozen=True)
class Verdict:
    """error : what happened. hint : the way out."""

    error: str
    hint: str


@dataclass(frozen=True)
class Limits:
    """What one job may take; 0 = as much as it likes. Time stands still while a job is paused."""

    hours: float = 0.0
    memory_gb: float = 0.0

    def verdict(self, *, seconds: float, memory_bytes: float) -> Verdict | None:
        """None while the job keeps within them.

        >>> Limits(memory_gb=8).verdict(seconds=0, memory_bytes=9.1e9).error
        'The job took 9.1 GB of memory, and the limit is 8 GB.'
        """
        if self.memory_gb and memory_bytes > self.memory_gb * GB:
            took = f"The job took {memory_bytes / GB:.1f} GB of memory, and the limit is {self.memory_gb:g} GB."
            return Verdict(took, f"{SMALLER}, or raise JOB_MEMORY_LIMIT_GB.")
        if self.hours and seconds > self.hours * 3600:
            took = f"The job has run for {self.hours:g} h, and that is the limit."
            return Verdict(took, 'Press "Go on": it goes on from where it was. JOB_TIME_LIMIT_H sets the limit.')
        return None


@dataclass(frozen=True)
class Death:
    """How a process ended that had not said so itself.

    signal : its name, "" for none that is known. peak_bytes : the most memory it was seen to hold.
    machine_bytes : the memory of the machine. short : the system has killed for memory since the process began.
    last_lines : of its log.
    """

    signal: str = ""
    peak_bytes: int = 0
    machine_bytes: int = 0
    short: bool = False
    last_lines: str = ""


def of_death(death: Death) -> Verdict:
    """What a death means.

    >>> of_death(Death("SIGKILL", peak_bytes=14_000_000_000, machine_bytes=16_000_000_000)).error
    "Memory ran out: the system stopped the job when it held 14.0 of the machine's 16.0 GB."
    """
    lines = f"The log ends with: {death.last_lines or '-'}"
    if _for_memory(death):
        held = f"{death.peak_bytes / GB:.1f} of the machine's {death.machine_bytes / GB:.1f} GB"
        return Verdict(f"Memory ran out: the system stopped the job when it held {held}.", f"{SMALLER}. {lines}")
    if death.signal in CRASHES:
        return Verdict(
            f"The job's process crashed ({death.signal}), in a library that it uses.",
            f'Press "Go on" to try again from where it was; if it crashes again, the log helps. {lines}',
        )
    again = f'Press "Go on": it goes on from where it was. {lines}'
    if death.signal:
        return Verdict(f"The job's process was killed ({death.signal}) before it was done.", again)
    return Verdict("The job's process ended before it was done.", again)


def of_fault(error: BaseException) -> Verdict:
    """What an exception means that ended a job.

    >>> of_fault(MemoryError()).error
    'Memory ran out.'
    """
    for applies, verdict in _KNOWN:
        if applies(error):
            return verdict
    reason = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
    return Verdict(f"The job stopped because of a fault: {reason}.", "The log tells more.")


def signal_name(returncode: int | None) -> str:
    """
    >>> signal_name(-9), signal_name(1), signal_name(None)
    ('SIGKILL', '', '')
    """
    return signal.Signals(-returncode).name if returncode is not None and returncode < 0 else ""


def _for_memory(death: Death) -> bool:
    """Nobody else kills a process that holds so much, but a person with a terminal."""
    holds_much = death.peak_bytes > MUCH * death.machine_bytes > 0
    return death.signal in ("SIGKILL", "") and (death.short or (holds_much and death.signal == "SIGKILL"))


def _is_gpu_memory(error: BaseException) -> bool:
    """Torch is not loaded here, so its error is known by its words."""
    return "CUDA out of memory" in str(error) or "CUDA error: out of memory" in str(error)


def _is_gpu(error: BaseException) -> bool:
    return "CUDA error" in str(error) or "CUDA driver" in str(error) or "cuDNN error" in str(error)


def _is_full_disk(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "allocate memory" in str(error)


_KNOWN: tuple[tuple[Callable[[BaseException], bool], Verdict], ...] = (
    (
        _is_gpu_memory,
        Verdict("The GPU's memory ran out.", f"{SMALLER}; see in Infrastructure whether another program holds it."),
    ),
    (
        _is_gpu,
        Verdict(
            "The GPU failed.",
            'Press "Go on" to try again; if it fails again, restart its driver, or set JOB_DEVICE=cpu.',
        ),
    ),
    (_is_full_disk, Verdict("The disk is full.", 'Free some space, then press "Go on": what is done stays.')),
    (_is_memory, Verdict("Memory ran out.", f"{SMALLER}.")),
)
