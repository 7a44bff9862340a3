"""TIFF files page by page: what a file holds, and one page at a time, without trusting what the file claims.

`layout_of` reads headers only; `read_rows` decodes one page, or only its touched strips and tiles when the page is
large. Nothing here knows Tiled: `tiff_adapter.py` puts it behind a server. Values come as they are stored: a
palette image gives its indices, since in laboratories those are label ids or grey values behind a lookup table.
"""

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from core.errors import AppError, UnsupportedImageError
from utils.served.tiff_axes import PageAxes, page_axes
from utils.served.tiff_metadata import describe

WHOLE_PAGE_BYTES = 64 << 20  # above this, only the touched strips and tiles of a page are decoded
MAX_PAGE_BYTES = 4 << 30  # a page that must be decoded whole; more would push a laptop into swap
MAX_PAGES = 1_000_000  # a file of that many pages takes a minute to list; more is a broken chain

MAX_CHANNELS = 64  # spectral cameras have dozens; thousands are a broken header

# Colour planes that are stored one after the other come as (S, Y, X).
PAGE_AXES = ("YX", "YXS", "SYX")


@dataclass(frozen=True)
class TiffLayout:
    """Where the pages of a file are.

    leading : sizes of the axes that the pages run over, slowest first; one for a plain stack.
    frame : (Y, X) or (Y, X, C) of every page as it is served.
    stored : the same in stored order; differs when colour planes are separate.
    offsets : byte offset of each page's directory; empty when the pages lie raw behind one another.
    raw_offset : byte offset of the first pixel when they do, else None.
    dtype : as served, native byte order; `raw_dtype` keeps the file's.
    segment_rows : rows that are decoded together: those of a strip or tile, 1 when the pixels lie raw.
    metadata : page count, voxel size, description.
    coarser : the same pages at smaller sizes, the largest first, where the file is a pyramid.
    """

    path: Path
    leading: tuple[int, ...]
    frame: tuple[int, ...]
    stored: tuple[int, ...]
    dtype: np.dtype[Any]
    raw_dtype: np.dtype[Any]
    offsets: tuple[int, ...]
    raw_offset: int | None
    segment_rows: int
    metadata: dict[str, Any]
    coarser: "tuple[TiffLayout, ...]" = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """(..., Y, X) or (..., Y, X, C)."""
        return (*self.leading, *self.frame)

    @property
    def pages(self) -> int:
        return math.prod(self.leading)

    @property
    def page_bytes(self) -> int:
        return math.prod(self.frame) * self.dtype.itemsize

    @property
    def planes_apart(self) -> bool:
        return self.stored != self.frame


