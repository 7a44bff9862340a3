"""Registers the algorithms of a JSON file in MLflow.

    cd scripts && python save_mlflow_algorithm.py     # reads ALGORITHM_JSON_PATH, ../assets/models.json by default
    python -m scripts.save_mlflow_algorithm --list    # what is registered
    python -m scripts.save_mlflow_algorithm --overwrite FILE

Running it again changes nothing. The registry is MLFLOW_TRACKING_URI_OUTSIDE, else MLFLOW_TRACKING_URI, else the SQLite
file in STATE_DIR. Exit code 2 when the file or the registry is at fault, with one sentence that says how.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

from core.errors import AppError, DescriptorError
from core.learning.algorithm_file import Registration, read_algorithms
from core.learning.descriptors import AlgorithmDescriptor
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.settings import read_settings

_TOLD = {
    Registration.ADDED: "registered",
    Registration.UNCHANGED: "already registered",
    Registration.REPLACED: "registered again with its new content",
    Registration.DIFFERS: "already registered with other content; raise its version, or use --overwrite",
}


def main(arguments: list[str] | None = None) -> int:
    """Register or list; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings()
        registry = MlflowRegistry(MlflowStore.from_settings(settings, uri=settings.mlflow_tracking_uri_outside))
        if options.list:
            _list(registry)
        else:
            _register(registry, options.file or settings.algorithm_json_path, overwrite=options.overwrite)
    except AppError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Register the algorithms of a JSON file in MLflow.")
    parser.add_argument("file", nargs="?", type=Path, help="the algorithms; default: ALGORITHM_JSON_PATH")
    parser.add_argument("--list", action="store_true", help="print what is registered and change nothing")
    parser.add_argument("--overwrite", action="store_true", help="register changed content under the same version")
    return parser


def _list(registry: MlflowRegistry) -> None:
    algorithms = registry.algorithms()
    if not algorithms:
        print("No algorithm is registered.")
    for descriptor in algorithms:
        print(f"{descriptor.model_name} {descriptor.version}: {descriptor.description}")


def _register(registry: MlflowRegistry, path: Path, *, overwrite: bool) -> None:
    for descriptor in _read(path):
        outcome = registry.register_algorithm(descriptor, overwrite=overwrite)
        print(f"{descriptor.model_name} {descriptor.version}: {_TOLD[outcome]}")


def _read(path: Path) -> list[AlgorithmDescriptor]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DescriptorError(f"{path} cannot be read: {error}.", "Correct ALGORITHM_JSON_PATH.") from error
    return read_algorithms(text, source=path.name)


if __name__ == "__main__":
    sys.exit(main())
