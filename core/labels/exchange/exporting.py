"""What goes out: the facts of a volume's labels or of a result, the slices chosen, the file's name."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import InvalidInputError
from core.images.volumes import VolumeInfo
from core.labels.classes import LabelClass
from core.labels.exchange import Format, ome_zarr
from core.labels.exchange.facts import Facts, FileClass, ReadSlice

_UNSAFE = re.compile(r"[^\w.@=,-]+")


def facts_of(info: VolumeInfo, classes: Sequence[LabelClass], slices: Sequence[int]) -> Facts:
    """What a file tells of the labels of a volume. Raises InvalidInputError when there is no slice."""
    if not slices:
        raise InvalidInputError("There is no slice to export.", "Paint something first, or choose other slices.")
    outside = [z for z in slices if not 0 <= z < info.shape[0]]
    if outside:
        raise InvalidInputError(f"Slice {outside[0] + 1} does not exist; the volume has {info.shape[0]}.")
    table = tuple(FileClass(c.id, c.name, c.color) for c in classes)
    return Facts(info.shape, tuple(sorted(set(slices))), table, info.voxel_size_um, info.name)


def export(kind: Format, folder: Path, facts: Facts, read: ReadSlice, *, told: Callable[[float], None]) -> Path:
    """Write one file into `folder`, whole or not at all, and return where it is.

    told : called with the fraction done.
    """
    target = folder / f"{file_stem(facts.name)}_labels{kind.suffix}"
    draft = folder / f"draft_{target.name}"
    count = len(facts.slices)
    if kind.is_folder:
        tree = folder / target.name.removesuffix(".zip")
        kind.write(tree, facts, read, lambda done: told(0.9 * done / count))
        ome_zarr.pack(tree, draft)
    else:
        kind.write(draft, facts, read, lambda done: told(done / count))
    return draft.replace(target)


def file_stem(name: str) -> str:
    """A volume's name as a file's name.

    >>> file_stem("../movie@t=3 / two")
    'movie@t=3_two'
    """
    return _UNSAFE.sub("_", name).strip("._") or "labels"
