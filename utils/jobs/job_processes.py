"""The processes of jobs: started with what belongs to their slot, told from all others, measured, stopped, ended.

A worker and all that it starts carry a mark in the environment, so that none is overlooked when the job ends, whatever
group or session it has put itself into: the id of the job, or what a spare worker was marked with before it had one.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from utils.jobs.job_marks import MARK
from utils.jobs.spare_worker import Order, SpareWorker, Taken

CLOCK_SHIFT_S = 2.0  # start times follow the clock of the machine, which is set right now and then
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)
DEVICES = ("CUDA_VISIBLE_DEVICES",)  # a spare worker is told them with its job: slots differ in nothing else
VMSTAT = Path("/proc/vmstat")


@dataclass(frozen=True)
class WorkerProcess:
    """A process that cannot be mistaken for a later one with the same number.

    started : POSIX seconds. slot : which of the places of the machine it works in.
    begun : when it got its job, POSIX seconds; 0: when it was started. mark : in its environment, "" = the job's id.
    """

    pid: int
    started: float
    slot: int = 0
    begun: float = 0.0
    mark: str = ""

    @classmethod
    def of(cls, pid: int, *, slot: int = 0, mark: str = "") -> "WorkerProcess":
        """A process that gets a job at this moment."""
        return cls(pid, psutil.Process(pid).create_time(), slot, time.time(), mark)

    def alive(self) -> bool:
        return self._status() not in (None, psutil.STATUS_ZOMBIE)

    def paused(self) -> bool:
        """Whether it was stopped, and could go on."""
        return self._status() == psutil.STATUS_STOPPED

    def before_restart(self) -> bool:
        """Whether the machine has been started since; then nobody is to blame that the process is gone."""
        return self.started < psutil.boot_time()

    def signal_group(self, number: int) -> None:
        """Send a signal to the process and all it started; no effect when it is gone."""
        if self.alive():
            os.killpg(self.pid, number)

    def memory_bytes(self) -> int:
        """What it and its children hold at the moment."""
        try:
            parent = psutil.Process(self.pid)
            return sum(_resident(each) for each in (parent, *parent.children(recursive=True)))
        except psutil.NoSuchProcess:
            return 0

    def _status(self) -> str | None:
        """None when it is gone, or another process has its number."""
        try:
            process = psutil.Process(self.pid)
            is_same = abs(process.create_time() - self.started) < CLOCK_SHIFT_S
            return str(process.status()) if is_same else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True)
class Workshop:
    """Where and with what workers are started.

    commands : by task name, what runs a parameter file. environment : carries the keys. slots : jobs at the same time.
    gpus : asks for their names as CUDA_VISIBLE_DEVICES takes them; slots share them out in turn.
    spare : a worker that is ready before its job; without one each job waits for its imports.
    """

    commands: Mapping[str, Sequence[str]]
    environment: Mapping[str, str]
    folder: Path
    slots: int = 1
    gpus: Callable[[], Sequence[str]] = tuple
    spare: SpareWorker | None = None

    def start(self, task: str, parameters: Path, *, job_id: str, log: Path, slot: int) -> Taken:
        """A worker in a session of its own, at work. Raises OSError."""
        own = self.environment_of(slot)
        devices = {name: own[name] for name in DEVICES if name in own}
        taken = self.spare.take(Order(task, str(parameters), str(log), devices)) if self.spare is not None else None
        return taken or self._started(task, parameters, {**own, MARK: job_id}, log)

    def _started(self, task: str, parameters: Path, environment: Mapping[str, str], log: Path) -> Taken:
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*self.commands[task], str(parameters)],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Taken(process, environment[MARK])

    def keep_spare(self) -> None:
        """Have a worker ready for the next job, where that is wished."""
        if self.spare is not None:
            self.spare.keep()

    def end_spare(self) -> None:
        if self.spare is not None:
            self.spare.close()

    def environment_of(self, slot: int) -> dict[str, str]:
        """One GPU and a fair share of the cores; what the environment says already is left."""
        threads = str(max(1, len(os.sched_getaffinity(0)) // self.slots))
        own = {**dict.fromkeys(THREADS, threads), **self.environment}
        gpus = self.gpus()
        return {**own, "CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)]} if gpus else own


@dataclass
class Watch:
    """What was seen of a worker since this supervisor looks after it; `look` renews it."""

    process: WorkerProcess
    ran_s: float
    memory_bytes: int = 0
    peak_bytes: int = 0
    _kills: int = 0
    _looked: float = field(default_factory=time.monotonic)

    @classmethod
    def over(cls, process: WorkerProcess) -> "Watch":
        """Of a worker that may have been started by an earlier supervisor."""
        began = process.begun or process.started
        return cls(process, ran_s=max(0.0, time.time() - began), _kills=memory_kills())

    def look(self, *, every_s: float) -> bool:
        """Measure again, when it was not done for a while."""
        now = time.monotonic()
        if now - self._looked < every_s:
            return False
        self.ran_s += 0.0 if self.process.paused() else now - self._looked
        self._looked = now
        self.memory_bytes = self.process.memory_bytes()
        self.peak_bytes = max(self.peak_bytes, self.memory_bytes)
        return True

    @property
    def memory_was_short(self) -> bool:
        """Whether the system has killed some process for memory since."""
        return memory_kills() > self._kills


def end_all_of(mark: str) -> None:
    """Kill what a job has left behind."""
    for process in processes_of(mark):
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue


def processes_of(mark: str) -> Iterator[psutil.Process]:
    """All processes, but zombies, that carry the mark."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                yield process
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue


def memory_kills() -> int:
    """How many processes this machine's kernel has killed because memory ran out; 0 where it does not say."""
    try:
        counts = dict(line.split() for line in VMSTAT.read_text().splitlines())
    except OSError:
        return 0
    return int(counts.get("oom_kill", 0))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
