"""The size of a voxel, and the names and colours of channels, as the metadata of an image tell them."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

VoxelSize = tuple[float, float, float]

UM = {  # UDUNITS-2 names, as OME-Zarr prescribes, and their usual short forms
    "angstrom": 1e-4, "nanometer": 1e-3, "micrometer": 1.0, "millimeter": 1e3, "centimeter": 1e4, "meter": 1e6,
    "nm": 1e-3, "um": 1.0, "µm": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6,
}  # fmt: skip


def voxel_size_um(metadata: Mapping[str, Any]) -> VoxelSize | None:
    """(z, y, x) in micrometres, or None when the metadata do not say or make no sense.

    Understood are `voxel_size_um` and `pixel_size_um` (one number, [y, x] or [z, y, x]) and the `multiscales` of
    OME-Zarr 0.4 and 0.5 (https://ngff.openmicroscopy.org), for its largest array.

    >>> voxel_size_um({"voxel_size_um": [2, 0.5, 0.5]})
    (2.0, 0.5, 0.5)
    >>> voxel_size_um({"pixel_size_um": 0.65})
    (0.65, 0.65, 0.65)
    """
    for key in ("voxel_size_um", "pixel_size_um"):
        if key in metadata:
            return _checked(metadata[key])
    scales = multiscales(metadata)
    return _ome_size(scales) if scales else None


def multiscales(metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first `multiscales` entry of OME-Zarr metadata that names an array, or None."""
    attributes = metadata.get("attributes")
    for holder in (metadata, attributes, metadata.get("ome"), _get(attributes, "ome")):
        entries = _get(holder, "multiscales")
        first = entries[0] if isinstance(entries, Sequence) and entries else None
        datasets = _get(first, "datasets")
        named = isinstance(datasets, Sequence) and datasets and isinstance(_get(datasets[0], "path"), str)
        if named and isinstance(first, Mapping):
            return first
    return None


def channel_labels(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the channels as the `omero` part of OME-Zarr metadata gives them; empty when it does not.

    >>> channel_labels({"omero": {"channels": [{"label": "DNA"}, {}]}})
    ('DNA', '')
    """
    return tuple(str(_get(channel, "label") or "") for channel in _omero_channels(metadata))


def channel_colors(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Colours of the channels as "#rrggbb", from the same place; empty when they cannot tell the channels apart.

    >>> channel_colors({"omero": {"channels": [{"color": "0000FF"}, {"color": "00FF00"}]}})
    ('#0000ff', '#00ff00')
    >>> channel_colors({"omero": {"channels": [{"color": "FFFFFF"}, {"color": "FFFFFF"}]}})
    ()
    """
    given = [str(_get(channel, "color") or "").removeprefix("#").lower() for channel in _omero_channels(metadata)]
    are_usable = all(re.fullmatch("[0-9a-f]{6}", color) for color in given) and len(set(given)) == len(given)
    return tuple(f"#{color}" for color in given) if are_usable else ()


def _omero_channels(metadata: Mapping[str, Any]) -> Sequence[Any]:
    attributes = metadata.get("attributes")
    for holder in (metadata, attributes, metadata.get("ome"), _get(attributes, "ome")):
        channels = _get(_get(holder, "omero"), "channels")
        if isinstance(channels, Sequence) and channels:
            return channels
    return ()


def _get(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, Mapping) else None


def _checked(size: Any) -> VoxelSize | None:
    values = [size] * 3 if isinstance(size, int | float) else size
    if not isinstance(values, Sequence) or len(values) not in (2, 3):
        return None
    try:
        numbers = [float(v) for v in values]
    except (TypeError, ValueError):
        return None
    if not all(math.isfinite(v) and v > 0 for v in numbers):
        return None
    y, x = numbers[-2:]
    return (numbers[0] if len(numbers) == 3 else x, y, x)  # a plain image has no depth; a cube is the best guess


def _ome_size(scales: Mapping[str, Any]) -> VoxelSize | None:
    axes = [axis for axis in scales.get("axes") or [] if isinstance(axis, Mapping)]
    factors = [_scale(scales, len(axes)), _scale(scales["datasets"][0], len(axes))]
    size = {
        axis.get("name"): UM.get(axis.get("unit", ""), math.nan) * math.prod(f[place] for f in factors)
        for place, axis in enumerate(axes)
    }
    return _checked([size[name] for name in "zyx" if name in size])


def _scale(holder: Any, axes: int) -> list[float]:
    for transform in _get(holder, "coordinateTransformations") or []:
        scale = _get(transform, "scale")
        if isinstance(scale, Sequence) and len(scale) == axes and all(isinstance(v, int | float) for v in scale):
            return list(scale)
    return [1.0] * axes
