"""The dataset picker: a panel over the image with every volume that Tiled serves."""

import math
from urllib.parse import urlencode

from dash import dcc, html

from components import ids
from core.errors import AppError
from core.images.volumes import CatalogEntry, Listing, VolumeInfo

POLL_MS = 1000  # while more datasets are being found
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def picker() -> html.Div:
    """Closed and empty; assets/page.js opens it, `callbacks/datasets.py` fills it."""
    return html.Div(
        [
            html.Div(
                [
                    html.H2("Datasets"),
                    html.Button("Refresh", id=ids.DATASET_REFRESH, className="button"),
                    html.Button(
                        html.Span(className="icon icon-close"),
                        id=ids.DATASET_CLOSE,
                        className="icon-button",
                        title="Close (Esc)",
                        **{"aria-label": "Close"},
                    ),
                ],
                className="picker-head",
            ),
            dcc.Input(
                id=ids.DATASET_SEARCH,
                type="search",
                placeholder="Search by name, shape or type",
                className="field",
                autoComplete="off",
            ),
            html.Div("Looking for datasets", id=ids.DATASET_LIST, className="dataset-list"),
            dcc.Interval(id=ids.DATASET_POLL, interval=POLL_MS, disabled=True),
        ],
        id=ids.DATASET_PICKER,
        className="picker",
        role="dialog",
        **{"aria-label": "Datasets"},
    )


def rows(listing: Listing) -> list[html.Div | dcc.Link]:
    """A link for each volume that opens, a line with the reason for each that does not."""
    found = [_row(entry) for entry in listing.entries]
    if not listing.is_complete:
        return [_looking(len(found)), *found]
    if not found:
        return [_notice("The Tiled server has no images.", "Put TIFF, HDF5 or zarr files in its folder, then refresh.")]
    none = html.Div("Nothing is called that.", className="notice dataset-none", hidden=True)
    return [*found, none]


def _looking(count: int) -> html.Div:
    return html.Div(f"Looking for more datasets, {count} so far", className="notice dataset-looking", role="status")


def failure(error: AppError) -> list[html.Div]:
    """Why there is no list, and the way out."""
    return [_notice(error.message, error.hint)]


def link(path: str, *, z: int | None = None) -> str:
    """The part of the page's address that opens a volume.

    >>> link("sample/bead pack", z=4)
    '?volume=sample%2Fbead+pack&slice=5'
    """
    return "?" + urlencode({"volume": path} if z is None else {"volume": path, "slice": z + 1})


def size(count: int) -> str:
    """Bytes as people say them.

    >>> size(28 * 2**30)
    '28 GiB'
    """
    number, unit = float(count), 0
    while number >= 1024 and unit < len(UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.3g} {UNITS[unit]}"


def _row(entry: CatalogEntry) -> html.Div | dcc.Link:
    folder, _, name = entry.path.rpartition("/")
    title = [html.Span(name, className="dataset-title"), html.Span(folder, className="dataset-folder")]
    if entry.info is None:
        return html.Div([*title, html.Span(entry.reason, className="dataset-reason")], className="dataset-row broken")
    about = html.Span(_about(entry.info), className="dataset-about")
    row = dcc.Link(
        [*title, about], href=link(entry.path), id=ids.dataset_row(entry.path), className="dataset-row", refresh=False
    )
    beside = html.Button(
        "Beside",
        id=ids.dataset_compare(entry.info.id),
        className="dataset-beside",
        title=f"Look at {name} beside the open image",
    )
    return html.Div([row, beside], className="dataset-line")


def _about(info: VolumeInfo) -> str:
    shape = " x ".join(map(str, info.shape if info.shape[0] > 1 else info.shape[1:]))
    colours = f" x {info.channels} channels" if info.channels > 1 else ""
    further = "".join(f" x {axis.size} {axis.name}" for axis in info.extra_axes)
    volumes = math.prod(axis.size for axis in info.extra_axes)
    return f"{shape}{colours}{further}  {info.dtype.name}  {size(info.nbytes * volumes)}"


def _notice(message: str, hint: str) -> html.Div:
    return html.Div([html.Strong(message), html.Span(hint)], className="notice")
