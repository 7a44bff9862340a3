"""The connection to MLflow, shared by the registry and the job ledger.

MLflow is imported at the first call, not before, because that takes seconds. What goes wrong comes out soon, and as one
of our errors, because a page is waiting. The default store is a SQLite file in STATE_DIR with its artifacts beside it.
"""

import fcntl
import gc
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlsplit

from core.errors import NotFoundError, UnavailableError
from utils.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

T = TypeVar("T")
SQLITE = "sqlite:///"
log = logging.getLogger(__name__)
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
FULL = ("disk is full", "No space left on device")  # as SQLite and the system say it
LOGIN = "Correct MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
MAX_REASON = 100
LOCK_WAIT_S = 5.0
RETRIES = "1"  # one hiccup is forgiven; MLflow's own seven retries take minutes


class MlflowStore:
    """One MLflow server or SQLite file. Building it contacts nobody.

    uri : MLflow tracking URI. folder : where a SQLite store keeps its artifacts and its lock.
    timeout_s : longest wait for one answer of a server.
    """

    def __init__(
        self, uri: str, *, folder: Path, username: str = "", password: str = "", timeout_s: float = 10.0
    ) -> None:
        self.uri = uri
        self._folder = folder
        self._environment = QUIET | {
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": RETRIES,
            "MLFLOW_HTTP_REQUEST_TIMEOUT": str(int(timeout_s)),
        }
        if username:
            self._environment |= {"MLFLOW_TRACKING_USERNAME": username, "MLFLOW_TRACKING_PASSWORD": password}
        self._client: MlflowClient | None = None
        self._experiments: dict[str, str] = {}
        self._connecting = threading.Lock()

    @classmethod
    def from_settings(cls, settings: Settings, *, uri: str = "", timeout_s: float = 10.0) -> "MlflowStore":
        """The store the settings name; `uri` replaces theirs."""
        return cls(
            uri or settings.mlflow_uri,
            folder=settings.state_dir,
            username=settings.mlflow_tracking_username,
            password=settings.mlflow_tracking_password.get_secret_value(),
            timeout_s=timeout_s,
        )

    @contextmanager
    def client(self) -> Iterator["MlflowClient"]:
        """An MLflow client; inside the block MLflow's errors become ours.

        Raises
        ------
        NotFoundError
            If MLflow says that what was asked for does not exist.
        UnavailableError
            If MLflow does not answer, refuses, or its file cannot be read.
        """
        with self._translated():
            with self._connecting:
                client = self._client = self._client or self._connect()
            yield client

    def experiment(self, name: str) -> str:
        """The id of the experiment `name`, made when missing."""
        if name not in self._experiments:
            with self.client() as client, self._locked():
                found = client.get_experiment_by_name(name)
                made = found.experiment_id if found else client.create_experiment(name, self._artifacts(name))
                self._experiments[name] = made
        return self._experiments[name]

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Inside, no process is in the middle of a change to a SQLite store, so one can be stopped without harm.

        A process that is stopped while it holds the lock of the file would keep everybody from writing. A server has
        no such lock. Raises UnavailableError when a change takes very long.
        """
        if not self.uri.startswith(SQLITE):
            yield
            return
        with self._translated(), self._locked(), closing(self._own_connection()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def _own_connection(self) -> sqlite3.Connection:
        return sqlite3.connect(self.uri.removeprefix(SQLITE), timeout=LOCK_WAIT_S, isolation_level=None)

    def _artifacts(self, name: str) -> str | None:
        """Where a SQLite store keeps the files of an experiment; a server decides by itself."""
        if not self.uri.startswith(SQLITE):
            return None
        return (self._folder / "mlflow-artifacts" / name.lower().replace(" ", "-")).as_uri()

    def _connect(self) -> "MlflowClient":
        os.environ.update(self._environment)  # MLflow takes these from the environment only
        if self.uri.startswith(SQLITE):
            with self._locked():
                prepare_sqlite(Path(self.uri.removeprefix(SQLITE)))
        with _uncollected():
            from mlflow import MlflowClient  # without the lock: nobody shall wait for seconds of imports
        with self._locked(), _uncollected():
            return MlflowClient(self.uri, registry_uri=self.uri)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time: two that create the tables of a new SQLite store at once break it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "mlflow.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:  # requests' errors are OSErrors
            raise self._unavailable(error) from error
        except Exception as error:
            # Named by text, for importing MLflow to name its exceptions is what failed when it is missing.
            if type(error).__module__.startswith("mlflow."):
                raise self._explained(error) from error  # type: ignore[arg-type]
            if type(error).__module__.startswith("sqlalchemy."):
                raise self._unavailable(error) from error
            raise

    def _explained(self, error: "MlflowException") -> NotFoundError | UnavailableError:
        if error.get_http_status_code() in (401, 403) or "error code 401" in error.message:
            return UnavailableError(f"The registry (MLflow at {self.shown_uri}) refuses the login.", LOGIN)
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return NotFoundError(f"MLflow has no such entry: {error.message.rstrip('.')}.", "Refresh the list.")
        return self._unavailable(error)

    def _unavailable(self, error: Exception) -> UnavailableError:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        log.info("MLflow: %s", reason)
        if any(words in str(error) for words in FULL):
            return UnavailableError("The disk of the registry is full.", 'Free some space, then press "Go on".')
        told = f": {reason}" if len(reason) <= MAX_REASON else ""  # longer ones are stacks of library names
        return UnavailableError(
            f"The registry (MLflow at {self.shown_uri}) does not answer{told}.",
            "Start it, or correct MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
        )

    @property
    def shown_uri(self) -> str:
        """The URI without a password."""
        parts = urlsplit(self.uri)
        return self.uri.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1) if parts.netloc else self.uri


@contextmanager
def _uncollected() -> Iterator[None]:
    """Imports make hundreds of thousands of objects and no garbage; looking for some costs a sixth of their time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def prepare_sqlite(path: Path) -> None:
    """Make sure `path` can be a SQLite store: MLflow retries for minutes before it says that it cannot.

    Write-ahead logging lets the page read while a job writes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        connection.close()


class Recent(Generic[T]):
    """The last answer of a question that many ask at once; an outage is an answer too.

    fetch : asks for real. keep_s : how long an answer is good.
    """

    def __init__(self, fetch: Callable[[], T], *, keep_s: float) -> None:
        self._fetch = fetch
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._until = 0.0
        self._changes = 0
        self._answer: tuple[T | None, UnavailableError | None] | None = None

    def get(self) -> T:
        """One caller asks when the answer is old; meanwhile the others get the old one.

        Otherwise a server that hangs would hold up every thread of the app.
        """
        answer = self._answer
        if self._lock.acquire(blocking=answer is None):
            try:
                answer = self._renewed()
            finally:
                self._lock.release()
        value, outage = answer  # type: ignore[misc]
        if outage is not None:
            raise UnavailableError(outage.message, outage.hint) from outage
        return value  # type: ignore[return-value]

    def forget(self) -> None:
        """Everybody waits for a new answer: something was changed."""
        self._changes += 1
        self._answer = None

    def _renewed(self) -> tuple[T | None, UnavailableError | None]:
        if self._answer is not None and time.monotonic() < self._until:
            return self._answer
        changes, answer = self._changes, self._asked()
        while changes != self._changes:  # what was changed while asking must be in the answer
            changes, answer = self._changes, self._asked()
        self._answer, self._until = answer, time.monotonic() + self._keep_s
        return answer

    def _asked(self) -> tuple[T | None, UnavailableError | None]:
        try:
            return self._fetch(), None
        except UnavailableError as error:
            return None, error
