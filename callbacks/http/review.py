"""The least sure pieces or slices of a result, for its review: docs/contracts.md, "Results".

A thread reads the result slice by slice while somebody asks; what is found so far can be reviewed at once. Of the
slices nothing is kept but the queue (`core/labels/review.py`), and where there is nobody who asks the reading rests.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.images import uncached
from callbacks.http.taking import check_size
from core.errors import AppError, InvalidInputError
from core.labels.review import COLUMNS, MOST, Aim, Queue, rows_of, spread
from core.learning.jobs import JobView
from core.services import ResultStore, Services

log = logging.getLogger(__name__)

KEPT_SCANS = 8  # queues of 160 kB each
PATIENCE_S = 15.0  # the page asks every second; when it has not for so long, nobody reviews
RETRY_S = 5.0


@dataclass
class Scan:
    """How far a result has been read; written by one thread at a time.

    seen : slices in the queue. total : slices there are to read. asked : when somebody last wanted to know.
    """

    aim: Aim
    queue: Queue = field(default_factory=Queue)
    seen: set[int] = field(default_factory=set)
    total: int = 0
    asked: float = 0.0
    problem: str = ""
    retry: float = 0.0
    thread: threading.Thread | None = None

    @property
    def working(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def read(self, results: ResultStore, view: JobView) -> None:
        """Add what is not seen yet, until nobody asks any more."""
        for z in spread([z for z in view.slices_done if z not in self.seen]):
            if time.monotonic() - self.asked > PATIENCE_S:
                return
            prediction = results.read_slice(view.id, z), results.read_confidence(view.id, z)
            self.queue = self.queue.add(rows_of(self.aim, z, prediction))
            self.seen.add(z)

    def attempt(self, results: ResultStore, view: JobView) -> None:
        """`read`; what goes wrong is told, and tried again later."""
        try:
            self.problem = ""
            self.read(results, view)
        except AppError as error:
            self.problem, self.retry = str(error), time.monotonic() + RETRY_S
        except Exception:
            log.exception("reading result %s for review failed", view.id)
            self.problem = "The server failed while it read the result. Its log tells the cause."
            self.retry = time.monotonic() + RETRY_S


class Scans:
    """The scans of this process, those asked for last."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, Aim], Scan] = OrderedDict()

    def look(self, job: str, aim: Aim) -> Scan:
        """How far it is; the reading goes on while there is something to read."""
        view = self._services.jobs.job(job)
        check_size(self._services, view)
        with self._lock:
            scan = self._known.setdefault((job, aim), Scan(aim))
            self._known.move_to_end((job, aim))
            while len(self._known) > KEPT_SCANS:
                self._known.popitem(last=False)
            self._go_on(scan, view)
        return scan

    def _go_on(self, scan: Scan, view: JobView) -> None:
        scan.asked, scan.total = time.monotonic(), len(view.slices_done)
        if scan.working or scan.asked < scan.retry or scan.seen.issuperset(view.slices_done):
            return
        work = (self._services.results, view)
        scan.thread = threading.Thread(target=scan.attempt, args=work, daemon=True, name="review")
        scan.thread.start()


def register(app: Dash, services: Services) -> None:
    """Add the route below /api/results."""
    scans = Scans(services)

    @app.server.get("/api/results/<job>/review")
    def review(job: str) -> Response:
        return uncached(jsonify(told(scans.look(job, aim_of(request.args)))))


def aim_of(args: Mapping[str, str]) -> Aim:
    """What a request asks for. Raises InvalidInputError where it breaks the contract."""
    by, classes, least = args.get("by", ""), args.get("classes", ""), args.get("least", "1")
    words = classes.split(",")
    if not all(word.isascii() and word.isdigit() for word in words):
        raise InvalidInputError("No class of the result is ticked.", "Tick what should be reviewed.")
    if by not in ("pieces", "slices"):
        raise InvalidInputError(f"{by[:40]!r} cannot be reviewed: pieces or slices can.", "Reload the page.")
    if not (least.isascii() and least.isdigit() and len(least) < 10):
        raise InvalidInputError(f"{least[:40]!r} is no number of pixels.", "Enter a whole number from 1.")
    return Aim("pieces" if by == "pieces" else "slices", tuple(sorted({int(word) for word in words})), int(least))


def told(scan: Scan) -> dict[str, object]:
    """A scan in the words of the contract."""
    queue, done = scan.queue, len(scan.seen)
    return {
        "state": "failed" if scan.problem else "reading" if done < scan.total else "ready",
        "problem": scan.problem,
        "done": done,
        "total": scan.total,
        "found": queue.found,
        "most": MOST,
        "columns": COLUMNS,
        "items": queue.items.tolist(),
    }
