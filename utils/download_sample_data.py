"""Sample data for a first try: ``python3 utils/download_sample_data.py``.

Without arguments it draws three data sets into data/ (about 200 MB, no network): a float32 bead pack in one
multi-page TIFF, a uint16 fibre composite as one TIFF a slice, and one micrograph of 8192 x 8192 pixels. The class of
every pixel is in data/truth. What exists is kept; `--force` draws it again.

``--url URL [--sha256 HEX]`` fetches a public archive instead and unpacks it into data/.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # run as a file, Python looks only beside the file
    sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import tifffile  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from core.errors import AppError  # noqa: E402
from core.images import synthetic  # noqa: E402
from utils.downloads import archive_name, fetch, unpack  # noqa: E402


@dataclass(frozen=True)
class Sample:
    """A data set to draw. `sequence` writes a folder of one file a slice, else one file."""

    name: str
    classes: tuple[str, ...]
    draw: Callable[[], Iterable[synthetic.Drawn]]
    voxel_um: float
    sequence: bool = False

    @property
    def file(self) -> str:
        return self.name if self.sequence else f"{self.name}.tif"


SAMPLES = (
    Sample("bead_pack", synthetic.BEAD_PACK_CLASSES, synthetic.bead_pack, voxel_um=0.65),
    Sample("fibres", synthetic.FIBRE_CLASSES, synthetic.fibre_stack, voxel_um=0.5, sequence=True),
    Sample("alloy_8192", synthetic.ALLOY_CLASSES, lambda: [synthetic.alloy_micrograph()], voxel_um=0.02),
)


def make_samples(folder: Path, samples: Sequence[Sample] = SAMPLES, *, force: bool = False) -> Iterator[str]:
    """Draw what is missing and yield a line about each data set.

    Each appears under its name only when it and its truth are whole.
    """
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for sample in samples:
        target, truth = folder / sample.file, folder / "truth" / f"{sample.name}.tif"
        if target.exists() and truth.exists() and not force:
            yield f"{target} is there already."
            continue
        _write_sample(sample, target, truth)
        yield f"{target} is made; the class of every pixel is in {truth}."
    names = {s.name: {str(n): label for n, label in enumerate(s.classes, start=1)} for s in samples}
    _replace(folder / "truth" / "classes.json", lambda path: path.write_text(json.dumps(names, indent=2) + "\n"))


def _write_sample(sample: Sample, target: Path, truth: Path) -> None:
    drawn = list(sample.draw())
    masks = np.stack([slice_.truth for slice_ in drawn])
    _replace(truth, lambda path: tifffile.imwrite(path, masks, compression="zlib", photometric="minisblack"))
    images = [slice_.image for slice_ in drawn]
    write = _write_sequence if sample.sequence else _write_stack
    _replace(target, lambda path: write(path, images, sample.voxel_um))


def _write_stack(path: Path, images: Sequence[NDArray[Any]], voxel_um: float) -> None:
    shape = (len(images), *images[0].shape)
    options = _imagej(voxel_um, axes="ZYX")
    tifffile.imwrite(path, iter(images), shape=shape, dtype=images[0].dtype, **options)


def _write_sequence(path: Path, images: Sequence[NDArray[Any]], voxel_um: float) -> None:
    path.mkdir()
    for z, image in enumerate(images):
        tifffile.imwrite(path / f"slice_{z:04d}.tif", image, **_imagej(voxel_um, axes="YX"))


def _imagej(voxel_um: float, *, axes: str) -> dict[str, Any]:
    """ImageJ's way to keep the voxel size, which most programs read."""
    metadata = {"axes": axes, "unit": "um", "spacing": voxel_um}
    return {"imagej": True, "resolution": (1 / voxel_um, 1 / voxel_um), "metadata": metadata}


def _replace(target: Path, write: Callable[[Path], Any]) -> None:
    """Write to a hidden neighbour, which the server does not show, and rename it."""
    building = target.with_name(f".{target.name}.part")
    _remove(building)
    write(building)
    if target.is_dir():
        _remove(target)
    building.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def download(url: str, folder: Path, *, sha256: str | None, force: bool = False) -> str:
    """Fetch an archive and unpack it as a folder of its name; return a line about it."""
    name, file = archive_name(url)
    target = folder / name
    if target.exists() and not force:
        return f"{target} is there already."
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f".{file}"
    found = fetch(url, archive, sha256=sha256, progress=_show_progress)
    try:
        _replace(target, lambda path: unpack(archive, path))
    finally:
        archive.unlink()
    checked = "as asked for" if sha256 else "not checked, as no --sha256 was given"
    return f"{target} is unpacked. SHA-256 {found} ({checked})."


def _show_progress(done: int, total: int | None) -> None:
    of = f" of {total / 2**20:.0f} MiB ({100 * done / total:.0f} %)" if total else " MiB"
    print(f"\r{done / 2**20:.0f}{of}", end="" if total is None or done < total else "\n", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; exit code 2 and one sentence when something is wrong."""
    parser = argparse.ArgumentParser(description="Make or download sample data.")
    parser.add_argument("--into", type=Path, default=ROOT / "data", metavar="FOLDER", help="default: data/")
    parser.add_argument("--force", action="store_true", help="make again what is there")
    parser.add_argument("--url", help="download this .zip or .tar archive instead")
    parser.add_argument("--sha256", help="what the archive's SHA-256 must be")
    options = parser.parse_args(arguments)
    if options.sha256 and not options.url:
        parser.error("--sha256 needs --url")
    try:
        if options.url:
            print(download(options.url, options.into, sha256=options.sha256, force=options.force))
        else:
            for line in make_samples(options.into, force=options.force):
                print(line, flush=True)
    except (AppError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
