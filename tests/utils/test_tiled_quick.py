"""FastAPI looks at each dependency once, and answers as before."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
from fastapi import Depends, FastAPI
from fastapi.dependencies import utils

from utils.served import tiled_quick


def number() -> int:
    return 1


def other(value: int = 2) -> int:
    return value


def test_signatures_are_inspected_once_and_overrides_still_count(monkeypatch):
    seen = Counter()
    inspect = utils.get_dependant

    def counting(**asked):
        seen[asked["call"].__name__] += 1
        return inspect(**asked)

    app = FastAPI()
    app.dependency_overrides[number] = other

    @app.get("/")
    def answer(found: int = Depends(number)) -> int:
        return found

    monkeypatch.setattr(utils, "get_dependant", counting)
    tiled_quick.remember_signatures()
    tiled_quick.remember_signatures()
    with ThreadPoolExecutor(1) as elsewhere:  # this thread may be running Playwright's loop
        assert elsewhere.submit(anyio.run, ask, app).result() == [5, 6, 7]
    assert seen["other"] == 1


async def ask(app: FastAPI) -> list[int]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
        return [(await client.get(f"/?value={n}")).json() for n in (5, 6, 7)]
