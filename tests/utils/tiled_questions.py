"""Plain HTTP questions to a running Tiled server, so that tests see what any client would."""

from typing import Any

import httpx
import numpy as np


class Questions:
    """Asks one server; `close` when done."""

    def __init__(self, uri: str, key: str) -> None:
        headers = {"Authorization": f"Apikey {key}", "Accept-Encoding": "identity"}
        self._client = httpx.Client(base_url=f"{uri}api/v1/", headers=headers, timeout=60)

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self._client.get(path, params=parameters)

    def keys(self, path: str) -> list[str]:
        answer = self.get(f"search/{path}", **{"page[limit]": "300", "omit_links": "true"})
        return [row["id"] for row in answer.json()["data"]]

    def attributes(self, path: str) -> dict[str, Any]:
        return self.get(f"metadata/{path}").json()["data"]["attributes"]

    def read(self, path: str, picked: str, dtype: Any) -> np.ndarray:
        answer = self.get(f"array/full/{path}", slice=picked, format="application/octet-stream")
        assert answer.is_success, answer.text
        return np.frombuffer(answer.content, dtype)

    def close(self) -> None:
        self._client.close()
