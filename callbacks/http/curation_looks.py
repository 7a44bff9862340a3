"""How the items of a table are looked at: by pooled pixels, or by the encoder of a trained model, a few at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from core.errors import InvalidInputError, NotFoundError
from core.images.pictures import Bounds, look, true_values
from core.learning.curation.encoders import SIDE_PX, Offer, seen, window_for
from core.learning.curation.pool import Points
from core.learning.curation.pooled import pooled
from core.learning.normalisation import Normalisation
from core.services import Services

LOOK_PX = 128  # of the longer side of what is pooled
BATCH = 16  # images an encoder is given at once
WINDOW = Normalisation((0.0,) * 3, (255.0,) * 3)
PIXELS, ENCODER, FILE = "pixels", "encoder", "file"
Spot = tuple[str, int, Bounds | None]
"""Volume, z, and the part of the slice; None is all of it."""


@dataclass(frozen=True)
class Source:
    """kind : `PIXELS`, `ENCODER` or `FILE`. id : of the encoder's model. name : of the model or the file."""

    kind: str = PIXELS
    id: str = ""
    name: str = ""

    @property
    def words(self) -> str:
        """What people are told."""
        return self.name or "pixels"


def offer_of(services: Services, model_id: str) -> Offer:
    """Raises NotFoundError, and InvalidInputError where the encoder cannot be chosen."""
    found = next((offer for offer in services.encoders.offers() if offer.id == model_id), None)
    if found is None:
        raise NotFoundError("The encoder is gone.", "Choose another one, or the pixels.")
    if found.reason:
        raise InvalidInputError(f"{found.name} cannot look at items: {found.reason}", "Choose another one.")
    return found


def parts_of(services: Services, source: Source, spots: Sequence[Spot]) -> Iterator[Points]:
    """(k, d) embeddings, not standardised, of a few spots at a time, in their order. Raises AppError."""
    if source.kind == ENCODER:
        return _encoded(services, offer_of(services, source.id), spots)
    return _pooled(services, spots)


def _pooled(services: Services, spots: Sequence[Spot]) -> Iterator[Points]:
    for spot in spots:
        image, _ = look(services.tiles, *spot, px=LOOK_PX)
        yield pooled(image if image.ndim == 3 else np.repeat(image[..., np.newaxis], 3, axis=2), WINDOW)[None]


def _encoded(services: Services, offer: Offer, spots: Sequence[Spot]) -> Iterator[Points]:
    left = iter(spots)
    while some := list(islice(left, BATCH)):
        images = [seen(true_values(services.tiles, *spot, px=SIDE_PX)) for spot in some]
        windows = [window_for(offer, volume, services.tiles.manifest(volume).window) for volume, *_ in some]
        yield services.encoders.embed(offer.id, images, windows)
