"""Masks and results as Tiled keeps them (docs/contracts.md, "Tiled"): places in a class table instead of class ids.

Pure translation; `utils/images/tiled_masks.py` does the talking.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.classes import OKABE_ITO, LabelClass

UNLABELLED = -1


def places_of(labels: NDArray[np.uint8], class_ids: Sequence[int]) -> NDArray[np.int8]:
    """Class ids to 0-based places in `class_ids`; everything else becomes -1.

    >>> places_of(np.array([[0, 5, 2]], np.uint8), [2, 5]).tolist()
    [[-1, 1, 0]]
    """
    table = np.full(256, UNLABELLED, np.int8)
    table[list(class_ids)] = np.arange(len(class_ids))
    return table[labels]


def labels_of(places: NDArray[np.int8], class_ids: Sequence[int]) -> NDArray[np.uint8]:
    """Places back to class ids; a place without a class becomes 0.

    >>> labels_of(np.array([[-1, 1, 0]], np.int8), [2, 5]).tolist()
    [[0, 5, 2]]
    """
    table = np.zeros(256, np.uint8)
    table[: len(class_ids)] = class_ids
    return table[places.view(np.uint8)]  # -1 reads as 255, which no table of at most 127 classes reaches


def class_table(classes: Sequence[LabelClass]) -> dict[str, dict[str, Any]]:
    """{"0": {"label", "color", "id"}, ...} in the order of the places."""
    return {str(n): {"label": c.name, "color": c.color, "id": c.id} for n, c in enumerate(classes)}


def classes_of(metadata: Mapping[str, Any]) -> tuple[LabelClass, ...]:
    """The classes of a published mask or result, in the order of the places.

    Masks of the former app have no ids: place n is class n + 1 then.

    Raises
    ------
    InvalidInputError
        If the metadata hold no class table.
    """
    try:
        rows = sorted(metadata["classes"].items(), key=lambda row: int(row[0]))
        return tuple(_class(int(place), row) for place, row in rows)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError(
            "This mask has no class table.", 'Its metadata must hold "classes": {"0": {"label", "color"}, ...}.'
        ) from error


def _class(place: int, row: Mapping[str, Any]) -> LabelClass:
    color = str(row.get("color") or OKABE_ITO[place % len(OKABE_ITO)])
    return LabelClass(int(row.get("id", place + 1)), str(row["label"]), color)


def mask_metadata(
    *, volume: str, data_uri: str, shape: tuple[int, int], slices: Sequence[int], classes: Sequence[LabelClass]
) -> dict[str, Any]:
    """Metadata of a mask's container. `annotations` is empty: the truth is pixels, not shapes."""
    return {
        "project_name": volume,
        "data_uri": data_uri,
        "image_shape": list(shape),
        "mask_idx": list(slices),
        "classes": class_table(classes),
        "unlabeled_class_id": UNLABELLED,
        "annotations": {},
    }


def result_metadata(
    *, job_id: str, job_name: str, model: str, data_uri: str, mask_uri: str, slices: Sequence[int],
    classes: Sequence[LabelClass],
) -> dict[str, Any]:  # fmt: skip
    """Metadata of a result's container."""
    return {
        "data_uri": data_uri,
        "mask_uri": mask_uri,
        "mask_idx": list(slices),
        "uid": job_id,
        "model": model,
        "job_name": job_name,
        "classes": class_table(classes),
    }


def fingerprint(metadata: Mapping[str, Any], masks: Iterable[bytes]) -> str:
    """32 hex digits that are equal when metadata and pixels are."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True, separators=(",", ":")).encode())
    for mask in masks:
        digest.update(mask)
    return digest.hexdigest()[:32]
