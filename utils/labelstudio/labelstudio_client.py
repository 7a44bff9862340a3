"""Label Studio over HTTP. Implements `core.labelstudio.port.LabelStudio`; what it answers amiss becomes a sentence."""

import base64
import binascii
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from core.errors import InvalidInputError
from core.labelstudio.port import Account, Connection, Json, Project
from utils.labelstudio.labelstudio_answers import Said, content_of, is_json, refusal
from utils.labelstudio.labelstudio_tokens import Kept, TokenAuth, is_personal, read_kept, write_kept
from utils.settings import Settings

TIMEOUT_S = 60.0  # an import of many tasks takes that long
CONNECT_S = 5.0  # a server that is there takes a line at once
PAGE_TASKS = 50  # with their annotations: a brush region of a large slice is a quarter of a megabyte
MAX_PICTURE_BYTES = 256 << 20
FILE = "labelstudio.json"
PICTURES = "/data/"  # where Label Studio has all pictures of its own
UPLOADS = "/api/import/file-upload/"


class HttpLabelStudio:
    """path : of the file that keeps address and token. Building it contacts nobody."""

    def __init__(self, path: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self._path, self._timeout_s = path, timeout_s
        self._lock = threading.Lock()
        self._client: tuple[Kept, httpx.Client] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "HttpLabelStudio":
        return cls(settings.state_dir / FILE)

    def connection(self) -> Connection | None:
        """None before anybody has connected."""
        kept = read_kept(self._path)
        if kept is None:
            return None
        return Connection(kept.url, "personal" if is_personal(kept.token) else "legacy")

    def connect(self, url: str, token: str) -> Account:
        """Try an address and a token, of either kind, and keep them when they work."""
        kept = Kept(_plain_url(url), token.strip())
        if not kept.token:
            raise InvalidInputError("The token is empty.", "Copy it from Label Studio, Account & Settings.")
        with self._new_client(kept) as client:
            account = _account(client)
        before = read_kept(self._path) if self._path.exists() else None
        if before is not None and before.url == kept.url:
            kept = replace(before, token=kept.token)  # what projects know of our models goes on
        write_kept(self._path, kept)
        return account

    def disconnect(self) -> None:
        """Forget the address and the token."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """End what lines are open; the next question opens one."""
        with self._lock:
            self._drop()

    def test(self) -> Account:
        """Ask who we are."""
        return _account(self._connected())

    def secret(self) -> str:
        """What Label Studio must know to ask our models."""
        return self._kept().secret

    def projects(self) -> list[Project]:
        """All, newest first."""
        rows, page = [], 1
        while True:
            content = self._get("/api/projects/", page=page, page_size=100, ordering="-created_at")
            rows += content["results"]
            if not content.get("next"):
                return [self._project(row) for row in rows]
            page += 1

    def project(self, project_id: int) -> Project:
        """Raises NotFoundError."""
        return self._project(self._get(f"/api/projects/{int(project_id)}/"))

    def create_project(self, title: str, config: str, description: str) -> Project:
        body = {"title": title, "label_config": config, "description": description}
        return self._project(self._send("POST", "/api/projects/", json=body))

    def change_config(self, project_id: int, config: str) -> None:
        self._send("PATCH", f"/api/projects/{project_id}/", json={"label_config": config})

    def tasks(self, project_id: int) -> Iterator[Json]:
        """All tasks with their annotations and predictions, page by page."""
        seen, page = 0, 1
        while True:
            content = self._get("/api/tasks/", project=project_id, fields="all", page=page, page_size=PAGE_TASKS)
            rows = content["tasks"]
            yield from rows
            seen, page = seen + len(rows), page + 1
            if not rows or seen >= content["total"]:
                return

    def upload(self, project_id: int, name: str, png: bytes) -> str:
        """Send a picture and return what a task's `data` says of it; no task is made."""
        answer = self._send(
            "POST",
            f"/api/projects/{project_id}/import",
            params={"commit_to_project": "false"},
            files={"file": (name, png, "image/png")},
        )
        found = self._get(f"{UPLOADS}{answer['file_upload_ids'][0]}")
        return f"/data/{found['file']}"

    def add_tasks(self, project_id: int, tasks: Sequence[Json]) -> list[int]:
        """Make tasks, with annotations and predictions that they bring, and return their ids."""
        path = f"/api/projects/{project_id}/import"
        answer = self._send("POST", path, params={"return_task_ids": "true"}, json=list(tasks))
        return [int(each) for each in answer.get("task_ids", ())]

    def add_predictions(self, project_id: int, rows: Sequence[Json]) -> None:
        """To tasks that are there: each row names its `task`."""
        self._send("POST", f"/api/projects/{project_id}/import/predictions", json=list(rows))

    def add_annotation(self, task_id: int, result: Sequence[Json]) -> None:
        self._send("POST", f"/api/tasks/{task_id}/annotations/", json={"result": list(result)})

    def picture(self, address: str) -> bytes:
        """The picture of a task. Raises InvalidInputError unless it lies at the connected server or is a data: URI."""
        if address.startswith("data:"):
            return _inline(address)
        kept = self._kept()
        url = urljoin(f"{kept.url}/", address)
        if _origin(url) != _origin(kept.url) or not urlsplit(url).path.startswith(urlsplit(kept.url).path + PICTURES):
            raise InvalidInputError(
                f"The picture is at {url[:120]!r}; only {PICTURES} of {kept.url} is asked.",
                "Upload pictures to Label Studio itself.",
            )
        return self._download(url)

    def follows(self, project_id: int) -> bool:
        """Whether annotations of a project come in as soon as they are submitted."""
        kept = read_kept(self._path)
        return kept is not None and project_id in kept.follows

    def follow(self, project_id: int, *, follows: bool) -> None:
        """Switch that on or off."""
        kept = self._kept()
        others = set(kept.follows) - {project_id}
        write_kept(self._path, replace(kept, follows=tuple(sorted(others | {project_id} if follows else others))))

    def add_backend(self, project_id: int, url: str, title: str) -> None:
        """Let a project ask models at `url`; harmless when it does."""
        known = self._get("/api/ml/", project=project_id)
        if any(row.get("url", "").rstrip("/") == url.rstrip("/") for row in known):
            return
        body = {"project": project_id, "url": url, "title": title, "is_interactive": True}
        self._send("POST", "/api/ml/", json=body)

    def _download(self, url: str) -> bytes:
        """Redirects are not followed: they could lead to another host."""
        with self._said(), self._connected().stream("GET", url) as answer:
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise refusal(answer)
            found = bytearray()
            for part in answer.iter_bytes():
                found += part
                if len(found) > MAX_PICTURE_BYTES:
                    raise InvalidInputError(f"A picture is larger than {MAX_PICTURE_BYTES >> 20} MiB.")
        return bytes(found)

    def _get(self, path: str, **params: Any) -> Any:
        return self._send("GET", path, params=params)

    def _send(self, method: str, path: str, **more: Any) -> Any:
        with self._said():
            answer = self._connected().request(method, path, **more)
        return content_of(answer)

    def _said(self) -> "Said":
        return Said(self._kept().url)

    def _kept(self) -> Kept:
        kept = read_kept(self._path)
        if kept is None:
            raise InvalidInputError(
                "No Label Studio is connected.",
                "Connect under Exchange, or run python -m scripts.labelstudio setup --url URL --token TOKEN.",
            )
        return kept

    def _connected(self) -> httpx.Client:
        """One client as long as address and token stay; another process may change them."""
        kept = self._kept()
        with self._lock:
            if self._client is None or self._client[0] != kept:
                self._drop()
                self._client = (kept, self._new_client(kept))
            return self._client[1]

    def _drop(self) -> None:
        if self._client is not None:
            self._client[1].close()
        self._client = None

    def _new_client(self, kept: Kept) -> httpx.Client:
        timeout = httpx.Timeout(self._timeout_s, connect=CONNECT_S)
        return httpx.Client(base_url=kept.url, auth=TokenAuth(kept.url, kept.token), timeout=timeout, trust_env=False)

    def _project(self, row: Json) -> Project:
        number = int(row["id"])
        config, count = row.get("label_config") or "", row.get("task_number") or 0
        return Project(
            number, str(row.get("title", "")), config, int(count), f"{self._kept().url}/projects/{number}/data"
        )


def _account(client: httpx.Client) -> Account:
    url = str(client.base_url).rstrip("/")
    with Said(url):
        who = client.get("/api/current-user/whoami")
        if who.status_code == httpx.codes.NOT_FOUND or (who.is_success and not is_json(who)):
            raise InvalidInputError(f"{url} is no Label Studio.", "Give the address that its own page has.")
        found = content_of(who)
        version = client.get("/api/version")
    release = version.json().get("release", "") if is_json(version) else ""
    return Account(str(found.get("email", "")), str(release))


def _plain_url(url: str) -> str:
    """An address without a slash at its end. Raises InvalidInputError."""
    plain = url.strip().rstrip("/")
    parts = urlsplit(plain)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise InvalidInputError(f"{url[:80]!r} is no address.", "Write it as http://localhost:8080.")
    return plain


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, parts.hostname or "", port


def _inline(address: str) -> bytes:
    head, _, body = address.partition(",")
    if not head.endswith(";base64"):
        raise InvalidInputError("A picture in the task itself is not base64.", "Upload it to Label Studio.")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise InvalidInputError("A picture in the task itself is damaged.", "Upload it to Label Studio.") from error
