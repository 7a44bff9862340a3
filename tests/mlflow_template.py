"""A fresh MLflow store for a test: creating the tables takes seconds, so they are made once and copied."""

import functools
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mlflow-template-"))
    with MlflowStore(f"sqlite:///{folder / 'mlflow.db'}", folder=folder).client() as client:
        client.search_experiments()
    return folder / "mlflow.db"


def fresh_store(state_dir: Path) -> Path:
    """Put an empty MLflow store where an app with this folder looks for it; returns the folder."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(_template())) as source, closing(sqlite3.connect(state_dir / "mlflow.db")) as copy:
        source.backup(copy)  # a plain copy would miss what is still in the write-ahead log
    return state_dir


def fresh_settings(state_dir: Path, **values) -> Settings:
    """Settings whose MLflow store in `state_dir` is empty and ready."""
    fresh_store(state_dir)
    uri = f"sqlite:///{state_dir / 'mlflow.db'}"  # whatever the environment of the tests says
    known = {"job_spare": False, **values}  # a worker that nobody waits for takes the cores from the tests
    return Settings(_env_file=None, state_dir=state_dir, mlflow_tracking_uri=uri, **known)
