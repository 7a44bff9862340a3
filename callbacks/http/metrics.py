"""Figures for Prometheus, in its text format: what is asked of the app, how long that takes, what the app stands on.

What is counted begins at 0 with each start of the app. What is looked at (jobs, caches, servers) is asked for when
Prometheus asks. One process serves everybody, so that its figures are all there are.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, cast

from dash import Dash
from flask import Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callbacks.http.images import unkept
from core.errors import AppError
from core.labels.store import LabelStore, Receipt
from core.learning.jobs import JobState
from core.services import Services

PATH = "/metrics"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # a tile takes milliseconds, a first slice a second
WRITES = ("paint", "rewrite", "correct", "undo", "redo", "restore", "delete_class")
# Routes that answer with tiles, by the name of their function: the kind of tile, and how many there are.
TILES: dict[str, tuple[str, Callable[[Mapping[str, Any]], int]]] = {
    "image_tile": ("image", lambda _: 1),
    "image_tiles": ("image", lambda told: told["places"].count(",") + 1),
    "label_tile": ("labels", lambda _: 1),
    "result_tile": ("result", lambda _: 1),
    "result_plane_tile": ("result", lambda _: 1),
    "certainty_tile": ("certainty", lambda _: 1),
}


class Counted:
    """What this process has answered since it began."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "segmentation_requests", "Answers by route and status.", ("route", "method", "status"), registry=registry
        )
        self.seconds = Histogram(
            "segmentation_request_seconds", "Time to the first byte of an answer.", ("route",), registry=registry,
            buckets=SECONDS,
        )  # fmt: skip
        self.tiles = Counter("segmentation_tiles", "Tiles sent to browsers.", ("kind",), registry=registry)
        self.edits = Counter(
            "segmentation_label_edits", "Edits of labels that are in the database.", ("kind",), registry=registry
        )


def watch(app: Dash, services: Services) -> Services:
    """Add the route, and count from now on; the services to be used in place of `services`."""
    registry = CollectorRegistry()
    counted = Counted(registry)
    registry.register(Seen(services))
    ProcessCollector(registry=registry)
    _count_requests(app, counted)

    @app.server.get(PATH)
    def metrics() -> Response:
        return unkept(Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST))

    return replace(services, labels=cast(LabelStore, CountedLabels(services.labels, counted.edits)))


def _count_requests(app: Dash, counted: Counted) -> None:
    @app.server.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.server.after_request
    def count(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        counted.requests.labels(route, request.method, str(answer.status_code)).inc()
        if "began" in g:  # what the login refused was never begun
            counted.seconds.labels(route).observe(time.perf_counter() - g.began)
        if answer.status_code == 200 and request.endpoint in TILES:
            kind, number = TILES[request.endpoint]
            counted.tiles.labels(kind).inc(number(request.view_args or {}))
        return answer


class CountedLabels:
    """A label store that counts the edits it has acknowledged; one that comes twice counts once."""

    def __init__(self, labels: LabelStore, edits: Counter) -> None:
        self._labels, self._edits = labels, edits

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._labels, name)
        return self._counting(method, name) if name in WRITES else method

    def _counting(self, write: Callable[..., Receipt], kind: str) -> Callable[..., Receipt]:
        @wraps(write)
        def counting(*given: Any, **named: Any) -> Receipt:
            receipt = write(*given, **named)
            if not receipt.duplicate:
                self._edits.labels(kind).inc()
            return receipt

        return counting


class Seen(Collector):
    """What is there at the moment Prometheus asks."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        return []  # or registering would already ask the servers

    def collect(self) -> Iterator[Metric]:
        yield from self._cache()
        yield from self._jobs()
        yield from self._parts()

    def _cache(self) -> Iterator[Metric]:
        use = self._services.tiles.cache_use()
        yield GaugeMetricFamily("segmentation_slice_cache_bytes", "Decoded slices in memory.", value=use.nbytes)
        yield GaugeMetricFamily("segmentation_slice_cache_max_bytes", "SLICE_CACHE_MB.", value=use.max_bytes)
        asked = CounterMetricFamily("segmentation_slice_cache", "Slices asked of the cache.", labels=["outcome"])
        asked.add_metric(["hit"], use.hits)
        asked.add_metric(["miss"], use.misses)
        yield asked

    def _jobs(self) -> Iterator[Metric]:
        try:
            states = [view.state for view in self._services.jobs.jobs()]
        except AppError:
            return  # `segmentation_up` says so
        counted = GaugeMetricFamily("segmentation_jobs", "Jobs by state.", labels=["state"])
        for state in JobState:
            counted.add_metric([state.value], states.count(state))
        yield counted

    def _parts(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("segmentation_up", "1: the part answers, 0: it is down.", labels=["part"])
        took = GaugeMetricFamily("segmentation_answer_seconds", "How long a part takes to answer.", labels=["part"])
        for part in self._services.infrastructure.parts():
            if part.state != "absent":
                up.add_metric([part.name], float(part.state == "up"))
            if part.latency_ms is not None:
                took.add_metric([part.name], part.latency_ms / 1000)
        yield up
        yield took
