"""A writable container of a Tiled server over HTTP: the dozen requests that masks and results need.

Tiled's own client asks for metadata before every call and for compressed answers, which cost more than the bytes on
the same machine; these requests ask for the bytes as they are. Keys travel in a header, never in a URI.
"""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import httpx
import numpy as np
from numpy.typing import NDArray

from core.errors import NotFoundError, UnavailableError

API = "/api/v1"
ITS_LOG = "See whether its disk is full; its log tells more."
ROUTES = ("metadata", "array/full", "array/block", "container/full", "node/full")


def split_uri(uri: str) -> tuple[str, str]:
    """(root of the API, path) of a Tiled URI.

    >>> split_uri("http://127.0.0.1:8001/")
    ('http://127.0.0.1:8001/api/v1', '')
    >>> split_uri("https://tiled.org/prefix/api/v1/metadata/masks/anna")
    ('https://tiled.org/prefix/api/v1', 'masks/anna')
    """
    server, found, rest = uri.rstrip("/").partition(API)
    for route in ROUTES:
        if found and rest.strip("/").startswith(route):
            rest = rest.strip("/")[len(route) :]
    return server + API, rest.strip("/")


@dataclass(frozen=True)
class TiledAccess:
    """Where a container is, the key to it, and the settings to look at when it fails.

    uri : with or without ``/api/v1/metadata/...``.
    setting : beginning of the names of the settings, e.g. "MASK_TILED". starter : what starts a local one.
    """

    uri: str
    api_key: str
    setting: str
    timeout_s: float = 30.0
    starter: str = "bash scripts/serve_results.sh"


class TiledContainer:
    """Requests below one container. Safe to use from several threads."""

    def __init__(self, access: TiledAccess) -> None:
        self._access = access
        self._root, path = split_uri(access.uri)
        self._path = unquote(path)
        headers = {"Accept-Encoding": "identity", "Accept": "application/json"}
        if access.api_key:
            headers["Authorization"] = f"Apikey {access.api_key}"
        self._http = httpx.Client(headers=headers, timeout=access.timeout_s, transport=httpx.HTTPTransport(retries=2))
        weakref.finalize(self, self._http.close)

    def uri_of(self, path: str) -> str:
        """The full URI of a node below this container."""
        return self._url("metadata", path)

    def metadata(self, path: str) -> dict[str, Any]:
        """Raises NotFoundError when there is no such node."""
        answer: dict[str, Any] = self._send("GET", self._url("metadata", path)).json()
        return answer["data"]["attributes"]

    def create_container(self, path: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Make a container and those above it; one that exists is left as it is."""
        parent, _, key = path.rpartition("/")
        body = _node(key, "container", metadata or {})
        response = self._send("POST", self._url("metadata", parent), json=body, accept=(404, 409))
        if response.status_code == httpx.codes.NOT_FOUND and parent:
            self.create_container(parent)
            self._send("POST", self._url("metadata", parent), json=body, accept=(409,))

    def create_array(self, path: str, *, dtype: str, shape: tuple[int, ...]) -> None:
        """Make an array of one chunk a slice; one that exists is left as it is."""
        parent, _, key = path.rpartition("/")
        source = {
            "structure_family": "array",
            "structure": _structure(np.dtype(dtype), shape),
            "management": "writable",
            "parameters": {},
            "properties": {},
            "assets": [],
        }
        body = {**_node(key, "array", {}), "data_sources": [source]}
        self._send("POST", self._url("metadata", parent), json=body, accept=(409,))

    def replace_metadata(self, path: str, metadata: Mapping[str, Any]) -> None:
        self._send("PUT", self._url("metadata", path), json={"metadata": metadata})

    def write_slice(self, path: str, index: int, pixels: NDArray[Any]) -> None:
        """Write slice `index` of an array made by `create_array`."""
        url = self._url("array/block", path)
        headers = {"Content-Type": "application/octet-stream"}
        self._send("PUT", url, params={"block": f"{index},0,0"}, content=pixels.tobytes(), headers=headers)

    def read(self, path: str, picked: str, *, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Read what `picked` selects, e.g. "3,0:10,0:10"; `shape` is that of the answer."""
        headers = {"Accept": "application/octet-stream"}
        response = self._send("GET", self._url("array/full", path), params={"slice": picked}, headers=headers)
        return np.frombuffer(response.content, dtype).reshape(shape)

    def _url(self, route: str, path: str) -> str:
        parts = [part for part in f"{self._path}/{path}".split("/") if part]
        return "/".join([self._root, route, *(quote(part, safe="") for part in parts)]) + ("" if parts else "/")

    def _send(self, method: str, url: str, *, accept: Sequence[int] = (), **request: Any) -> httpx.Response:
        try:
            response = self._http.request(method, url, **request)
        except httpx.HTTPError as error:
            raise self._down(f"does not answer ({type(error).__name__})") from error
        if response.status_code in (401, 403):
            hint = f"Check {self._access.setting}_API_KEY."
            raise UnavailableError(f"Tiled at {self._root} refuses the key.", hint)
        if response.status_code == httpx.codes.NOT_FOUND and 404 not in accept:
            raise NotFoundError(f"{unquote(split_uri(url)[1])} is not on Tiled (any more).")
        if response.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._down(f"answers 500 to {method} ({_detail(response)})", ITS_LOG)
        if not response.is_success and response.status_code not in accept:
            raise self._down(f"answers {response.status_code} to {method} ({_detail(response)})")
        return response

    def _down(self, what: str, hint: str = "") -> UnavailableError:
        start = f"Start it, or check {self._access.setting}_URI. A local one starts with: {self._access.starter}"
        return UnavailableError(f"Tiled at {self._root} {what}.", hint or start)


def _node(key: str, family: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": key, "structure_family": family, "metadata": dict(metadata), "specs": [], "data_sources": []}


def _structure(dtype: np.dtype[Any], shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        "data_type": {
            "endianness": "not_applicable" if dtype.itemsize == 1 else "little",
            "kind": dtype.kind,
            "itemsize": dtype.itemsize,
            "dt_units": None,
        },
        "chunks": [[1] * shape[0], *([n] for n in shape[1:])],
        "shape": list(shape),
        "dims": None,
        "resizable": False,
    }


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])[:200]
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase
