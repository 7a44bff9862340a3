"""Which axes the pages of a TIFF run over: a file of several times, channels or depths is one long row of pages.

OME-XML, ImageJ and tifffile say so in the first page's description. What they say is believed only when it accounts
for every page in its place; else the pages are a plain stack.
"""

import math
import re
from dataclasses import dataclass

import tifffile

STACK = "Z"
MOST_UNNAMED = 3  # axes beside those of a page that have no name: more of them nobody can tell apart
OPAQUE_BITS = 8  # an OME colour is 0xRRGGBBAA


@dataclass(frozen=True)
class PageAxes:
    """names : a letter for each axis, slowest first. sizes : as long. Their product is the number of pages."""

    names: str
    sizes: tuple[int, ...]


def page_axes(series: tifffile.TiffPageSeries, pages: int) -> PageAxes:
    """The axes that the pages of a file run over; those of length one are left out unless there is but one page."""
    page = series.keyframe
    found = _ome_axes(page.description) or _series_axes(series, page)
    long = [(name, size) for name, size in zip(found.names, found.sizes, strict=True) if size > 1]
    names, sizes = "".join(name for name, _ in long), tuple(size for _, size in long)
    if math.prod(sizes) != pages or not _can_be_told_apart(names, is_colour=page.axes != "YX"):
        return PageAxes(STACK, (pages,))
    return PageAxes(names if len(names) > 1 or names in "CT" else STACK, sizes)


def ome_channels(xml: str, count: int) -> list[dict[str, str]]:
    """Names and colours of the channels, in the words of OME-Zarr's `omero`; empty unless there are `count`."""
    tags = re.findall(r"<Channel\b[^>]*>", xml)
    if len(tags) != count:
        return []
    facts = [{"label": _attribute(tag, "Name"), "color": _hex(_attribute(tag, "Color"))} for tag in tags]
    return [{name: value for name, value in each.items() if value} for each in facts]


def _can_be_told_apart(names: str, *, is_colour: bool) -> bool:
    """By name, or by being few. One page has no axis to tell."""
    return names != "" and (len(set(names)) == len(names) or len(names) + is_colour <= MOST_UNNAMED)


def _series_axes(series: tifffile.TiffPageSeries, page: tifffile.TiffPage) -> PageAxes:
    if not series.axes.endswith(page.axes):
        return PageAxes("", ())
    leading = len(series.axes) - len(page.axes)
    return PageAxes(series.axes[:leading], tuple(series.shape[:leading]))


def _ome_axes(xml: str) -> PageAxes | None:
    """What OME-XML says of a file that holds all pages of one image, in the order of its axes; else None."""
    pixels = re.findall(r"<Pixels\b[^>]*>", xml)
    order = _attribute(pixels[0], "DimensionOrder") if len(pixels) == 1 else ""
    sizes = {axis: _number(_attribute(pixels[0], f"Size{axis}"), 1) for axis in "TCZ"} if order else {}
    samples = _number(_attribute(xml, "SamplesPerPixel"), 1)
    if sorted(order) != list("CTXYZ") or not order.startswith("XY") or sizes["C"] % samples:
        return None
    sizes["C"] //= samples  # colours of one pixel are one page
    found = PageAxes(order[:1:-1], tuple(sizes[axis] for axis in order[:1:-1]))
    return found if _lie_in_order(xml, found) else None


def _lie_in_order(xml: str, axes: PageAxes) -> bool:
    """Whether each run of pages lies where the order of the axes puts it."""
    for tag in re.findall(r"<TiffData\b[^>]*>", xml):
        page = 0
        for name, size in zip(axes.names, axes.sizes, strict=True):
            page = page * size + _number(_attribute(tag, f"First{name}"), 0)
        if _number(_attribute(tag, "IFD"), 0) != page:
            return False
    return True


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found.group(1) if found else ""


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and int(text) >= otherwise else otherwise


def _hex(color: str) -> str:
    """An OME colour, a signed 32-bit number, as RRGGBB.

    >>> _hex("16711935"), _hex("-16776961"), _hex("")
    ('00FF00', 'FF0000', '')
    """
    if not re.fullmatch(r"-?\d{1,10}", color):
        return ""
    return f"{(int(color) & 0xFFFFFFFF) >> OPAQUE_BITS:06X}"
