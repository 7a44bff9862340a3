"""A Tiled adapter that serves TIFF stacks page by page.

Tiled's own adapter makes one chunk of a multi-page file and loads it whole for every read. This one gives each page a
chunk of its own and reads only what is asked for. A stack is one file of many pages or many files of one page each;
its array is (Z, Y, X) or (Z, Y, X, C), or has further axes before these where the file says so (`tiff_axes.py`).
A pyramidal file is a container of one such array a level (`open_tiff`).

`tiled_server.py` uses it. A Tiled server of one's own takes it with
``tiled serve directory FOLDER --adapter image/tiff=utils.served.tiff_adapter:TiffAdapter
--adapter "multipart/related;type=image/tiff=utils.served.tiff_adapter:TiffAdapter"``,
started where `utils` can be imported.
"""

import builtins
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tiled.adapters.core import Adapter
from tiled.adapters.utils import IncompatibleShapeError, init_adapter_from_catalog
from tiled.ndslice import NDBlock, NDSlice
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.core import StructureFamily
from tiled.utils import path_from_uri

from core.errors import AppError, UnsupportedImageError
from utils.images.tiled_contents import WithContents
from utils.served.tiff_files import WHOLE_PAGE_BYTES, TiffLayout, layout_of, read_rows

EVERYTHING = NDSlice(...)
MAX_CHUNK_BYTES = 256 << 20  # Tiled refuses answers above 300 MB unless told otherwise
KEPT_LAYOUTS = (
    10_000  # of some 3 KB; a plane across a sequence asks for the headers of all its files, 1 ms each when read anew
)
MAX_READ_BYTES = 1 << 30  # Tiled checks the size of an answer only after it has been read


class UnreadableError(IncompatibleShapeError):
    """Tiled sends the text of this family of errors to the client, with status 422; any other becomes a bare 500."""


@lru_cache(maxsize=KEPT_LAYOUTS)
def _cached_layout(path: Path, _changed_ns: int, _size: int) -> TiffLayout:
    return layout_of(path)


def current_layout(path: Path, level: int = 0) -> TiffLayout:
    """Layout of the file as it is now; its headers are read again only after it has changed.

    Raises
    ------
    UnsupportedImageError
        If it cannot be read, or is a pyramid of fewer levels.
    """
    stat = path.stat()
    layout = _cached_layout(path, stat.st_mtime_ns, stat.st_size)
    if level > len(layout.coarser):
        raise UnsupportedImageError(f"{path.name} has no level {level}; the stack's first file has.")
    return layout.coarser[level - 1] if level else layout