def layout_of(path: Path) -> TiffLayout:
    """Read the headers of a TIFF file.

    Raises
    ------
    UnsupportedImageError
        If the file is not a whole TIFF, its pages differ, or a page is larger than can be read.
    """
    try:
        with tifffile.TiffFile(path, is_ome=False) as tif:
            return _layout(tif, path)
    except (AppError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # hostile headers make the parser raise anything
        raise UnsupportedImageError(f"{path.name} is not a readable TIFF file ({_short(error)}).") from error


def _layout(tif: tifffile.TiffFile, path: Path) -> TiffLayout:
    if not tif.series:
        raise UnsupportedImageError(f"{path.name} holds no image.", "The file may have been cut off while copying.")
    _check_pages(tif, path)
    series = tif.series[0]
    axes = page_axes(series, math.prod(series.shape) // math.prod(series.keyframe.shape))
    full = _layout_of_series(tif, series, path, axes)
    coarser = (_layout_of_series(tif, level, path, axes) for level in _coarser_series(tif))
    return replace(full, coarser=tuple(level for level in coarser if _is_smaller(level, full)))


def _layout_of_series(
    tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, path: Path, axes: PageAxes
) -> TiffLayout:
    page = series.keyframe
    stored = tuple(page.shape)
    frame = (*stored[1:], stored[0]) if page.axes == "SYX" else stored
    raw_offset = series.dataoffset
    offsets = () if raw_offset is not None else _page_offsets(series, path)
    layout = TiffLayout(
        path=path,
        leading=axes.sizes,
        frame=frame,
        stored=stored,
        dtype=page.dtype.newbyteorder("="),
        raw_dtype=page.dtype.newbyteorder(tif.byteorder),
        offsets=offsets,
        raw_offset=raw_offset,
        segment_rows=_segment_rows(page, frame, raw=raw_offset is not None),
        metadata=describe(tif, series, axes),
    )
    _check_size(layout)
    return layout


def _coarser_series(tif: tifffile.TiffFile) -> list[tifffile.TiffPageSeries]:
    """Smaller versions of the first series: in its SubIFDs, or after it and marked as reduced."""
    return tif.series[0].levels[1:] or [series for series in tif.series[1:] if series.keyframe.is_reduced]


def _is_smaller(level: TiffLayout, full: TiffLayout) -> bool:
    """Whether a level has the pages of the full size, each as large or smaller."""
    has_pages = level.raw_offset is not None or len(level.offsets) == full.pages
    same = has_pages and level.dtype == full.dtype and level.frame[2:] == full.frame[2:]
    return same and level.frame[0] <= full.frame[0] and level.frame[1] < full.frame[1]


def _segment_rows(page: tifffile.TiffPage, frame: tuple[int, ...], *, raw: bool) -> int:
    if raw:
        return 1
    return min(page.tilelength if page.is_tiled else page.rowsperstrip or frame[0], frame[0])


def _check_pages(tif: tifffile.TiffFile, path: Path) -> None:
    page = tif.series[0].keyframe
    if len(tif.series) > 1 and not _coarser_series(tif):  # beside a pyramid lie its thumbnail and label
        raise UnsupportedImageError(
            f"The pages of {path.name} differ in size or type.", "Save each kind of page as a file of its own."
        )
    if page.dtype is None:
        raise UnsupportedImageError(f"{path.name} stores {page.bitspersample}-bit samples, which cannot be read.")
    if page.axes not in PAGE_AXES:
        raise UnsupportedImageError(
            f"The pages of {path.name} have the axes {page.axes}; only plain and colour images can be shown.",
            "Save it with one image a page.",
        )
    if page.samplesperpixel > MAX_CHANNELS:
        raise UnsupportedImageError(
            f"{path.name} claims {page.samplesperpixel} values a pixel; the limit is {MAX_CHANNELS}."
        )


def _page_offsets(series: tifffile.TiffPageSeries, path: Path) -> tuple[int, ...]:
    """Offsets of the pages' directories; checks on the way that the pixels are inside the file."""
    if len(series) > MAX_PAGES:
        raise UnsupportedImageError(f"{path.name} claims {len(series)} pages; the limit is {MAX_PAGES}.")
    file_bytes = path.stat().st_size
    offsets = []
    for number, page in enumerate(series.pages):
        if page is None or _data_end(page) > file_bytes:
            raise _cut_off(path, number, len(series))
        offsets.append(page.offset)
    return tuple(offsets)


def _data_end(page: tifffile.TiffPage | tifffile.TiffFrame) -> int:
    return max((a + n for a, n in zip(page.dataoffsets, page.databytecounts, strict=True) if n), default=0)


def _cut_off(path: Path, number: int, pages: int) -> UnsupportedImageError:
    return UnsupportedImageError(
        f"{path.name} is cut off: page {number + 1} of {pages} is missing data.", "Copy the file again."
    )


def _check_size(layout: TiffLayout) -> None:
    if layout.raw_offset is not None:
        missing = layout.raw_offset + layout.pages * layout.page_bytes - layout.path.stat().st_size
        if missing > 0:
            raise _cut_off(layout.path, layout.pages - 1, layout.pages)
        return
    if layout.page_bytes > MAX_PAGE_BYTES and (layout.planes_apart or layout.segment_rows >= layout.frame[0]):
        raise UnsupportedImageError(
            f"A page of {layout.path.name} takes {layout.page_bytes / 2**30:.0f} GiB when decoded; "
            f"the limit is {MAX_PAGE_BYTES >> 30} GiB.",
            "Save it uncompressed or in tiles.",
        )


def read_rows(layout: TiffLayout, page: int, rows: slice) -> NDArray[Any]:
    """Read some rows of one page.

    Parameters
    ----------
    layout : of the file.
    page : 0-based.
    rows : half-open, start and stop given.

    Returns
    -------
    (rows, X) or (rows, X, C) in native byte order, own memory.

    Raises
    ------
    UnsupportedImageError
        If the page cannot be decoded or is not what the headers promised.
    """
    try:
        array = _read(layout, page, rows)
    except (AppError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # decoders of a dozen formats raise anything on broken data
        raise UnsupportedImageError(
            f"Page {page + 1} of {layout.path.name} cannot be decoded ({_short(error)})."
        ) from error
    return np.ascontiguousarray(array, dtype=layout.dtype)


def _read(layout: TiffLayout, page: int, rows: slice) -> NDArray[Any]:
    if layout.raw_offset is not None:
        return _channels_last(_read_raw(layout, page, rows), layout)
    with tifffile.TiffFile(layout.path, is_ome=False) as tif:
        tif.filehandle.seek(layout.offsets[page])
        directory = tifffile.TiffPage(tif, index=page)
        if tuple(directory.shape) != layout.stored or directory.dtype != layout.raw_dtype.newbyteorder("="):
            raise UnsupportedImageError(f"Page {page + 1} of {layout.path.name} differs from its first page.")
        if layout.page_bytes > WHOLE_PAGE_BYTES and not layout.planes_apart:
            return _decode_rows(directory, layout, rows)
        return _channels_last(directory.asarray(), layout)[rows]


def _read_raw(layout: TiffLayout, page: int, rows: slice) -> NDArray[Any]:
    """Rows of a page whose pixels lie raw, without what is around them.

    Through a memory map the system reads megabytes around the first row of each file: 8 s for a row of 512 files that
    are not in its cache, against 0.9 s.
    """
    planes, height, *row = layout.stored if layout.planes_apart else (1, *layout.stored)
    band = np.empty((planes, rows.stop - rows.start, *row), layout.raw_dtype)
    row_bytes = math.prod(row) * layout.raw_dtype.itemsize
    start = (layout.raw_offset or 0) + page * layout.page_bytes
    with layout.path.open("rb") as file:
        for number, plane in enumerate(band):
            file.seek(start + (number * height + rows.start) * row_bytes)
            if file.readinto(plane.view(np.uint8)) != plane.nbytes:
                raise _cut_off(layout.path, page, layout.pages)
    return band if layout.planes_apart else band[0]


def _channels_last(array: NDArray[Any], layout: TiffLayout) -> NDArray[Any]:
    return np.moveaxis(array, 0, -1) if layout.planes_apart else array


def _decode_rows(page: tifffile.TiffPage, layout: TiffLayout, rows: slice) -> NDArray[Any]:
    """Decode only the strips or tiles that hold `rows`."""
    across = math.ceil(layout.frame[1] / page.tilewidth) if page.is_tiled else 1
    first, last = rows.start // layout.segment_rows, math.ceil(rows.stop / layout.segment_rows)
    top = first * layout.segment_rows
    height = min(last * layout.segment_rows, layout.frame[0]) - top
    band = np.zeros((height, *layout.frame[1:]), layout.dtype)
    for index in range(first * across, last * across):
        data = os.pread(page.parent.filehandle.fileno(), page.databytecounts[index], page.dataoffsets[index])
        segment, (_, _, y, x, _), _ = page.decode(data or None, index, jpegtables=page.jpegtables)
        if segment is not None:
            place = band[y - top : y - top + segment.shape[1], x : x + segment.shape[2]]  # cropped at the border
            place[:] = segment[0, : place.shape[0], : place.shape[1]].reshape(place.shape)
    return band[rows.start - top : rows.stop - top]


def _short(error: Exception) -> str:
    """The error's first line, so that it fits into a sentence."""
    text = str(error).strip().split("\n")[0] or type(error).__name__
    return text if len(text) <= 120 else f"{text[:117]}..."
