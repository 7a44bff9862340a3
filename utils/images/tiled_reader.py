"""Reading from a Tiled server: nodes as they are described, and bytes, one request each.

A 13 MB slice takes httpx 81 ms and urllib3 22 ms on one machine; Tiled's own client is built on httpx, asks for
compression, which costs more than it saves on images, and takes longer still. `tiled_http.py` is for writing.
"""

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

import numpy as np
import urllib3
from numpy.typing import NDArray
from urllib3.connection import HTTPConnection

from core.errors import AppError, NotFoundError, UnavailableError, UnsupportedImageError
from utils.images.tiled_http import TiledAccess, split_uri

STORED = "application/octet-stream"
PAGE = 50  # children in one answer: the first rows come soon, and others get their turn. Tiled allows 300
CONNECTIONS = 8  # kept open; the app's threads share them
CONNECT_TIMEOUT_S = 5.0
RECEIVE_BYTES = (
    4 << 20
)  # waits between both ends of a connection: 13 MB took 31 ms with the system's buffer and 11 ms with this
PORTION_BYTES = 1 << 20  # stays in the processor's cache until it has been put where it belongs
SOCKET_OPTIONS = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)]


@dataclass(frozen=True)
class Node:
    """One node of a Tiled tree.

    path : keys from the server's root.
    family : "array", "container", "table", ...
    children : known without asking (HDF5, zarr), else None.
    """

    path: str
    family: str
    specs: tuple[str, ...]
    metadata: Mapping[str, Any]
    structure: Mapping[str, Any]
    data_sources: tuple[Any, ...]
    children: "tuple[Node, ...] | None"

    @property
    def parent(self) -> str:
        return self.path.rpartition("/")[0]


def normalise(access: TiledAccess) -> TiledAccess:
    """The same access with a scheme, and with a key that was part of the URI (as Tiled prints it) taken out of it."""
    uri = access.uri.strip() if "://" in access.uri else f"http://{access.uri.strip()}"
    try:
        parts = urlsplit(uri)
    except ValueError:
        return access  # nonsense; the first request will say so
    key = access.api_key or parse_qs(parts.query).get("api_key", [""])[0]
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path, "", ""))
    return TiledAccess(bare, key, access.setting, access.timeout_s)


class TiledReader:
    """Requests to one server; paths count from its root. Safe to use from several threads; connects when first asked.

    start : the path that the URI of the access names.
    """

    def __init__(self, access: TiledAccess) -> None:
        self._access = normalise(access)
        self._root, start = split_uri(self._access.uri)
        self.start = unquote(start)
        headers = {"Accept-Encoding": "identity"}
        if self._access.api_key:
            headers["Authorization"] = f"Apikey {self._access.api_key}"
        self._http = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            headers=headers,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT_S, access.timeout_s), read=access.timeout_s),
            socket_options=SOCKET_OPTIONS,
            retries=urllib3.Retry(total=3, connect=0, read=0, status=0, other=0),  # redirects only
        )

    def uri_of(self, path: str) -> str:
        """The URI of a node, without any key."""
        return self._url("metadata", path)

    def node(self, path: str) -> Node:
        """Describe one node.

        Raises
        ------
        NotFoundError, UnavailableError
        """
        answer = self._json(self._url("metadata", path) + "?include_data_sources=true", path)
        return self._parsed(answer, path)

    def children(self, node: Node) -> tuple[Node, ...]:
        """The children of a container."""
        return tuple(child for page in self.pages(node) for child in page)

    def pages(self, node: Node) -> Iterator[tuple[Node, ...]]:
        """The children of a container, a request a page; at least one page."""
        if node.children is not None:
            yield node.children
            return
        page, found = self._page(node.path, 0), PAGE
        yield page
        while len(page) == PAGE:
            page = self._page(node.path, found)
            found += PAGE
            yield page

    def _page(self, path: str, offset: int) -> tuple[Node, ...]:
        query = f"?page[offset]={offset}&page[limit]={PAGE}&omit_links=true"
        return tuple(self._parsed_children(self._json(self._url("search", path) + query, path), path))

    @cached_property
    def array_formats(self) -> frozenset[str]:
        """The media types that the server writes arrays in; asked once.

        Raises
        ------
        UnavailableError
        """
        told = self._json(f"{self._root}/", "What Tiled tells of itself")
        return frozenset(told.get("formats", {}).get("array", ()))

    def read(self, path: str, selection: str, media_type: str = STORED) -> NDArray[np.uint8]:
        """The bytes of `selection`, e.g. "3:4,0:10,0:10", of an array.

        As stored, in C order and the array's byte order, unless another media type is named.

        Raises
        ------
        NotFoundError, UnsupportedImageError, UnavailableError
        """
        url = self._url("array/full", path) + f"?slice={selection}&format={quote(media_type, safe='/')}"
        try:
            with self._http.request("GET", url, preload_content=False) as response:
                self._check(response, path)
                return _received(response)
        except urllib3.exceptions.HTTPError as error:
            raise self._no_answer(error) from error

    def _url(self, route: str, path: str) -> str:
        keys = [key for key in path.split("/") if key]
        return "/".join([self._root, route, *(quote(key, safe="") for key in keys)]) + ("" if keys else "/")

    def _json(self, url: str, path: str) -> Any:
        try:
            return json.loads(self._get(url, path or "What the URI names"))
        except ValueError as error:
            raise self._down("does not answer as Tiled does") from error

    def _parsed(self, answer: Any, path: str) -> Node:
        try:
            return parse_node(answer["data"], path)
        except (KeyError, TypeError) as error:
            raise self._down("does not answer as Tiled does") from error

    def _parsed_children(self, answer: Any, path: str) -> list[Node]:
        try:
            return [parse_node(item, _join(path, item["id"])) for item in answer["data"]]
        except (KeyError, TypeError) as error:
            raise self._down("does not answer as Tiled does") from error

    def _get(self, url: str, what: str) -> bytes:
        try:
            response = self._http.request("GET", url)
        except urllib3.exceptions.HTTPError as error:
            raise self._no_answer(error) from error
        self._check(response, what)
        data: bytes = response.data
        return data

    def _check(self, response: urllib3.BaseHTTPResponse, what: str) -> None:
        if response.status != 200:
            raise self._refusal(response.status, _detail(response.data), what)

    def _refusal(self, status: int, detail: str, what: str) -> AppError:
        if status in (401, 403):
            hint = f"Check {self._access.setting}_API_KEY."
            return UnavailableError(f"Tiled at {self._root} refuses the key.", hint)
        if status == 404:
            return NotFoundError(f"{what} is not on Tiled (any more).", "Refresh the dataset list.")
        if status in (400, 422):
            return UnsupportedImageError(f"Tiled cannot read {what}: {detail}", "Look into the file it is made of.")
        return self._down(f"answers {status} for {what} ({detail})")

    def _no_answer(self, error: Exception) -> UnavailableError:
        cause = getattr(error, "reason", error)
        if isinstance(cause, urllib3.exceptions.ReadTimeoutError):
            return self._down(f"did not answer within {self._access.timeout_s:g} s", "or raise TILED_TIMEOUT_S")
        return self._down("does not answer")

    def _down(self, what: str, also: str = "") -> UnavailableError:
        start = "Start it (bash tiled_serve_dir.sh starts a local one)"
        hint = f"{start}, check {self._access.setting}_URI" + (f", {also}." if also else ".")
        return UnavailableError(f"Tiled at {self._root} {what}.", hint)


