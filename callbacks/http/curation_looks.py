"""How the items of a table are looked at: by pooled pixels, or by the encoder of a trained model, a few at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from core.errors import InvalidInputError, NotFoundError
from core.images.pictures import Bounds, look, true_values
from core.learning.curation.encoders import (
    PLAIN,
    SIDE_PX,
    Examples,
    Offer,
    Pixels,
    TunedEncoder,
    Tuning,
    View,
    Window,
    seen,
    window_for,
)
from core.learning.curation.pool import Points
from core.learning.curation.pooled import pooled
from core.learning.curation.table import LabelTable
from core.learning.normalisation import Normalisation
from core.services import Services

LOOK_PX = 128  # of the longer side of what is pooled
BATCH = 16  # images an encoder is given at once
TUNED_PX = 128  # of the longer side of what a tuned encoder has learned from, and therefore looks at
MOST_TAUGHT = 4000  # items that tune it, drawn at random of more; a quarter of a GiB
WINDOW = Normalisation((0.0,) * 3, (255.0,) * 3)
PIXELS, ENCODER, FILE = "pixels", "encoder", "file"
VOLUME = "volume"  # among the facts of a tuned encoder: what its model learned from
Spot = tuple[str, int, Bounds | None]
"""Volume, z, and the part of the slice; None is all of it."""


@dataclass(frozen=True)
class Source:
    """kind : `PIXELS`, `ENCODER` or `FILE`. id : of the encoder's model. name : of the model or the file.

    pooling, levels : of the encoder's `View`. tuned : whether by labels of this table.
    """

    kind: str = PIXELS
    id: str = ""
    name: str = ""
    pooling: str = "mean"
    levels: str = "all"
    tuned: bool = False

    @property
    def words(self) -> str:
        """What people are told."""
        usual, name = PLAIN, self.name or "pixels"
        changed = [self.pooling] * (self.pooling != usual.pooling) + [f"{self.levels} levels"] * (
            self.levels != usual.levels
        )
        return ", ".join([name, *["tuned"] * self.tuned, *changed])

    @property
    def is_grid(self) -> bool:
        """Whether the numbers of an item are a flattened (channels, GRID, GRID)."""
        return self.kind == ENCODER and self.pooling == "grid"

    @property
    def view(self) -> View:
        return View(self.pooling, self.levels)


def offer_of(services: Services, model_id: str) -> Offer:
    """Raises NotFoundError, and InvalidInputError where the encoder cannot be chosen."""
    found = next((offer for offer in services.encoders.offers() if offer.id == model_id), None)
    if found is None:
        raise NotFoundError("The encoder is gone.", "Choose another one, or the pixels.")
    if found.reason:
        raise InvalidInputError(f"{found.name} cannot look at items: {found.reason}", "Choose another one.")
    return found


def parts_of(
    services: Services, source: Source, spots: Sequence[Spot], tuned: TunedEncoder | None = None
) -> Iterator[Points]:
    """(k, d) embeddings, not standardised, of a few spots at a time, in their order. Raises AppError.

    tuned : the encoder of a source that is tuned.
    """
    if source.kind == ENCODER:
        return _encoded(services, source, spots, tuned if source.tuned else None)
    return _pooled(services, spots)


def tuned_by(
    services: Services,
    source: Source,
    spots: Sequence[Spot],
    labels: LabelTable,
    tuning: Tuning,
    tuned: TunedEncoder | None,
    told: Callable[[int], None],
) -> TunedEncoder:
    """The encoder of a source, changed by the labels; spots : of all their rows. Raises AppError."""
    offer = _offer(services, source, tuned if source.tuned else None)
    rows = np.flatnonzero(labels.training | labels.testing)
    rows = np.sort(np.random.default_rng(tuning.seed).permutation(rows)[:MOST_TAUGHT])
    images, windows = _shown(services, offer, [spots[row] for row in rows], TUNED_PX)
    found = services.encoders.tune(
        offer.id,
        Examples(images, windows, labels.tags[rows], labels.validation[rows]),
        tuning,
        source.view,
        tuned=tuned if source.tuned else None,
        told=told,
    )
    return replace(found, facts={**found.facts, VOLUME: offer.volume})


def _pooled(services: Services, spots: Sequence[Spot]) -> Iterator[Points]:
    for spot in spots:
        image, _ = look(services.tiles, *spot, px=LOOK_PX)
        yield pooled(image if image.ndim == 3 else np.repeat(image[..., np.newaxis], 3, axis=2), WINDOW)[None]


def _encoded(services: Services, source: Source, spots: Sequence[Spot], tuned: TunedEncoder | None) -> Iterator[Points]:
    offer, left = _offer(services, source, tuned), iter(spots)
    while some := list(islice(left, BATCH)):
        images, windows = _shown(services, offer, some, TUNED_PX if tuned else SIDE_PX)
        yield services.encoders.embed(offer.id, images, windows, source.view, tuned)


def _offer(services: Services, source: Source, tuned: TunedEncoder | None) -> Offer:
    """A tuned encoder needs its model no more."""
    if tuned is None:
        return offer_of(services, source.id)
    return Offer(source.id, source.name, "", tuned.facts[VOLUME])


def _shown(
    services: Services, offer: Offer, spots: Sequence[Spot], px: int
) -> tuple[list[Pixels], list[Window | None]]:
    """What an encoder is given to see, at most `px` pixels on the longer side."""
    images = [seen(true_values(services.tiles, *spot, px=px), px=px) for spot in spots]
    return images, [window_for(offer, volume, services.tiles.manifest(volume).window) for volume, *_ in spots]
