"""What the example needs of Tiled, in plain HTTP; `tiled.client` does the same where it is installed."""

import json
import sys
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np

API = "/api/v1"
IS_THERE = 409  # Tiled's answer to making what is there


class TiledNode:
    """An array or a container by its URI."""

    def __init__(self, uri: str, key: str) -> None:
        server, _, path = uri.rstrip("/").partition(API)
        self._root, self._path, self._key = server + API, path.removeprefix("/metadata"), key

    def metadata(self, path: str = "") -> dict[str, Any]:
        """Its own words and its structure."""
        answer: dict[str, Any] = json.loads(self._send("GET", "metadata", path))["data"]["attributes"]
        return answer

    def read_slice(self, row: int, path: str = "") -> np.ndarray:
        """(Y, X) of an array (slices, Y, X)."""
        structure = self.metadata(path)["structure"]
        if len(structure.get("shape", ())) != 3:
            sys.exit(f"This example reads grey stacks; at {self._path} there is none.")
        kind = structure["data_type"]
        order = ">" if kind["endianness"] == "big" else "<"
        values = self._send("GET", "array/full", path, {"slice": f"{row},:,:"}, accept="application/octet-stream")
        return np.frombuffer(values, f"{order}{kind['kind']}{kind['itemsize']}").reshape(structure["shape"][1:])

    def create_container(self, name: str, metadata: dict[str, Any]) -> None:
        """Make a container below this one; one that is there, from a run that was interrupted, stays."""
        body = {"id": name, "structure_family": "container", "metadata": metadata, "specs": [], "data_sources": []}
        self._send("POST", "metadata", "", body=json.dumps(body).encode())

    def create_array(self, path: str, shape: tuple[int, int, int]) -> None:
        """Make an int8 array, a chunk a slice; one that is there stays."""
        parent, _, name = path.rpartition("/")
        kind = {"endianness": "not_applicable", "kind": "i", "itemsize": 1, "dt_units": None}
        chunks = [[1] * shape[0], [shape[1]], [shape[2]]]
        structure = {"data_type": kind, "chunks": chunks, "shape": shape, "dims": None, "resizable": False}
        source = {"structure_family": "array", "structure": structure, "management": "writable"}
        source |= {"parameters": {}, "properties": {}, "assets": []}
        body = {"id": name, "structure_family": "array", "metadata": {}, "specs": [], "data_sources": [source]}
        self._send("POST", "metadata", parent, body=json.dumps(body).encode())

    def write_slice(self, path: str, row: int, pixels: np.ndarray) -> None:
        """Write one slice of an array made by `create_array`."""
        block = {"block": f"{row},0,0"}
        self._send("PUT", "array/block", path, block, body=pixels.tobytes(), kind="application/octet-stream")

    def _send(
        self, method: str, route: str, path: str, query: dict[str, str] | None = None, *, body: bytes | None = None,
        accept: str = "application/json", kind: str = "application/json",
    ) -> bytes:  # fmt: skip
        place = "/".join(part for part in f"{self._path}/{path}".split("/") if part)
        url = f"{self._root}/{route}/{place}?{urlencode(query or {})}"
        headers = {"Accept": accept, "Content-Type": kind}
        if self._key:
            headers["Authorization"] = f"Apikey {self._key}"
        try:
            with urlopen(Request(url, data=body, headers=headers, method=method)) as answer:
                content: bytes = answer.read()
        except HTTPError as error:
            if error.code != IS_THERE:
                raise
            return b""
        return content


def smoothed(image: np.ndarray, radius: int) -> np.ndarray:
    """(Y, X) float32 means over squares of 2 * radius + 1."""
    size = 2 * radius + 1
    padded = np.pad(image.astype(np.float32), radius, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size)).mean(axis=(2, 3))


def tell(**facts: Any) -> None:
    """A line that the job shows on the page; anything else that is printed goes to its log."""
    print(json.dumps(facts), flush=True)
