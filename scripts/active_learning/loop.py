"""The loop of active learning on the command line: seed, train, choose, ask, and again; `session.py` keeps it all."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import NotEnoughLabelsError, NotFoundError
from core.learning.curation.embeddings import Index, seed_rows, unique
from core.learning.curation.filters import Filters
from core.learning.curation.pool import Pool
from core.learning.curation.sampling import draw, draw_varied
from core.learning.curation.table import LabelTable, Rows
from core.learning.segmenter import Report
from scripts.active_learning.images import ImageFolder
from scripts.active_learning.labellers import Answers, Labeller
from scripts.active_learning.learner import Learner, Points
from scripts.active_learning.reports import Step, metrics_row, split, write_metrics, write_probabilities
from scripts.active_learning.session import Session, State, purpose_of
from scripts.active_learning.settings import ModelSettings, PipelineSettings

VALIDATION = 0.2  # of what is labelled is kept to test on
LATER = PipelineSettings("", "")  # options that may change while a session goes on


@dataclass
class Loop:
    """Seed, train, choose, ask, again. What it knows is written after every act."""

    settings: PipelineSettings
    learner: Learner
    labeller: Labeller
    session: Session
    table: LabelTable
    state: State
    points: Points

    @classmethod
    def of(cls, settings: PipelineSettings, model: ModelSettings, labeller: Labeller, report: Report) -> "Loop":
        """A new session, or the one that the runtime folder holds. Raises what its parts raise."""
        folder = ImageFolder(Path(settings.data_path))
        learner = Learner(folder, settings, model, report)
        if learner.encoder is not None:
            folder = replace(folder, channels=learner.encoder.channels)
            learner = Learner(folder, settings, model, learner.report)
        session = Session(Path(settings.runtime_path), purpose_of(lasting(settings), model))
        table, state = session.load() if session.exists() else (_new_table(folder, settings), State())
        points = session.points()
        if points is None or len(points) != len(table):
            session.save(table, state)
            points = learner.embed(table)
            session.keep_points(points)
        return cls(settings, learner, labeller, session, table, state, points)

    def run(self) -> dict[str, Any]:
        """To the end; returns what the last line says."""
        self._answer()
        while self.settings.seed_nn and self.state.seeded < len(self.settings.seed_rounds):
            self._seed()
            self._answer()
        model = None
        for mode in self.settings.steps[self.state.step :]:
            model = self._step(mode)
            self._answer()
        return self._finish(model)

    def _seed(self) -> None:
        """Neighbours of the reference, later of every positive found, and some at random."""
        round_number = self.state.seeded
        wanted, pool = self.settings.seed_rounds[round_number], self._pool()
        found = seed_rows(
            Index(self.points), self._references(), wanted, among=pool.among, seed=self._seed_of(round_number)
        )
        self._queue(found, seeded=round_number + 1)

    def _references(self) -> Points:
        if self.state.seeded == 0 or not (self.table.tags[:, 0] == 1).any():
            path = Path(self.settings.ref_img_path)
            if not path.is_file():
                raise NotFoundError(f"The reference image {path} does not exist.", "Name one as ref_img_path.")
            return self.learner.image_points(path, self.table, self.points)[None]
        return self.points[self.table.tags[:, 0] == 1]

    def _step(self, mode: str) -> Any:
        """Train, predict, report, choose."""
        started = time.monotonic()
        model, chances, self.points = self.learner.step(self.table, self.points, mode)
        minutes = (time.monotonic() - started) / 60
        self.session.keep_points(self.points)
        self.table = self.table.with_chances(chances)
        pool = self._pool()
        among = np.flatnonzero(pool.among).tolist()
        step = Step(self.state.step + 1, mode, minutes, among)
        self._report(step)
        self.learner.save(model, self.session.folder / "model")
        chosen = self._chosen(pool) if step.number < len(self.settings.steps) else np.array([], np.intp)
        self._queue(chosen, step=step.number)
        return model

    def _chosen(self, pool: Pool) -> Rows:
        asked, seed = self.settings, self._seed_of(1000 + self.state.step)
        if asked.diversity_sampling:
            chosen = draw_varied(pool, asked.sampling_strategy, asked.diversity_sampling, asked.sample_size, seed=seed)
        else:
            chosen = draw(pool, asked.sampling_strategy, asked.sample_size, seed=seed)
        if asked.sampling_nn:
            near = Index(self.points).around(chosen, asked.n_closest, among=pool.among)
            chosen = unique(np.concatenate([chosen, near]))
        return chosen

    def _report(self, step: Step) -> None:
        """The rows of both reports; the files when they are wished for."""
        asked, said = self.settings, self.table.chances
        assert said is not None, "a step has just been trained"
        probabilities = {self.table.items[row].id: float(said[row, 0]) for row in step.pool}
        row = metrics_row(self.table, self.state, step, asked.pos_class)
        self.state = replace(
            self.state, rows=(*self.state.rows, row), probabilities=(*self.state.probabilities, probabilities)
        )
        if asked.metrics:
            where = self.session.folder
            write_metrics(Path(asked.metric_csv_path or where / "metrics.csv"), self.state.rows)
            path = Path(asked.prob_csv_path or where / "probabilities.csv")
            write_probabilities(path, self.table, self.state.probabilities)

    def _queue(self, rows: Rows, **done: int) -> None:
        ids = tuple(self.table.items[row].id for row in rows)
        self.state = replace(self.state, queue=ids, **done)
        self.session.save(self.table, self.state)

    def _answer(self) -> None:
        """Ask what waits, and keep the answers."""
        if not self.state.queue:
            return
        items = [self.table.items[row] for row in self.table.rows(self.state.queue)]
        answers = self.labeller.ask(items)
        self.table = labelled(self.table, answers, seed=self._seed_of(2000 + self.state.step))
        said = list(answers.values())
        unsure = tuple(name for name, value in answers.items() if value is None)
        self.state = replace(
            self.state, queue=(), unsure=(*self.state.unsure, *unsure), labelled=(said.count(1), said.count(0))
        )
        self.session.save(self.table, self.state)

    def _pool(self) -> Pool:
        """Images without a tag; what people could not tell is not asked again."""
        pool = Pool.of(self.table, Filters(), self.points)
        among = pool.among.copy()
        among[self.table.rows(self.state.unsure)] = False
        return replace(pool, among=among)

    def _finish(self, model: Any) -> dict[str, Any]:
        where = Path(self.settings.final_dataset_path or self.session.folder / "final_dataset")
        if model is None and self.table.chances is None:
            raise NotEnoughLabelsError("Nothing was trained.", "Give steps, for example steps: lll.")
        counts = split(self.table, self.state.unsure, where, copies=self.settings.final_dataset_as == "copies")
        labels = self.table.counts()[self.settings.pos_class]
        asked = labels.positive + labels.negative + labels.validation_positive + labels.validation_negative
        return {"labelled": asked, "final": counts, "model": str(self.session.folder / "model"), "out": str(where)}

    def _seed_of(self, act: int) -> int:
        """The same for the same act of the same settings, also after an interruption."""
        return self.settings.seed * 10_000 + act


def labelled(table: LabelTable, answers: Answers, *, seed: int) -> LabelTable:
    """The answers as tags; a fifth of each kind is held out at once and stays so, whatever is trained later."""
    name, rng = table.classes[0], np.random.default_rng(seed)
    for value in (1, 0):
        new = table.rows([key for key, said in answers.items() if said == value])
        table = table.tagged(new, name, value)
        all_of = (table.tags[:, 0] == value) & ~table.exclude
        wanted = round(VALIDATION * int(all_of.sum())) - int((all_of & table.validation).sum())
        table = table.held_out(rng.permutation(new)[: max(wanted, 0)])
    return table


def _new_table(folder: ImageFolder, settings: PipelineSettings) -> LabelTable:
    table = LabelTable.of(folder.items(), [settings.pos_class])
    if settings.seed_nn:
        return table
    return _with_seeds(table, Path(settings.seed_data_path), settings)


def _with_seeds(table: LabelTable, where: Path, settings: PipelineSettings) -> LabelTable:
    """Images of where/positive and where/negative with their tags; those of the same name are not asked about again."""
    answers: dict[str, int | None] = {}
    asked = {Path(item.id).name: item.id for item in table.items}
    for value, name in ((1, "positive"), (0, "negative")):
        seeds = {Path(item.id).name: item for item in ImageFolder(where / name).items()}
        new = [replace(item, id=f"seed/{name}/{item.id}") for key, item in seeds.items() if key not in asked]
        table = table.with_items(new)
        answers |= dict.fromkeys([*(asked[key] for key in seeds if key in asked), *(item.id for item in new)], value)
    return labelled(table, answers, seed=settings.seed)


def lasting(settings: PipelineSettings) -> PipelineSettings:
    """What a session is about: all but the options that may change while it goes on, such as the number of steps."""
    changing = ("verbose", "device", "steps", "metrics", "final_dataset_path", "final_dataset_as")
    return replace(settings, **{name: getattr(LATER, name) for name in changing})