class TiffAdapter(Adapter[ArrayStructure]):
    """One stack: the pages of a single file, or the single pages of several files in the order given.

    level : of the pyramid that each file is; 0 is full size.
    """

    structure_family = StructureFamily.array

    def __init__(
        self,
        data_uri: str | None = None,
        structure: ArrayStructure | None = None,
        *,
        data_uris: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        specs: list[Any] | None = None,
        level: int = 0,
    ) -> None:
        self.paths = [Path(path_from_uri(uri)) for uri in data_uris or [data_uri]]
        self._level = level
        layout = current_layout(self.paths[0], level)
        if len(self.paths) > 1 and layout.pages > 1:
            raise UnsupportedImageError(f"{layout.path.name} has {layout.pages} pages; a file of a sequence has one.")
        leading = layout.leading if len(self.paths) == 1 else (len(self.paths),)
        structure = structure or structure_of(layout, leading=leading)
        self._axes = len(structure.shape) - len(layout.frame)  # that the pages run over
        super().__init__(structure, metadata=metadata, specs=specs)

    @classmethod
    def from_uris(cls, *data_uris: str, level: int = 0, **_: Any) -> "TiffAdapter":
        adapter = cls(data_uris=list(data_uris), level=level)
        pages = math.prod(adapter.structure().shape[: adapter._axes])
        adapter._metadata = {**current_layout(adapter.paths[0]).metadata, "pages": pages}
        return adapter

    @classmethod
    def from_catalog(cls, data_source: Any, node: Any, /, **kwargs: Any) -> "TiffAdapter":
        return init_adapter_from_catalog(cls, data_source, node, **kwargs)

    def read(self, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        """Read only the pages, and of large pages only the rows, that `slice` touches."""
        shape = self.structure().shape
        leading, (y, *rest) = _split(NDSlice(slice).expand_for_shape(shape), self._axes)
        rows = _indices(y, shape[self._axes])
        for held in (NDSlice(slice).shape_after_slice(shape), (len(rows), *shape[self._axes + 1 :])):
            _refuse_huge(math.prod(held), self.structure())
        planes = np.arange(math.prod(shape[: self._axes])).reshape(shape[: self._axes])[leading]
        if not planes.size or not rows:
            return np.empty(shape, self._dtype)[tuple(slice)]
        band = builtins.slice(min(rows), max(rows) + 1)
        picked = (y - band.start if isinstance(y, int) else _within(rows, band), *rest)
        pages = _stacked([_part(self._read_page(int(plane), band), picked) for plane in planes.flat])
        return pages.reshape((*planes.shape, *pages.shape[1:]))

    def read_block(self, block: NDBlock, slice: NDSlice = EVERYTHING) -> NDArray[Any]:
        array = self.read(block.slice_from_chunks(self.structure().chunks))
        return array[tuple(slice)] if slice else array

    @property
    def _dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = self.structure().data_type.to_numpy_dtype()
        return dtype

    def _read_page(self, plane: int, rows: builtins.slice) -> NDArray[Any]:
        path, page = (self.paths[plane], 0) if len(self.paths) > 1 else (self.paths[0], plane)
        try:
            layout = current_layout(path, self._level)
            frame = self.structure().shape[self._axes :]
            if layout.frame != frame or layout.dtype != self._dtype or page >= layout.pages:
                here, stack = in_words(layout.frame, layout.dtype), in_words(frame, self._dtype)
                raise UnsupportedImageError(f"{path.name} is {here}; the stack is {stack}.")
            return read_rows(layout, page, rows)
        except AppError as error:
            raise UnreadableError(str(error)) from error
        except OSError as error:
            raise UnreadableError(f"{path.name} cannot be opened: {error.strerror}.") from error


def open_tiff(*data_uris: str) -> TiffAdapter | WithContents:
    """The stack; where its files are pyramids, all levels in a container that says so as OME-Zarr does.

    Raises UnsupportedImageError.
    """
    full = TiffAdapter.from_uris(*data_uris)
    coarser = current_layout(full.paths[0]).coarser
    if not coarser:
        return full
    levels = [full, *(TiffAdapter.from_uris(*data_uris, level=number + 1) for number in range(len(coarser)))]
    names = [str(number) for number in range(len(levels))]
    scales = {"datasets": [{"path": name} for name in names]}
    return WithContents(dict(zip(names, levels, strict=True)), metadata={"multiscales": [scales]})


def structure_of(layout: TiffLayout, *, leading: tuple[int, ...]) -> ArrayStructure:
    """A chunk a page; pages too large for one answer are cut into bands of whole strips or tiles."""
    rows = layout.frame[0]
    if layout.page_bytes > MAX_CHUNK_BYTES:
        per_row = layout.page_bytes // rows
        segments = max(1, WHOLE_PAGE_BYTES // (per_row * layout.segment_rows))
        rows = min(rows, segments * layout.segment_rows)
    bands = tuple(min(rows, layout.frame[0] - start) for start in range(0, layout.frame[0], rows))
    return ArrayStructure(
        data_type=BuiltinDtype.from_numpy_dtype(layout.dtype),
        shape=(*leading, *layout.frame),
        chunks=(*((1,) * count for count in leading), bands, *((n,) for n in layout.frame[1:])),
        dims=_dims(layout.metadata["axes"]),
    )


def _indices(picked: int | builtins.slice, length: int) -> range:
    if isinstance(picked, int):
        return range(picked, picked + 1)
    return range(*picked.indices(length))


def _within(rows: range, band: builtins.slice) -> Any:
    """Which rows of a band are wanted: all that it has, as an index that copies nothing, or some."""
    return builtins.slice(None) if rows.step == 1 else np.asarray(rows) - band.start


def _stacked(pages: list[NDArray[Any]]) -> NDArray[Any]:
    """Pages as one array; a single one is not copied."""
    return pages[0][np.newaxis] if len(pages) == 1 else np.stack(pages)


def _part(page: NDArray[Any], picked: tuple[Any, ...]) -> NDArray[Any]:
    """What is picked of a page, in memory of its own unless it lies in one piece: it must not hold the page."""
    return np.asarray(page[picked], order="C")


def _split(picked: Sequence[Any], axes: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What is picked of the axes that pages run over, and of those of a page."""
    return tuple(picked[:axes]), tuple(picked[axes:])


def _dims(axes: str) -> tuple[str, ...] | None:
    """Names of the axes as Tiled knows them; None when two have the same."""
    names = tuple(axes.lower().replace("s", "c"))
    return names if len(set(names)) == len(names) else None


def _refuse_huge(pixels: int, structure: ArrayStructure) -> None:
    size = pixels * structure.data_type.to_numpy_dtype().itemsize
    if size > MAX_READ_BYTES:
        raise UnreadableError(f"{size / 2**30:.1f} GiB is too much for one read; ask for fewer slices or rows.")


def in_words(frame: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """
    >>> in_words((20, 30), np.dtype("u1"))
    '20 x 30 uint8'
    """
    return f"{' x '.join(map(str, frame))} {dtype}"
