"""A trained model as one file, to be taken elsewhere: its own files and what the registry knows of it, in a zip.

Reading one trusts nothing: only names without a folder, only files that hold data and no code, and no more than fits.
"""

import json
import zipfile
from pathlib import Path

from core.errors import InvalidInputError
from core.labels.exchange.exporting import file_stem
from core.learning.models import TrainedModel
from utils.registry.model_tags import from_tags, tags_of

ABOUT = "registry.json"
SAFE = {".json", ".txt", ".npz", ".safetensors"}  # data; a pickle could be anything
MAX_BYTES = 4 << 30


def pack(model: TrainedModel, files: Path, folder: Path) -> Path:
    """Write the bundle of a model into `folder`. Raises InvalidInputError for files that are not data."""
    found = [file for file in sorted(files.iterdir()) if file.is_file()]
    _check_names([file.name for file in found])
    target = folder / f"{file_stem(model.name)}.model.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(ABOUT, json.dumps(tags_of(model), indent=1))
        for file in found:
            bundle.write(file, file.name)
    return target


def unpack(path: Path, folder: Path) -> TrainedModel:
    """Put the files of a bundle into `folder`, and return what it says of its model. Raises InvalidInputError."""
    try:
        with zipfile.ZipFile(path) as bundle:
            _check_names(bundle.namelist())
            _check_size(bundle)
            model = from_tags("", json.loads(bundle.read(ABOUT)))
            for name in bundle.namelist():
                if name != ABOUT:
                    bundle.extract(name, folder)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError("The file is no model.", 'Take one that "Download" has written.') from error
    return model


def _check_names(names: list[str]) -> None:
    for name in names:
        if Path(name).name != name or Path(name).suffix not in SAFE:
            raise InvalidInputError(
                f"The model holds the file {name[:80]!r}, which is no plain data.",
                f"A model that travels consists of {', '.join(sorted(SAFE))} files.",
            )


def _check_size(bundle: zipfile.ZipFile) -> None:
    size = sum(each.file_size for each in bundle.infolist())
    if size > MAX_BYTES:
        raise InvalidInputError(f"The model is {size / 1e9:.1f} GB large.", "At most 4 GB can be loaded.")