def typed(data: NDArray[np.uint8], dtype: np.dtype[Any], count: int, path: str) -> NDArray[Any]:
    """The bytes of an answer as `count` values. Raises UnavailableError when they are more or fewer."""
    wanted = count * dtype.itemsize
    if len(data) != wanted:
        raise UnavailableError(
            f"Tiled sent {len(data)} bytes of {path} instead of {wanted}; the data may have changed.",
            "Refresh the dataset list.",
        )
    return data.view(dtype)


def parse_node(item: Mapping[str, Any], path: str) -> Node:
    """A node from Tiled's JSON, with those of its descendants that came along."""
    attributes = item["attributes"]
    structure = attributes.get("structure") or {}
    contents = structure.get("contents") if attributes["structure_family"] == "container" else None
    return Node(
        path=path,
        family=attributes["structure_family"],
        specs=tuple(spec["name"] for spec in attributes.get("specs") or ()),
        metadata=attributes.get("metadata") or {},
        structure={key: value for key, value in structure.items() if key != "contents"},
        data_sources=tuple(attributes.get("data_sources") or ()),
        children=None if contents is None else _parsed_contents(contents, path),
    )


def _received(response: urllib3.BaseHTTPResponse) -> NDArray[np.uint8]:
    """The body of an answer, put where it stays as it comes. Copying 13 MB afterwards would take up to 60 ms more."""
    length = response.headers.get("Content-Length")
    portions = response.stream(PORTION_BYTES, decode_content=True)
    if length is None or "Content-Encoding" in response.headers:  # a proxy's way
        return np.frombuffer(bytearray().join(portions), np.uint8)
    return _filled(np.empty(int(length), np.uint8), portions)


def _filled(body: NDArray[np.uint8], portions: Iterable[bytes]) -> NDArray[np.uint8]:
    at = 0
    for portion in portions:
        body[at : at + len(portion)] = np.frombuffer(portion, np.uint8)
        at += len(portion)
    return body


def _parsed_contents(contents: Mapping[str, Any], path: str) -> tuple[Node, ...]:
    """What came along; a link in an HDF5 file that leads nowhere has no description."""
    return tuple(parse_node(child, _join(path, key)) for key, child in contents.items() if child is not None)


def _join(path: str, key: str) -> str:
    return f"{path}/{key}".lstrip("/")


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])[:300]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
