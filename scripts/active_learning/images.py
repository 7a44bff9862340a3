"""A folder of images, found below it by name and read one at a time; nothing is ever written there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from core.errors import InvalidInputError, NotFoundError
from core.learning.curation.table import Item
from core.learning.normalisation import Normalisation

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
SAMPLE = 64  # images that tell how bright the others are
MAX_PIXELS = 1 << 28  # of an image; a larger one is a stack that was named wrongly


@dataclass(frozen=True)
class ImageFolder:
    """root : where to look, folders below it as well. channels : 1 or 3, as which every image is read."""

    root: Path
    channels: int = 3

    def items(self) -> tuple[Item, ...]:
        """In the order of their names; an id is the path below the root, so names may repeat in other folders.

        Raises NotFoundError when there is no folder, or no image in it.
        """
        if not self.root.is_dir():
            raise NotFoundError(f"{self.root} is no folder.", "Name a folder of images.")
        paths = sorted(path for path in self.root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        if not paths:
            raise NotFoundError(f"{self.root} holds no image.", f"Images end in {', '.join(SUFFIXES)}.")
        return tuple(Item(path.relative_to(self.root).as_posix(), str(self.root), str(path)) for path in paths)

    def read(self, item: Item) -> NDArray[Any]:
        """(Y, X) or (Y, X, 3). Raises InvalidInputError."""
        return read_image(Path(item.filename), channels=self.channels)

    @cached_property
    def window(self) -> Normalisation:
        """Of a sample of them, every channel alike."""
        items = self.items()
        some = [items[round(place)] for place in np.linspace(0, len(items) - 1, min(SAMPLE, len(items)))]
        grey = Normalisation.of([_grey(self.read(item)).ravel()[None] for item in some])
        return Normalisation(grey.lo * self.channels, grey.hi * self.channels)

    def squares(self, items: Sequence[Item], side: int, window: Normalisation) -> Iterator[NDArray[np.float32]]:
        """(channels, side, side) of each, as a network sees them."""
        for item in items:
            planes = window.apply(self.read(item))
            yield np.stack([cv2.resize(plane, (side, side), interpolation=cv2.INTER_AREA) for plane in planes])


def read_image(path: Path, *, channels: int) -> NDArray[Any]:
    """(Y, X) for one channel, (Y, X, 3) for three; an opacity is left out. Raises InvalidInputError."""
    try:
        pixels = _pixels(path)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{path} cannot be read as an image.", "Mend it, or take it away.") from error
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] > 4):
        raise InvalidInputError(f"{path} has the shape {pixels.shape}.", "Give every image a file of its own.")
    if channels == 1:
        return _grey(pixels)
    return pixels[..., :3] if pixels.ndim == 3 and pixels.shape[2] >= 3 else np.stack([_grey(pixels)] * 3, axis=-1)


def _pixels(path: Path) -> NDArray[Any]:
    if path.suffix.lower() in (".tif", ".tiff"):
        return np.asarray(tifffile.imread(path))
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(image.size)
        return np.asarray(image.convert("RGB") if image.mode in ("P", "RGBA", "CMYK", "LA", "YCbCr") else image)


def _grey(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels if pixels.ndim == 2 else np.asarray(pixels[..., :3].mean(axis=-1), np.float32)
