"""Several viewers at once: plain HTTP clients that ask for what a page asks for when it goes to the next slice.

Chromium would be measured more than the server where ten of them share two cores, so each viewer is a thread that
fetches the tiles of a 1400 x 900 window by one request and rests between slices, as people do.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np

REST_S = 1.0  # between slices
SLICES = 12  # a viewer
LEVEL = 1  # of a 2560 px slice in a window


def time_slices(url: str, vid: str, *, viewers: int, seed: int) -> list[float]:
    """Milliseconds from the wish for a slice to its last tile, of all viewers, each in its own part of the stack."""
    manifest = httpx.get(f"{url}api/img/{vid}/manifest", timeout=60).json()
    depth, rng = manifest["shape"][0], np.random.default_rng(seed)
    starts = rng.permutation(depth // SLICES)[:viewers] * SLICES
    start = threading.Barrier(viewers)
    with ThreadPoolExecutor(viewers) as crowd:
        offsets = np.arange(viewers) / viewers
        watching = [crowd.submit(_watch, url, manifest, int(z), start, o) for z, o in zip(starts, offsets, strict=True)]
        return [took for viewer in watching for took in viewer.result()]


def _watch(url: str, manifest: dict, first: int, start: threading.Barrier, offset: float) -> list[float]:  # type: ignore[type-arg]
    height, width = manifest["levels"][LEVEL]
    tiles = ",".join(f"{LEVEL}.{tx}.{ty}" for ty in range(-(-height // 512)) for tx in range(-(-width // 512)))
    root = f"{url}api/img/{manifest['id']}/{manifest['version']}/z"
    start.wait()
    time.sleep(offset * REST_S)
    times = []
    with httpx.Client(timeout=60) as client:
        for z in range(first, first + SLICES):
            began = time.perf_counter()
            client.get(f"{root}/{z}/tiles/{tiles}").raise_for_status()
            times.append(1000 * (time.perf_counter() - began))
            time.sleep(max(0.0, REST_S - (time.perf_counter() - began)))
    return times
