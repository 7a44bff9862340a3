"""What a model makes of a table: an embedding of each item, heads that learn from its tags, and how good they are.

It is made by a thread. What has been made is kept (`core/learning/curation/memory.py`), so that a restart of the app
costs nothing but what was under way.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from callbacks.http.curation_kept import (
    ARRANGING,
    COMPARISON,
    HALF,
    POINTS,
    PROBES,
    PROBING,
    TUNED,
    TUNING,
    Model,
    kept_encoder,
    kept_run,
    part_of,
    probed,
)
from callbacks.http.curation_looks import ENCODER, FILE, Source, Spot, offer_of, parts_of, tuned_by
from callbacks.http.curation_states import ModelStates
from core.errors import InvalidInputError, NotFoundError
from core.images.pictures import Bounds
from core.learning.curation.embeddings import SLOW, Scale, check_layout, layout, read_points, standardised
from core.learning.curation.encoders import PLAIN, Tuning, View
from core.learning.curation.kept import label_table
from core.learning.curation.memory import Kept
from core.learning.curation.pool import Points
from core.learning.curation.runs import MOST, Run, best
from core.learning.curation.store import Row, Table

if TYPE_CHECKING:
    from core.learning.curation.learned import Choice, Learned

HALF_EACH = 500  # items; what was looked at so far is kept, should the app be ended meanwhile
MOST_NUMBERS = 64 << 20  # of all items, a quarter of a GiB
SEEDS = 2  # of a comparison of strategies; a minute on two cores


class Models(ModelStates):
    """What can be done with the model of a table."""

    def train(self, table: str, choice: "Choice", *, tries: int = 1) -> None:
        """Begin to look at the items, if that has not been done, and to learn from their tags. Raises AppError.

        tries : more than one draws as many choices at random and keeps the best of them.
        """
        choice.check_sees(grid=self.of(table).source.is_grid)
        self._begin(table, self._counted(table), lambda: self._learn(table, choice, tries))

    def compare(self, table: str, name: str) -> None:
        """Begin to find out what each strategy would have been worth for a class. Raises AppError."""
        self._begin(table, self._counted(table), lambda: self._compare(table, name))

    def look(self, table: str) -> None:
        """Begin to look at the items, unless that has been done or goes on. Raises AppError."""
        count = self._counted(table)
        if self.of(table).points is None:
            self._begin(table, count, lambda: self._see(table))

    def see_by(self, table: str, encoder: str, view: View = PLAIN) -> None:
        """Look at the items anew: by the encoder of a model, or by pixels where its id is empty. Raises AppError.

        encoder : `TUNED` for the one that labels of the table have changed.
        """
        count = self._counted(table)
        source = self._source(table, encoder, view) if encoder else Source()
        self._seen_anew(table, replace(self._unseen(table), source=source))
        self._begin(table, count, lambda: self._see(table))

    def _source(self, table: str, encoder: str, view: View) -> Source:
        tuned = self.of(table).tuned
        if encoder == TUNED and tuned is not None:
            return replace(tuned[0], **asdict(view))
        return Source(ENCODER, encoder, offer_of(self._services, encoder).name, **asdict(view))

    def tune(self, table: str, choice: "Choice", tuning: Tuning) -> None:
        """Begin to change the encoder by the labels, to look by it, and to learn. Raises AppError."""
        if self.of(table).source.kind != ENCODER:
            raise InvalidInputError("The items are not seen by an encoder.", "Choose one, then tune it.")
        choice.check_sees(grid=self.of(table).source.is_grid)
        self._counted(table)
        self._begin(table, tuning.epochs, lambda: self._tune(table, choice, tuning), stage=TUNING)

    def probe(self, table: str) -> None:
        """Begin to find out how well a linear model tells the labels apart by what is seen. Raises AppError."""
        self._begin(table, self._counted(table), lambda: self._probe(table))

    def use_file(self, table: str, data: BinaryIO, name: str) -> None:
        """Embeddings from a .npy file in place of our own. Raises InvalidInputError where it does not fit."""
        points = standardised(read_points(data, self._counted(table), name=name))
        source = Source(FILE, name=name)
        stage = self.of(table).rest
        self._seen_anew(table, replace(self._unseen(table), stage=stage, points=points, source=source))
        self._keep_points(table)

    def open_run(self, table: str, number: int) -> None:
        """Put the answers of an earlier run to use again. Raises NotFoundError, InvalidInputError."""
        self._check_idle(table)
        self._open(table, number)

    def _open(self, table: str, number: int) -> None:
        run = next((each for each in self.of(table).runs if each.number == number), None)
        kept = self._memory.read(table, part_of(number)) if run else None
        if run is None or kept is None:
            raise NotFoundError(f"Run {number} is gone.", "Choose another one.")
        opened = replace(run, opened=time.time())
        self._memory.keep(table, part_of(number), Kept({**kept.facts, "run": asdict(opened)}, kept.arrays))
        runs = tuple(opened if each.number == number else each for each in self.of(table).runs)
        self._change(table, stage="ready", chances=kept.arrays["chances"], runs=runs, open=number)

    def arrange(self, table: str, way: str) -> bool:
        """Make a map of the items that were looked at; whether it is there already. Raises InvalidInputError."""
        model = self.of(table)
        check_layout(way)
        if way not in model.maps and way in SLOW:
            self._begin(table, 0, lambda: self._arrange(table, way), stage=ARRANGING)
        elif way not in model.maps:
            self._lay_out(table, way)
        return way in self.of(table).maps

    def _arrange(self, table: str, way: str) -> None:
        self._lay_out(table, way)
        self._change(table, stage=self.of(table).rest)

    def _lay_out(self, table: str, way: str) -> None:
        points = self.of(table).points
        assert points is not None, "looked at before"
        self._change(table, maps={**self.of(table).maps, way: layout(points, way)})

    def places(self, table: str, volume: str, z: int, parts: Sequence[Bounds | None]) -> Points:
        """(k, d) of parts of a slice, on the scale of the table's items. Raises AppError."""
        model = self.of(table)
        if model.scale is None:
            raise InvalidInputError("The features of this table come from a file.", "Choose one of its pictures.")
        spots = [(volume, z, part) for part in parts]
        return model.scale.apply(np.concatenate(list(parts_of(self._services, model.source, spots, model.encoder))))

    def _unseen(self, table: str) -> Model:
        """What stays when items are looked at in another way: what was said of them counts until it learns anew."""
        return replace(self.of(table), stage="none", points=None, scale=None, maps={})

    def _seen_anew(self, table: str, model: Model) -> None:
        with self._lock:
            self._check_idle(table)
            self._replace_seen(table, model)

    def _replace_seen(self, table: str, model: Model) -> None:
        self._models[table] = model
        for part in (POINTS, HALF):
            self._memory.forget(table, part)

    def _see(self, table: str) -> None:
        self._points(table)
        self._change(table, stage=self.of(table).rest)

    def _points(self, table: str) -> Points:
        """Of all items, made when they are first wanted."""
        model = self.of(table)
        if model.points is not None:
            return model.points
        looked = np.concatenate(list(self._looked(table, model.source, self._spots(table))))
        scale = Scale.of(looked)
        points = scale.apply(looked)
        self._change(table, points=points, scale=scale, maps={})
        self._keep_points(table)
        self._memory.forget(table, HALF)
        return points

    def _looked(self, table: str, source: Source, spots: Sequence[Spot]) -> Iterator[Points]:
        """All parts, those first that an earlier process had looked at before it was ended."""
        half = self._memory.read(table, HALF)
        found = [half.arrays["looked"]] if half and Source(**half.facts) == source else []
        done = sum(map(len, found))
        for part in parts_of(self._services, source, spots[done:], self.of(table).encoder):
            _check_room(len(spots) * part.shape[1], source)
            found.append(part)
            if (done + len(part)) // HALF_EACH > done // HALF_EACH:
                self._memory.keep(table, HALF, Kept(asdict(source), {"looked": np.concatenate(found)}))
            done += len(part)
            self._change(table, done=done)
        yield from found

    def _learn(self, table: str, choice: "Choice", tries: int) -> None:
        from core.learning.curation.learned import choices, learn  # late: scikit-learn takes a second

        points = self._points(table)
        self._change(table, stage="learning", done=0, total=tries)
        facts, rows = self._services.curation.table(table), self._services.curation.rows(table)
        labels = label_table(facts, rows)
        tried = []
        for done, each in enumerate(choices(labels, choice, tries)):
            self._change(table, done=done)
            tried.append(self._add_run(table, facts, rows, each, learn(labels, points, each)))
        self._open(table, best(tried).number)

    def _tune(self, table: str, choice: "Choice", tuning: Tuning) -> None:
        """The labels are learned from what the new encoder sees."""
        model, spots = self.of(table), self._spots(table)
        told = partial(self._tell, table)
        found = tuned_by(self._services, model.source, spots, self._labels(table), tuning, model.encoder, told)
        source = replace(model.source, tuned=True)
        self._memory.keep(table, TUNED, kept_encoder(source, found))
        unseen = replace(self._unseen(table), source=source, tuned=(source, found))
        self._replace_seen(table, replace(unseen, stage="looking", done=0, total=len(spots)))
        self._learn(table, choice, 1)

    def _probe(self, table: str) -> None:
        points = self._points(table)
        self._change(table, stage=PROBING)
        probes = probed(self.of(table), self._labels(table), points)
        self._memory.keep(table, PROBES, Kept({PROBES: probes}))
        self._change(table, stage=self.of(table).rest, probes=probes)

    def _compare(self, table: str, name: str) -> None:
        from core.learning.curation.simulation import STRATEGIES, compared, told  # late: scikit-learn takes a second

        points = self._points(table)
        self._change(table, stage="comparing", done=0, total=SEEDS * len(STRATEGIES))
        labels = self._labels(table)
        curves: dict[str, list[Mapping[str, float]]] = {}
        for done, (strategy, _, curve) in enumerate(compared(labels, points, name, seeds=SEEDS), start=1):
            curves.setdefault(strategy, []).append(curve)
            self._change(table, done=done)
        comparison = {"class": name, "seeds": SEEDS, "strategies": told(curves)}
        self._memory.keep(table, COMPARISON, Kept({COMPARISON: comparison}))
        self._change(table, stage=self.of(table).rest, comparison=comparison)

    def _add_run(self, table: str, facts: Table, rows: Sequence[Row], choice: "Choice", learned: "Learned") -> Run:
        """Keep what was learned; its answers count once it is opened."""
        model = self.of(table)
        tags = sum(value in (0, 1) for row in rows for value in row.values.values())
        number = max((each.number for each in model.runs), default=0) + 1
        run = Run(
            number, time.time(), 0.0, model.source.words, choice.told(), facts.classes, tags, facts.revision,
            learned.scores, learned.pairs, asdict(learned.losses), learned.parameters, learned.model is not None,
        )  # fmt: skip
        self._memory.keep(table, part_of(number), kept_run(run, learned))
        self._change(table, runs=(*self._bounded(table, model), run))
        return run

    def _bounded(self, table: str, model: Model) -> tuple[Run, ...]:
        """Room for one more: the oldest goes, but never the one whose answers count."""
        others = [each for each in model.runs if each.number != model.open]
        gone = others[: max(len(model.runs) + 1 - MOST, 0)]
        for old in gone:
            self._memory.forget(table, part_of(old.number))
        return tuple(each for each in model.runs if each not in gone)

    def _keep_points(self, table: str) -> None:
        model = self.of(table)
        assert model.points is not None, "made before"
        scale = {"mean": model.scale.mean, "deviation": model.scale.deviation} if model.scale else {}
        self._memory.keep(table, POINTS, Kept(asdict(model.source), {"points": model.points} | scale))


def _check_room(numbers: int, source: Source) -> None:
    if numbers > MOST_NUMBERS:
        told = f"{numbers:,} numbers of all items are too many to keep; {source.words} finds so many."
        raise InvalidInputError(told, "Choose deeper levels or another pooling.")
