"""What a table is made of: the slices of a volume, square tiles of them, or images that lie together in a folder."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.errors import InvalidInputError
from core.images.volumes import VolumeInfo
from core.learning.curation.store import Item, Mark

MAX_ITEMS = 100_000
TILE_RANGE_PX = (16, 4096)
TILES_ACROSS = 4  # at least, of a slice that is searched
SIGNS = {"positive": 1, "negative": 0}  # folders of the Active-Labeler
SEARCHED = 2000  # tiles: some ten seconds until one can search them


def slice_items(info: VolumeInfo, *, every: int = 1) -> list[Item]:
    """Every `every`-th slice. Raises InvalidInputError."""
    return numbered(Item(0, info.path, z) for z in _slices(info, every))


def tile_items(info: VolumeInfo, *, side_px: int, every: int = 1, overlap_px: int = 0) -> list[Item]:
    """Squares side by side on every `every`-th slice; what is left at the edge is left out, unless nothing else fits.

    overlap_px : by which squares overlap; then the last ones lie flush with the edge, and nothing is left out.

    Raises
    ------
    InvalidInputError
        If side or overlap are out of range, or there would be too many.

    >>> from core.images.memory import ArrayVolume
    >>> import numpy as np
    >>> [item.box for item in tile_items(ArrayVolume(np.zeros((1, 40, 70), np.uint8)).info, side_px=32)]
    [(0, 0, 32, 32), (0, 32, 32, 64)]
    >>> slices = ArrayVolume(np.broadcast_to(np.uint8(0), (1, 2560, 2160))).info
    >>> [item.box[:2] for item in tile_items(slices, side_px=1024, overlap_px=150)][1::3]
    [(0, 874), (874, 874), (1536, 874)]
    """
    least, most = TILE_RANGE_PX
    if not least <= side_px <= most:
        raise InvalidInputError(f"Tiles of {side_px} pixels are not possible.", f"Choose {least} to {most}.")
    if not 0 <= overlap_px < side_px:
        raise InvalidInputError(f"Tiles cannot overlap by {overlap_px} pixels.", f"Choose 0 to {side_px - 1}.")
    _, height, width = info.shape
    rows, columns = (_starts(length, side_px, overlap_px) for length in (height, width))
    boxes = [(y, x, min(y + side_px, height), min(x + side_px, width)) for y in rows for x in columns]
    _check_count(len(boxes) * len(_slices(info, every)))
    return numbered(Item(0, info.path, z, box) for z in _slices(info, every) for box in boxes)


def searched_items(info: VolumeInfo, *, most: int = SEARCHED) -> list[Item]:
    """Tiles to search a volume by: the largest that still show a detail, and slices left out until there are few.

    >>> from core.images.memory import ArrayVolume
    >>> import numpy as np
    >>> items = searched_items(ArrayVolume(np.zeros((10, 512, 512), np.uint8)).info, most=20)
    >>> len(items), items[0].box, items[-1].z
    (16, (0, 0, 128, 128), 0)
    """
    _, height, width = info.shape

    def tiles(side_px: int) -> int:
        return len(_starts(height, side_px)) * len(_starts(width, side_px))

    side_px = _power(min(height, width) // TILES_ACROSS)
    while tiles(side_px) > most and side_px < TILE_RANGE_PX[1]:
        side_px *= 2
    slices = max(most // tiles(side_px), 1)
    return tile_items(info, side_px=side_px, every=-(-info.shape[0] // slices))


def folder_items(infos: Iterable[VolumeInfo], folder: str) -> list[Item]:
    """Every image below a folder; of a stack each slice. Where it lies below the folder is its subset.

    Raises
    ------
    InvalidInputError
        If there is none, or there are too many.
    """
    root = folder.strip("/")
    below = [info for info in infos if not root or info.path.startswith(f"{root}/") or info.path == root]
    items = [Item(0, info.path, z, subset=_subset(info.path, root)) for info in below for z in range(info.shape[0])]
    if not items:
        raise InvalidInputError(f"No image lies in {folder!r}.", "Write the folder as the list of datasets has it.")
    return numbered(items)


def marks_of_folders(items: Iterable[Item], classes: Sequence[str]) -> list[Mark]:
    """What the names of folders say, of items that lie in one: their subset ends in it, upper or lower case alike.

    In a folder named as a class: yes to it, no to every other class that has a folder. With one class alone, folders
    "positive" and "negative" say yes and no. Of items in other folders nothing is said.

    >>> items = [Item(0, "a", subset="Pore"), Item(1, "b", subset="x/crack"), Item(2, "c", subset="other")]
    >>> [(mark.item, mark.field, mark.value) for mark in marks_of_folders(items, ["pore", "crack", "dust"])]
    [(0, 'pore', 1), (0, 'crack', 0), (1, 'pore', 0), (1, 'crack', 1)]
    """
    folders = {item.number: item.subset.rpartition("/")[2].lower() for item in items}
    names = {name: name.lower() for name in classes if name.lower() in folders.values()}
    marks = [
        Mark(number, name, int(folder == low))
        for number, folder in folders.items()
        for name, low in names.items()
        if folder in names.values()
    ]
    signs = SIGNS if len(classes) == 1 and not marks else {}
    return marks + [Mark(number, classes[0], signs[folder]) for number, folder in folders.items() if folder in signs]


def numbered(items: Iterable[Item]) -> list[Item]:
    """With their places in the table. Raises InvalidInputError."""
    made = [replace(item, number=number) for number, item in enumerate(items)]
    _check_count(len(made))
    return made


def _slices(info: VolumeInfo, every: int) -> range:
    if every < 1:
        raise InvalidInputError(f"Every {every}th slice is no choice.", "Write 1 for all of them.")
    return range(0, info.shape[0], every)


def _power(side_px: int) -> int:
    """The power of two below, within 32 to 256 pixels: what embeddings are good at."""
    return min(max(1 << max(side_px.bit_length() - 1, 0), 32), 256)


def _starts(length: int, side: int, overlap: int = 0) -> list[int]:
    inside = list(range(0, length - side + 1, side - overlap)) or [0]
    is_flush = inside[-1] + side >= length
    return inside if is_flush or not overlap else [*inside, length - side]


def _subset(path: str, root: str) -> str:
    return path.rpartition("/")[0].removeprefix(root).strip("/")


def _check_count(count: int) -> None:
    if count > MAX_ITEMS:
        raise InvalidInputError(f"That would be {count:,} items; a table holds {MAX_ITEMS:,}.", "Leave slices out.")
