"""The port behind which Label Studio lies: what we ask of it, in its own JSON.

`utils/labelstudio/labelstudio_client.py` is it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Connection:
    """Where Label Studio is, without its token. kind : "personal" or "legacy"."""

    url: str
    kind: str


@dataclass(frozen=True)
class Account:
    """Who we are there, once it has answered."""

    email: str
    version: str


@dataclass(frozen=True)
class Project:
    """config : the label configuration, XML."""

    id: int
    title: str
    config: str
    tasks: int
    url: str


class LabelStudio(Protocol):
    """Methods raise UnavailableError when it does not answer, InvalidInputError when it refuses, with a way out."""

    def connection(self) -> Connection | None:
        """None before anybody has connected."""
        ...

    def connect(self, url: str, token: str) -> Account:
        """Try an address and a token, of either kind, and keep them when they work."""
        ...

    def disconnect(self) -> None:
        """Forget the address and the token."""
        ...

    def test(self) -> Account:
        """Ask who we are."""
        ...

    def secret(self) -> str:
        """What Label Studio must know to ask our models; the same until we are connected anew."""
        ...

    def projects(self) -> list[Project]:
        """All, newest first."""
        ...

    def project(self, project_id: int) -> Project:
        """Raises NotFoundError."""
        ...

    def create_project(self, title: str, config: str, description: str) -> Project: ...

    def change_config(self, project_id: int, config: str) -> None: ...

    def tasks(self, project_id: int) -> Iterator[Json]:
        """All tasks with their annotations and predictions, page by page."""
        ...

    def upload(self, project_id: int, name: str, png: bytes) -> str:
        """Send a picture and return what a task's `data` says of it; no task is made."""
        ...

    def add_tasks(self, project_id: int, tasks: Sequence[Json]) -> list[int]:
        """Make tasks, with annotations and predictions that they bring, and return their ids."""
        ...

    def add_predictions(self, project_id: int, rows: Sequence[Json]) -> None:
        """To tasks that are there: each row names its `task`."""
        ...

    def add_annotation(self, task_id: int, result: Sequence[Json]) -> None: ...

    def picture(self, address: str) -> bytes:
        """The picture of a task. Raises InvalidInputError unless it lies at the connected server or is a data: URI."""
        ...

    def follows(self, project_id: int) -> bool:
        """Whether annotations of a project come in as soon as they are submitted; not, unless somebody wants it."""
        ...

    def follow(self, project_id: int, *, follows: bool) -> None:
        """Switch that on or off; forgotten with the connection."""
        ...

    def add_backend(self, project_id: int, url: str, title: str) -> None:
        """Let a project ask models at `url`; harmless when it does."""
        ...
