"""What goes out: the facts of a volume's labels or of a result, the slices chosen, the file's name."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import InvalidInputError
from core.images.volumes import VolumeInfo
from core.labels.classes import LabelClass
from core.labels.exchange import Format, ome_zarr
from core.labels.exchange.facts import Facts, FileClass, ReadSlice

DRAFT = "draft_"  # before the name of a file that is not whole
MAX_DIRECT_PIXELS = 1 << 25  # two seconds of work: five slices of 2560 x 2560; more is a job
_UNSAFE = re.compile(r"[^\w.@=,-]+")


def facts_of(info: VolumeInfo, classes: Sequence[LabelClass], slices: Sequence[int], *, name: str = "") -> Facts:
    """What a file tells of the labels of a volume. Raises InvalidInputError when there is no slice."""
    if not slices:
        raise InvalidInputError("There is no slice to export.", "Paint something first, or choose other slices.")
    outside = [z for z in slices if not 0 <= z < info.shape[0]]
    if outside:
        raise InvalidInputError(f"Slice {outside[0] + 1} does not exist; the volume has {info.shape[0]}.")
    table = tuple(FileClass(c.id, c.name, c.color) for c in classes)
    return Facts(info.shape, tuple(sorted(set(slices))), table, info.voxel_size_um, name or info.name)


def export(
    kind: Format, folder: Path, facts: Facts, read: ReadSlice, *, told: Callable[[float], None], packed: bool = True
) -> Path:
    """Write one file into `folder`, whole or not at all, and return where it is.

    Parameters
    ----------
    told : called with the fraction done.
    packed : zip formats that are folders.
    """
    target = folder / f"{file_stem(facts.name)}_labels{kind.suffix}"
    if kind.is_folder:
        return _export_folder(kind, target, facts, read, told=told, packed=packed)
    draft = folder / f"{DRAFT}{target.name}"
    kind.write(draft, facts, read, lambda done: told(done / len(facts.slices)))
    return draft.replace(target)


def _export_folder(
    kind: Format, target: Path, facts: Facts, read: ReadSlice, *, told: Callable[[float], None], packed: bool
) -> Path:
    tree = target.with_name(target.name.removesuffix(".zip"))
    if tree.exists():
        raise InvalidInputError(f"{tree} exists.", "Choose another folder, or remove it first.")
    kind.write(tree, facts, read, lambda done: told(0.9 * done / len(facts.slices)))
    if not packed:
        return tree
    draft = target.with_name(f"{DRAFT}{target.name}")
    ome_zarr.pack(tree, draft)
    shutil.rmtree(tree)
    return draft.replace(target)


def file_stem(name: str) -> str:
    """A volume's name as a file's name.

    >>> file_stem("../movie@t=3 / two")
    'movie@t=3_two'
    """
    return _UNSAFE.sub("_", name).strip("._") or "labels"
