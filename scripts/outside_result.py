"""What a program that is not ours writes to Tiled, on its way to the page: slice by slice where the program says so."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import AppError
from core.images.volumes import VolumeSource
from scripts.job_run import JobRun
from scripts.job_slices import facts_of_result, results_of


@dataclass
class OutsideResult:
    """The result of a job. there : the slices it has room for, once the page can read it; empty before."""

    run: JobRun
    volume: VolumeSource
    there: tuple[int, ...] = ()

    @property
    def fraction(self) -> float:
        """How much of it is done."""
        return len(self.run.done) / max(1, len(self.there))

    def adopt(self, *, unfinished: bool = False) -> tuple[int, ...]:
        """Give the result the facts that the page needs, and return its slices; errors as of `TiledResults.adopt`."""
        facts, shape = facts_of_result(self.run, self.run.request.classes), self.volume.info.shape
        self.there = results_of(self.run).adopt(self.run.id, facts, shape=shape, unfinished=unfinished)
        return self.there

    def show(self, slices: Sequence[int]) -> list[int]:
        """Those of `slices`, which the program says are done, that the page can read from now on.

        What cannot be shown yet is for the log: the end of the program decides whether the result is one.
        """
        if slices and not self.there:
            try:
                self.adopt(unfinished=True)
            except AppError as error:
                print(f"Slices that are done cannot be shown yet: {error}", flush=True)
        return [z for z in slices if z in self.there]
