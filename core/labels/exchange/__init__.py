"""Exchange of labels with other programs: one file a format, and this table of them.

Every format writes slice by slice and reads slice by slice. `importing.py` says what of a file fits a volume;
`exporting.py` chooses what goes out. Files come from strangers: whatever a library says about a broken one becomes one
sentence here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from core.errors import AppError, LabelFileError
from core.labels.exchange import coco, former_app, geojson, nifti, npz, nrrd, ome_zarr, png, tiff
from core.labels.exchange.archives import open_archive
from core.labels.exchange.facts import Facts, LabelFile, ReadSlice, Shape, Told, check_size

T = TypeVar("T")
Opener = Callable[[Path, Shape], LabelFile]


@dataclass(frozen=True)
class Format:
    """A way to write labels. suffix : of the file people get. purpose, limits : a sentence each, for the page."""

    key: str
    title: str
    suffix: str
    purpose: str
    limits: str
    write: Callable[[Path, Facts, ReadSlice, Told], None]
    is_folder: bool = False


_ALL = "Holds names, colours, voxel size and origin."
FORMATS = {
    row.key: row
    for row in (
        Format("tiff", "TIFF stack", ".tif", "For Fiji, napari and scripts: one page a slice.", _ALL, tiff.write),
        Format("npz", "NumPy archive", ".npz", "For Python: numpy.load(file)['labels'].", _ALL, npz.write),
        Format(
            "ome-zarr", "OME-Zarr", ".zarr.zip",
            "For large stacks, in napari and cloud viewers: a pyramid over the whole volume.",
            _ALL, ome_zarr.write, is_folder=True,
        ),
        Format(
            "nifti", "NIfTI", ".nii.gz", "For ITK-SNAP and medical tools: one block of slices.",
            "Viewers show values without names; names and colours return on import.", nifti.write,
        ),
        Format("nrrd", "NRRD", ".seg.nrrd", "For 3D Slicer: a segmentation with names and colours.", _ALL, nrrd.write),
        Format(
            "coco", "COCO", ".json", "For instance networks: polygons, and run lengths where there are holes.",
            "Regions that touch corner to corner become two objects.", coco.write,
        ),
        Format("geojson", "GeoJSON", ".geojson", "For QuPath: polygons with holes, in pixels.", _ALL, geojson.write),
        Format(
            "png", "PNG pictures", ".zip", "For looking through and simple scripts: a coloured picture a slice.",
            f"Slices of up to {png.MAX_PIXELS // 10**6} megapixels.", png.write,
        ),
        Format(
            "former-app", "mlex masks", ".zip", "For mlex_highres_segmentation: mask_N.npy, -1 for unlabelled.",
            "That program reads neither names, colours nor voxel size.", former_app.write,
        ),
    )
}  # fmt: skip
IMPORTABLE = ".tif .tiff .npz .npy .zip .nii .nii.gz .nrrd .json .geojson"


def find_format(key: str) -> Format:
    """Raises LabelFileError."""
    if key not in FORMATS:
        raise LabelFileError(f"{key!r} is no format.", f"Choose one of {', '.join(FORMATS)}.")
    return FORMATS[key]


def open_labels(path: Path, shape: Shape) -> LabelFile:
    """Open a file or folder of any of the formats; its pixels are read when somebody iterates.

    Parameters
    ----------
    shape : (Z, Y, X) of the volume it is meant for.

    Raises
    ------
    LabelFileError
        If it is none of them, or damaged; also while iterating.
    """
    file = _guarded(path, lambda: _opener(path)(path, shape))
    if not file.facts.slices:
        raise LabelFileError(f"{path.name} holds no slice.", "Choose another file.")
    return replace(file, read=lambda: _checked(path, file))


def _opener(path: Path) -> Opener:
    name = path.name.lower()
    if path.is_dir():
        return _plain(ome_zarr.open_file)
    if name.endswith(".zip"):
        return _plain(_archive_opener(path))
    for suffix, opener in _BY_SUFFIX.items():
        if name.endswith(suffix):
            return opener
    raise LabelFileError(f"{path.name} is of no known format.", f"Files may end in {IMPORTABLE}.")


def _plain(opener: Callable[[Path], LabelFile]) -> Opener:
    return lambda path, _shape: opener(path)


def _archive_opener(path: Path) -> Callable[[Path], LabelFile]:
    with open_archive(path) as archive:
        if former_app.holds_masks(archive):
            return former_app.open_file
        names = archive.namelist()
    if any(name.lower().endswith(".png") for name in names):
        return png.open_file
    return ome_zarr.open_file


def _json_opener(path: Path, shape: Shape) -> LabelFile:
    """COCO, GeoJSON and the JSON of Label Studio share an ending."""
    from core.labelstudio import files as labelstudio  # late: it draws with what is here

    with path.open("rb") as file:
        head = file.read(4096)
    if head.lstrip().startswith((b"[", b'{"labelstudio"')):
        return labelstudio.open_file(path, shape)
    order: tuple[Opener, Opener] = (coco.open_file, geojson.open_file)
    first, second = order if b'"info"' in head else order[::-1]
    try:
        return first(path, shape)
    except (KeyError, TypeError):
        return second(path, shape)


_BY_SUFFIX: dict[str, Opener] = {
    ".tif": _plain(tiff.open_file),
    ".tiff": _plain(tiff.open_file),
    ".npz": _plain(npz.open_file),
    ".npy": _plain(npz.open_file),
    ".nii": _plain(nifti.open_file),
    ".nii.gz": _plain(nifti.open_file),
    ".nrrd": _plain(nrrd.open_file),
    ".geojson": _json_opener,
    ".json": _json_opener,
}


def _checked(path: Path, file: LabelFile) -> Iterator[NDArray[Any]]:
    slices = _guarded(path, lambda: iter(file.read()))
    for _ in file.facts.slices:
        yield check_size(_guarded(path, lambda: next(slices)), file.facts)


def _guarded(path: Path, act: Callable[[], T]) -> T:
    """What a library makes of a hostile file can be anything; a person reads one sentence."""
    try:
        return act()
    except AppError:
        raise
    except StopIteration as error:
        raise LabelFileError(f"{path.name} ends too soon.", "Write or send it again.") from error
    except MemoryError as error:
        raise LabelFileError(f"{path.name} needs more memory than there is.", "Use smaller pieces.") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0][:160]
        raise LabelFileError(f"{path.name} cannot be read ({reason}).", "It may be damaged; write it again.") from error
