"""Suggest the next place to annotate, and say why: the viewer jumps there (assets/suggestions.js)."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State
from numpy.typing import NDArray

from callbacks.http.results import read_entropy, read_margin
from components import ids, stores
from components.suggestions import LOOKING, NEXT
from core.errors import AppError, InvalidInputError
from core.images.geometry import Box
from core.labels.review import spread
from core.labels.slices import read_slice
from core.learning.curation.places import Grid
from core.learning.curation.pooled import pooled
from core.learning.curation.suggest import CLOSE, DIFFER, MIXED, RANDOM, UNLIKE, UNSURE, Seen, why
from core.learning.normalisation import Normalisation
from core.services import Services

SIDE_PX = 256  # of a square: what fits a window at twice its size
BUDGET_S = 2.0  # of reading for one suggestion; the next one goes on from there
KEPT = 16  # stacks whose squares are remembered
MOST_PX = 1 << 26  # of a slice that is read whole


@dataclass(frozen=True)
class Wish:
    """way : one of those in `core/learning/curation/suggest.py`. job, other : results, "" for none."""

    volume: str
    way: str
    job: str = ""
    other: str = ""


@dataclass
class Memory:
    """Of one wish. given : (z, square) suggested so far."""

    seen: Seen = field(default_factory=Seen)
    given: list[tuple[int, int]] = field(default_factory=list)


class Suggester:
    """Remembers what it has read and suggested, for the wishes asked for last."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._known: OrderedDict[Wish, Memory] = OrderedDict()

    def next(self, wish: Wish) -> tuple[dict[str, int], str]:
        """{"z", "y", "x"} of the middle of a square with its side, and a sentence. Raises AppError."""
        with self._lock:  # one reading at a time: they share the disk
            memory = self._known.setdefault(wish, Memory())
            self._known.move_to_end(wish)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            shape = self._services.tiles.manifest(wish.volume).info.shape
            grid = Grid(shape[1:], SIDE_PX)
            memory.seen = self._read_on(wish, memory.seen, grid, shape)
            return self._chosen(wish, memory, grid, shape)

    def _read_on(self, wish: Wish, seen: Seen, grid: Grid, shape: tuple[int, int, int]) -> Seen:
        """More slices, spread over the stack, until the time is up; at least one more."""
        began = time.monotonic()
        for z in spread([z for z in self._slices(wish, shape) if z not in seen.scores]):
            scores, points = self._look(wish, z, grid)
            seen = replace(seen, scores={**seen.scores, z: scores}, points={**seen.points, **points})
            if time.monotonic() - began > BUDGET_S:
                break
        return seen

    def _slices(self, wish: Wish, shape: tuple[int, int, int]) -> list[int]:
        if wish.way in (RANDOM, UNLIKE):
            return list(range(shape[0]))
        done = set(self._services.jobs.job(wish.job).slices_done)
        if wish.way == DIFFER:
            done &= set(self._services.jobs.job(wish.other).slices_done)
        return sorted(done)

    def _look(self, wish: Wish, z: int, grid: Grid) -> tuple[NDArray[np.float64], dict[int, NDArray[np.float32]]]:
        """Scores of the squares of a slice, and their embeddings where the way goes by them."""
        if wish.way not in (RANDOM, UNLIKE):
            return grid.means(self._doubt(wish, z)), {}
        image = self._image(wish.volume, z, grid)
        scores = grid.contrasts(image if image.ndim == 2 else image.mean(axis=-1))
        if wish.way == RANDOM:
            return scores, {}
        window = self._window(wish.volume, image)
        return scores, {z: np.stack([pooled(grid.cut(image, corner), window) for corner in grid.corners()])}

    def _doubt(self, wish: Wish, z: int) -> NDArray[np.float32]:
        """(Y, X) in 0..1."""
        results = self._services.results
        if wish.way == DIFFER:
            return (results.read_slice(wish.job, z) != results.read_slice(wish.other, z)).astype(np.float32)
        if wish.way == MIXED:
            found = read_entropy(self._services, wish.job, z)
        elif wish.way == CLOSE:
            found = inverted(read_margin(self._services, wish.job, z))
        else:
            found = inverted(results.read_confidence(wish.job, z))
        if found is None:
            how = " with “Keep entropy and margin maps”" if wish.way in (MIXED, CLOSE) else ""
            told = "The result does not keep how sure it is."
            raise InvalidInputError(told, f"Segment again{how}, or choose random.")
        return found.astype(np.float32) / 255

    def _image(self, volume: str, z: int, grid: Grid) -> NDArray[Any]:
        height, width = grid.shape
        if height * width > MOST_PX:
            raise InvalidInputError("Slices are too large to look for squares.", "Choose a way that asks a result.")
        return self._services.tiles.region(volume, "z", Box((z, 0, 0), (z + 1, height, width)))

    def _window(self, volume: str, image: NDArray[Any]) -> Normalisation:
        low, high = self._services.tiles.manifest(volume).window
        channels = image.shape[2] if image.ndim == 3 else 1
        return Normalisation((low,) * channels, (high if high > low else low + 1,) * channels)

    def _chosen(
        self, wish: Wish, memory: Memory, grid: Grid, shape: tuple[int, int, int]
    ) -> tuple[dict[str, int], str]:
        corners, labels = list(grid.corners()), dict[int, NDArray[np.uint8]]()
        for z, square in memory.seen.order(wish.way, memory.given, seed=len(memory.given)):
            if (z, square) in memory.given:
                continue
            if z not in labels:
                labels[z] = read_slice(self._services.labels, wish.volume, z, shape[1:])
            if grid.cut(labels[z], corners[square]).any():
                continue
            memory.given.append((z, square))
            y, x = corners[square]
            middle = {"y": min(y + SIDE_PX // 2, shape[1] - 1), "x": min(x + SIDE_PX // 2, shape[2] - 1)}
            return {"z": z, "side": SIDE_PX, **middle}, why(wish.way, z, float(memory.seen.scores[z][square]))
        raise InvalidInputError("Every square that was looked at is labelled or was suggested.", "Choose another way.")


def inverted(found: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    """What is least sure has the most doubt."""
    return None if found is None else 255 - found


def register(app: Dash, services: Services) -> None:
    """The button asks, the answer is told and the viewer goes there."""
    suggester = Suggester(services)

    @app.callback(
        Output(stores.SUGGESTION, "data"),
        Output(ids.SUGGEST_TEXT, "children"),
        Input(ids.SUGGEST_BUTTON, "n_clicks"),
        State(ids.SUGGEST_WAY, "value"),
        State(stores.VOLUME, "data"),
        State(ids.RESULT_SELECT, "value"),
        State(ids.RESULT_BESIDE, "value"),
        running=[
            (Output(ids.SUGGEST_BUTTON, "disabled"), True, False),
            (Output(ids.SUGGEST_BUTTON, "children"), LOOKING, NEXT),
        ],
        prevent_initial_call=True,
    )
    def suggest(_clicks: int, way: str, volume: dict[str, str] | None, job: str | None, other: str | None) -> Any:
        try:
            place, words = suggester.next(wished(way, volume, job, other))
        except AppError as error:
            return None, str(error)
        return place, words

    app.clientside_callback(
        ClientsideFunction("suggestions", "go"), Input(stores.SUGGESTION, "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        ClientsideFunction("suggestions", "growth"),
        Input(stores.REGISTRY_STAMP, "data"),
        Input(stores.VOLUME, "data"),
        State(stores.REGISTRY, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("suggestions", "alike"),
        Input(ids.ALIKE_VIEW, "n_clicks"),
        Input(ids.ALIKE_PAINTED, "n_clicks"),
        State(ids.VIEWER, "place"),
        State(ids.VIEWER, "slice"),
        State(stores.VOLUME, "data"),
        prevent_initial_call=True,
    )


def wished(way: str, volume: dict[str, str] | None, job: str | None, other: str | None) -> Wish:
    """What the page asks for. Raises InvalidInputError where the way needs what is not chosen."""
    if volume is None:
        raise InvalidInputError("No dataset is open.", "Choose one.")
    if way in (RANDOM, UNLIKE):
        return Wish(volume["path"], way)
    if not job:
        raise InvalidInputError("No result is chosen.", "Choose one under Overlay, or a way that needs none.")
    if way == DIFFER and not other:
        raise InvalidInputError("Only one result is chosen.", "Choose another under “Compare with” in Overlay.")
    assert way in (UNSURE, MIXED, CLOSE, DIFFER), "one of the choices"
    return Wish(volume["path"], way, job, other or "" if way == DIFFER else "")
