"""Which items to label next: every sort of patchwork and every strategy of Active-Labeler, by name.

`draw` takes a pool (a table, the rows that may be drawn, perhaps embeddings), a name and a number. A name may carry a
class, as in "high: pore". What rests on a model or on embeddings is refused, with a reason, while there are none:
`refusal`. The same seed draws the same rows.
"""

import numpy as np

from core.errors import InvalidInputError
from core.learning.curation import doubt
from core.learning.curation.doubt import Floats
from core.learning.curation.pool import Pool, Question
from core.learning.curation.strategies import (
    ALIASES,
    OF_CLASSES,
    ONLY_OF_CLASSES,
    STRATEGIES,
    VARIED,
    Strategy,
    at_random,
)
from core.learning.curation.table import Bools, LabelTable, Rows

NO_MODEL = "No model has been trained yet. Train one, or choose random."
NO_POINTS = "There are no embeddings yet. Make them, or choose random."


def draw(pool: Pool, name: str, count: int, *, seed: int = 0) -> Rows:
    """Up to `count` rows of the pool, none twice, in the order to label them.

    Parameters
    ----------
    name : of `STRATEGIES`, also as others spell it, or "name: class".

    Raises
    ------
    InvalidInputError
        If there is no such name, or what it needs is missing.
    NotFoundError
        If there is no such class.
    """
    strategy, named = find(name, pool.table)
    if told := refusal(pool, name):
        raise InvalidInputError(f"{name!r} cannot choose yet.", told)
    rows = np.flatnonzero(pool.among & _judged(pool.table, named) if strategy.model else pool.among)
    if not len(rows) or count < 1:
        return np.array([], np.intp)
    return strategy.pick(Question(pool, rows, count, seed, named))


def refusal(pool: Pool, name: str) -> str:
    """Why a strategy cannot choose from this pool, in a sentence; empty when it can."""
    strategy, _ = find(name, pool.table)
    if strategy.model and pool.table.chances is None:
        return NO_MODEL
    return NO_POINTS if strategy.points and pool.points is None else ""


def find(name: str, table: LabelTable) -> tuple[Strategy, int | None]:
    """A strategy by its name, and the column of the class it is asked of. Raises InvalidInputError, NotFoundError."""
    if known := STRATEGIES.get(plain(name)):
        return known, None
    for separator in (": ", " "):
        kind, _, of = name.partition(separator)
        known = STRATEGIES.get(plain(kind))
        if of and known and known.one_class:
            return known, table.place(of)
    raise InvalidInputError(f"There is no strategy {name!r}.", f"Use {', '.join(STRATEGIES)}.")


def plain(name: str) -> str:
    """The name in `STRATEGIES` of one that others write: "guassian", "entropy_based", "Least-Confidence".

    >>> plain("guassian"), plain("Margin_Based"), plain("BADGE")
    ('gaussian', 'margin', 'BADGE')
    """
    spelt = name.strip().replace("_", " ").replace("-", " ").lower()
    return ALIASES.get(spelt, spelt)


def choices(table: LabelTable) -> tuple[str, ...]:
    """Every name one can choose for this table, those of single classes among them."""
    of_classes = (f"{name}: {each}" for name in OF_CLASSES for each in table.classes)
    return (*(name for name in STRATEGIES if name not in ONLY_OF_CLASSES), *of_classes)


def draw_varied(pool: Pool, measure: str, diversity: str, count: int, *, seed: int = 0) -> Rows:
    """First how unsure, then how different: the two steps of Active-Labeler's later branch.

    Parameters
    ----------
    measure : least_confidence, margin_based, entropy_based or random_sampling.
    diversity : pick_top_n, iterative_proximity_sampling, clustering_sampling or random_sampling.

    Raises
    ------
    InvalidInputError
        If a name is none of these, or there is no model or no embedding to go by.
    """
    question = _varied_question(pool, measure, count, seed)
    if plain(diversity) == "random":
        return at_random(question)
    if plain(diversity) not in VARIED:
        raise InvalidInputError(f"There is no diversity {diversity!r}.", f"Use random, {', '.join(VARIED)}.")
    if plain(diversity) != "top" and pool.points is None:
        raise InvalidInputError(f"{diversity!r} cannot choose yet.", NO_POINTS)
    return VARIED[plain(diversity)](question, _measured(question, plain(measure)))


def _varied_question(pool: Pool, measure: str, count: int, seed: int) -> Question:
    if plain(measure) not in (*doubt.MEASURES, "random"):
        raise InvalidInputError(f"There is no measure {measure!r}.", f"Use random, {', '.join(doubt.MEASURES)}.")
    if plain(measure) == "random":
        return Question(pool, np.flatnonzero(pool.among), count, seed)
    if pool.table.chances is None:
        raise InvalidInputError(f"{measure!r} cannot choose yet.", NO_MODEL)
    return Question(pool, np.flatnonzero(pool.among & _judged(pool.table, None)), count, seed)


def _measured(question: Question, measure: str) -> Floats:
    if measure == "random":
        return doubt.standardised(question.rng.random(len(question.rows)))
    return doubt.standardised(doubt.MEASURES[measure](question.chances))


def _judged(table: LabelTable, named: int | None) -> Bools:
    """Rows of which the model has said what is asked; what it has not seen is not guessed at."""
    assert table.chances is not None, "checked by draw"
    said = ~np.isnan(table.chances)
    return np.asarray(said.all(axis=1) if named is None else said[:, named])
