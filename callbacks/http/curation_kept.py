"""What a model makes of a table as it stands now, and the parts in which that is kept over a restart."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from callbacks.http.curation_looks import Source
from core.learning.curation.embeddings import Scale
from core.learning.curation.encoders import TunedEncoder
from core.learning.curation.memory import Kept
from core.learning.curation.pool import Points
from core.learning.curation.runs import Run
from core.learning.curation.table import Chances, LabelTable

if TYPE_CHECKING:
    from core.learning.curation.learned import Learned

POINTS, COMPARISON, PROBES, TUNED = "points", "comparison", "probes", "tuned"
MOST_PROBES = 12  # ways of seeing that are remembered
HALF = "half"  # of the items, while they are being looked at
ARRANGING, TUNING, PROBING = "arranging", "tuning", "probing"  # stages: a map, an encoder, scores of a way of seeing
BUSY = ("looking", "learning", "comparing", ARRANGING, TUNING, PROBING)


@dataclass(frozen=True)
class Model:
    """stage : "none", "seen", "ready", "failed" or one of `BUSY`.

    source : what items were seen by. points : (n, d), chances : (n, C), in table order. scale : of the points; None
    where they come from a file. maps : layouts of the points by their way. runs : all that was learned, oldest first.
    open : number of the run whose answers count. comparison : of strategies, as JSON; empty before there is one.
    probes : the newest of each way of seeing, as JSON. tuned : the encoder that labels of the table have changed, with
    what it was made of.
    """

    stage: str = "none"
    done: int = 0
    total: int = 0
    said: str = ""
    hint: str = ""
    source: Source = field(default_factory=Source)
    points: Points | None = None
    scale: Scale | None = None
    maps: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    chances: Chances | None = None
    runs: tuple[Run, ...] = ()
    open: int = 0
    comparison: Mapping[str, Any] = field(default_factory=dict)
    probes: tuple[Mapping[str, Any], ...] = ()
    tuned: tuple[Source, TunedEncoder] | None = None

    @property
    def encoder(self) -> TunedEncoder | None:
        """The tuned one."""
        return self.tuned[1] if self.tuned else None

    @property
    def rest(self) -> str:
        """The stage in which nothing is under way, once items were looked at."""
        return "ready" if self.run else "seen"

    @property
    def is_busy(self) -> bool:
        return self.stage in BUSY

    @property
    def run(self) -> Run | None:
        """The one whose answers count."""
        return next((run for run in self.runs if run.number == self.open), None)

    def chances_of(self, labels: LabelTable) -> Chances | None:
        """What the heads say; NaN of classes that have been added since."""
        if self.chances is None:
            return None
        added = len(labels.classes) - self.chances.shape[1]
        return np.pad(self.chances, ((0, 0), (0, added)), constant_values=np.nan)


def part_of(number: int) -> str:
    """The name under which a run is kept."""
    return f"run-{number}"


def kept_run(run: Run, learned: "Learned") -> Kept:
    """Its answers, and the arrays of what gives them."""
    facts = {"run": asdict(run), "model": learned.model.facts() if learned.model else None}
    arrays = learned.model.arrays() if learned.model else {}
    return Kept(facts, {"chances": learned.chances} | arrays)


def probed(model: Model, labels: LabelTable, points: Points) -> tuple[Mapping[str, Any], ...]:
    """The probes of a model and a new one of how it sees now. Raises NotEnoughLabelsError."""
    from core.learning.curation.probe import probe  # late: scikit-learn takes a second

    words, held_out = model.source.words, bool(labels.testing.any())
    scores = {name: score.told() for name, score in probe(labels, points).items()}
    others = [each for each in model.probes if each["seen_by"] != words]
    return *others[1 - MOST_PROBES :], {"seen_by": words, "held_out": held_out, "scores": scores}


def kept_encoder(source: Source, tuned: TunedEncoder) -> Kept:
    """What `tuned_of` reads."""
    return Kept({"id": tuned.id, "source": asdict(source), "encoder": tuned.facts}, tuned.weights)


def tuned_of(kept: Kept | None) -> tuple[Source, TunedEncoder] | None:
    """None where it cannot be read."""
    if kept is None:
        return None
    return Source(**kept.facts["source"]), TunedEncoder(kept.facts["id"], kept.facts["encoder"], kept.arrays)


def remembered(facts: Mapping[str, Mapping[str, Any]], read: Callable[[str], Kept | None]) -> Model:
    """What an earlier process has made of a table. facts : of all parts; read : gives one of them with its arrays."""
    runs = sorted((Run(**each["run"]) for each in facts.values() if "run" in each), key=lambda run: run.number)
    newest = max(runs, key=lambda run: run.opened, default=None)
    opened = read(part_of(newest.number)) if newest and newest.opened else None
    seen = read(POINTS) if POINTS in facts else None
    source = Source(**facts[HALF]) if HALF in facts else Source()
    comparison = facts.get(COMPARISON, {}).get(COMPARISON, {})
    probes = tuple(facts.get(PROBES, {}).get(PROBES, ()))
    tuned = tuned_of(read(TUNED)) if TUNED in facts else None
    model = Model(source=source, runs=tuple(runs), comparison=comparison, probes=probes, tuned=tuned)
    if seen is not None:
        scale = Scale(seen.arrays["mean"], seen.arrays["deviation"]) if "mean" in seen.arrays else None
        model = replace(model, stage="seen", source=Source(**seen.facts), points=seen.arrays["points"], scale=scale)
    if newest is not None and opened is not None:
        model = replace(model, stage="ready", chances=opened.arrays["chances"], open=newest.number)
    return model
