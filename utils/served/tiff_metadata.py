"""What a TIFF says about itself besides pixels: voxel size and a short description.

Three dialects are understood: ImageJ, OME-XML and the plain resolution tags. A resolution in inches is left out: it
is nearly always the 72 or 300 dpi of a printer and would give a wrong scale bar.
"""

import math
import re
from typing import Any

import tifffile

from utils.served.tiff_axes import PageAxes, ome_channels

MAX_DESCRIPTION = 300
MACHINE_TALK = ("ImageJ=", '{"shape"', "<?xml", "<OME")  # written by programs for programs
UM_PER_UNIT = {
    "m": 1e6, "cm": 1e4, "mm": 1e3, "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "microns": 1.0,
    "micrometer": 1.0, "nm": 1e-3, "Å": 1e-4, "pm": 1e-6,
}  # fmt: skip
RESOLUTION_UM = {3: 1e4, 4: 1e3, 5: 1.0}  # TIFF tag 296: centimetre, and the common extensions millimetre, micrometre


def describe(tif: tifffile.TiffFile, series: tifffile.TiffPageSeries, axes: PageAxes) -> dict[str, Any]:
    """Metadata of a file: `pages`, `axes` as it is served, and where known `voxel_size_um` [z, y, x] and `description`.

    Channels that have names or colours come as OME-Zarr's `omero`.
    """
    page = series.keyframe
    of_page = "YX" if page.axes == "YX" else "YXS"
    facts: dict[str, Any] = {"pages": math.prod(axes.sizes), "axes": axes.names + of_page}
    text = "".join(c for c in page.description if c.isprintable() or c == "\n").strip()
    if text and not text.startswith(MACHINE_TALK):
        facts["description"] = text[:MAX_DESCRIPTION]
    channels = ome_channels(page.description, dict(zip(axes.names, axes.sizes, strict=True)).get("C", 0))
    if any(channels):
        facts["omero"] = {"channels": channels}
    voxel = _ome_voxel(page.description) or _tag_voxel(tif, page)
    if voxel is not None:
        facts["voxel_size_um"] = list(voxel)
    return facts


def _ome_voxel(xml: str) -> tuple[float, float, float] | None:
    if "PhysicalSizeX" not in xml:
        return None
    y, x = _ome_size(xml, "Y"), _ome_size(xml, "X")
    if y is None or x is None:
        return None
    return (_ome_size(xml, "Z") or x, y, x)


def _ome_size(xml: str, axis: str) -> float | None:
    size = re.search(rf'PhysicalSize{axis}="([^"]*)"', xml)
    unit = re.search(rf'PhysicalSize{axis}Unit="([^"]*)"', xml)
    return _positive(size.group(1) if size else "", UM_PER_UNIT.get(unit.group(1) if unit else "µm"))


def _tag_voxel(tif: tifffile.TiffFile, page: tifffile.TiffPage) -> tuple[float, float, float] | None:
    """From ImageJ's unit or the resolution unit; without a slice distance a voxel is taken to be as deep as wide."""
    imagej = (tif.imagej_metadata or {}) if tif.is_imagej else {}
    unit = str(imagej.get("unit", "")).replace("\\u00B5", "µ")
    um = UM_PER_UNIT.get(unit) if unit else RESOLUTION_UM.get(int(page.tags.valueof(296, default=2)))
    y, x = (_pixel_size(page, tag, um) for tag in (283, 282))
    if y is None or x is None:
        return None
    return (_positive(str(imagej.get("spacing", "")), um) or x, y, x)


def _pixel_size(page: tifffile.TiffPage, tag: int, um: float | None) -> float | None:
    pixels, units = page.tags.valueof(tag, default=(0, 1))
    return _positive(str(units / pixels), um) if pixels and units else None


def _positive(text: str, um: float | None) -> float | None:
    try:
        size = float(text) * (um or 0.0)
    except ValueError:
        return None
    return size if 0 < size < float("inf") else None
