"""TIFF files on the disk as a volume, for commands that need no server: one file, or a folder of files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError, UnsupportedImageError
from core.images.geometry import Box
from core.images.volumes import VolumeInfo
from utils.served.tiff_files import TiffLayout, layout_of, read_rows

SUFFIXES = (".tif", ".tiff")


@dataclass(frozen=True)
class TiffVolume:
    """A `VolumeSource` over the pages of files of one shape and dtype, read page by page."""

    path: Path
    layouts: Sequence[TiffLayout]

    @cached_property
    def info(self) -> VolumeInfo:
        first = self.layouts[0]
        height, width, *channels = first.frame
        return VolumeInfo(
            path=str(self.path),
            uri=self.path.resolve().as_uri(),
            shape=(sum(layout.pages for layout in self.layouts), height, width),
            channels=channels[0] if channels else 1,
            dtype=first.dtype,
            version="",
            is_colour=tuple(channels) in ((3,), (4,)),
        )

    @cached_property
    def _pages(self) -> list[tuple[TiffLayout, int]]:
        return [(layout, page) for layout in self.layouts for page in range(layout.pages)]

    def read(self, box: Box) -> NDArray[Any]:
        (z, y, x), (z_stop, y_stop, x_stop) = box.start, box.stop
        rows = [read_rows(*self._pages[at], slice(y, y_stop))[:, x:x_stop] for at in range(z, z_stop)]
        return np.stack(rows)


def open_tiff(path: Path) -> TiffVolume:
    """Open a TIFF file, or a folder of TIFF files in the order of their numbers.

    Raises
    ------
    NotFoundError
        If there is nothing, or no TIFF file.
    UnsupportedImageError
        If a file cannot be read, or the files differ in shape or dtype.
    """
    if not path.exists():
        raise NotFoundError(f"{path} does not exist.", "Name a TIFF file, a folder of TIFF files, or a Tiled URI.")
    files = (
        sorted((f for f in path.iterdir() if f.suffix.lower() in SUFFIXES), key=_natural) if path.is_dir() else [path]
    )
    if not files:
        raise NotFoundError(f"{path} holds no TIFF file.", "Name a folder with .tif or .tiff files.")
    layouts = [layout_of(file) for file in files]
    for layout in layouts:
        if (layout.frame, layout.dtype) != (layouts[0].frame, layouts[0].dtype):
            raise UnsupportedImageError(
                f"{layout.path.name} is {_words(layout)}; {layouts[0].path.name} is {_words(layouts[0])}.",
                "All files of a stack must have one size and type.",
            )
    return TiffVolume(path, layouts)


def _natural(path: Path) -> list[tuple[int, str]]:
    """slice_2 before slice_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]


def _words(layout: TiffLayout) -> str:
    return f"{' x '.join(map(str, layout.frame))} {layout.dtype.name}"
