"""The dataset picker: a panel over the image with every volume that Tiled serves."""

import math
from typing import Any

from dash import dcc, html

from components import ids
from core.errors import AppError
from core.images.volumes import CatalogEntry, Listing, VolumeInfo

POLL_MS = 1000  # while more datasets are being found
NONE = {
    "message": "The Tiled server has no images.",
    "hint": "Put TIFF, HDF5, zarr, PNG or JPEG files in its folder, then refresh.",
}
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def picker() -> html.Div:
    """Closed and empty; assets/datasets.js opens it and draws the list of `callbacks/datasets.py`."""
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
            html.Div(id=ids.DATASET_LIST, className="dataset-list"),
            dcc.Interval(id=ids.DATASET_POLL, interval=POLL_MS, disabled=True),
        ],
        id=ids.DATASET_PICKER,
        className="picker",
        role="dialog",
        **{"aria-label": "Datasets"},
    )


def listed(listing: Listing) -> dict[str, Any]:
    """What assets/datasets.js draws: plain words, for a component each would hold the page up for minutes.

    rows : of each volume its "path" and "id", "name" and "folder", what it is "about" or the "reason" why it does not
    open. looking : how many there are so far while more are sought, else None. notice : "message" and "hint", or None.
    """
    looking = None if listing.is_complete else len(listing.entries)
    nothing = listing.is_complete and not listing.entries
    return {"rows": [_row(entry) for entry in listing.entries], "looking": looking, "notice": NONE if nothing else None}


def failed(error: AppError) -> dict[str, Any]:
    """Why there is no list, and the way out."""
    return {"rows": [], "looking": None, "notice": {"message": error.message, "hint": error.hint}}


def size(count: int) -> str:
    """Bytes as people say them.

    >>> size(28 * 2**30)
    '28 GiB'
    """
    number, unit = float(count), 0
    while number >= 1024 and unit < len(UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.3g} {UNITS[unit]}"


def _row(entry: CatalogEntry) -> dict[str, str]:
    folder, _, name = entry.path.rpartition("/")
    told = {"reason": entry.reason} if entry.info is None else {"id": entry.info.id, "about": _about(entry.info)}
    return {"path": entry.path, "name": name, "folder": folder, **told}


def _about(info: VolumeInfo) -> str:
    shape = " x ".join(map(str, info.shape if info.shape[0] > 1 else info.shape[1:]))
    colours = f" x {info.channels} channels" if info.channels > 1 else ""
    further = "".join(f" x {axis.size} {axis.name}" for axis in info.extra_axes)
    volumes = math.prod(axis.size for axis in info.extra_axes)
    return f"{shape}{colours}{further}  {info.dtype.name}  {size(info.nbytes * volumes)}"
