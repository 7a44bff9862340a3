"""What a volume is to the rest of the house: its facts, how to read it, and where to look for more of them.

`utils/images/tiled_volumes.py` implements both protocols for Tiled.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError
from core.images.geometry import Box, whole_slice
from core.images.layout import ExtraAxis
from core.images.positions import read_positions


def volume_id(path: str) -> str:
    """A volume's path as one URL segment.

    >>> volume_id("sample/bead_pack")
    'c2FtcGxlL2JlYWRfcGFjaw'
    """
    return base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")


def volume_path(identifier: str) -> str:
    """The path behind a `volume_id`.

    >>> volume_path("c2FtcGxlL2JlYWRfcGFjaw")
    'sample/bead_pack'
    """
    try:
        padded = identifier + "=" * (-len(identifier) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise NotFoundError(f"{identifier!r} is not the id of a volume.", "Choose a dataset from the list.") from error


@dataclass(frozen=True)
class VolumeInfo:
    """The facts of a volume that cost nothing to ask for.

    path : keys below the data root, joined by "/".
    uri : where the array is, without any key.
    shape : (Z, Y, X); a plain image has Z = 1.
    channels : 1 grey, 3 RGB and 4 RGBA where `is_colour`, else as many as there are.
    extra_axes : axes the array has beside those of a volume, and where on them this volume lies.
    channel_names : "" where nobody has named a channel; empty for grey and colour.
    channel_colors : "#rrggbb" each; empty when nobody has chosen them.
    axes : the role of each axis of the array, as in `core.images.layout.Layout`.
    version : changes when the content does; part of every tile's URL.
    voxel_size_um : (z, y, x) in micrometres, None when unknown.
    """

    path: str
    uri: str
    shape: tuple[int, int, int]
    channels: int
    dtype: np.dtype[Any]
    version: str
    voxel_size_um: tuple[float, float, float] | None = None
    is_colour: bool = False
    extra_axes: tuple[ExtraAxis, ...] = ()
    channel_names: tuple[str, ...] = ()
    channel_colors: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return volume_id(self.path)

    @property
    def base_path(self) -> str:
        """The path of the volume at the beginning of every further axis; all positions of one array share it."""
        return read_positions(self.path).base

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def nbytes(self) -> int:
        z, y, x = self.shape
        return z * y * x * self.channels * self.dtype.itemsize


class VolumeSource(Protocol):
    """One readable volume."""

    @property
    def info(self) -> VolumeInfo: ...

    def read(self, box: Box) -> NDArray[Any]:
        """Read the voxels of `box`: (z, y, x) or, with channels, (z, y, x, c); native byte order, own memory."""
        ...


@runtime_checkable
class MultiscaleSource(VolumeSource, Protocol):
    """A volume whose coarser levels are stored beside it."""

    @property
    def levels(self) -> Mapping[int, VolumeSource]:
        """Level, from 1 on, to a volume of that level's shape, give or take the last row and column.

        It may have fewer slices; each then stands for several.
        """
        ...


def read_slice(volume: VolumeSource, z: int) -> NDArray[Any]:
    """Slice `z` as algorithms see it: (Y, X) or (Y, X, C) with all its channels, the opacity of RGBA left out."""
    pixels: NDArray[Any] = volume.read(whole_slice(z, volume.info.shape))[0]
    return pixels[..., :3] if volume.info.is_colour else pixels


@dataclass(frozen=True)
class CatalogEntry:
    """A row of the dataset picker. `info` is None when the node cannot be opened, and `reason` says why."""

    path: str
    info: VolumeInfo | None
    reason: str = ""


@dataclass(frozen=True)
class Listing:
    """The volumes found so far, sorted by path. is_complete : there are no more."""

    entries: tuple[CatalogEntry, ...]
    is_complete: bool

    @property
    def infos(self) -> list[VolumeInfo]:
        """Those that can be opened."""
        return [entry.info for entry in self.entries if entry.info is not None]


class VolumeCatalog(Protocol):
    """Where volumes are found."""

    def list_entries(self) -> list[CatalogEntry]:
        """Every volume below the data root, sorted by path.

        Raises
        ------
        UnavailableError
            If the server does not answer or refuses the key.
        """
        ...

    def listing(self, *, wait_s: float | None) -> Listing:
        """What of these is known after `wait_s` seconds at the most; the search goes on. Raises as `list_entries`."""
        ...

    def open(self, path: str) -> VolumeSource:
        """Open one volume.

        Raises
        ------
        NotFoundError, UnsupportedImageError, UnavailableError
        """
        ...
