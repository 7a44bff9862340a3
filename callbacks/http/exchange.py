"""Files of labels in and out, as docs/contracts.md ("Exchange") says: both ways they stream; none is held whole."""

from contextlib import ExitStack
from pathlib import Path

from dash import Dash
from flask import Response, jsonify, request, send_file

from callbacks.http.images import uncached, unkept
from core.errors import InvalidInputError
from core.images.volumes import volume_path
from core.labels.classes import LabelClass
from core.labels.exchange import find_format
from core.labels.exchange.exporting import MAX_DIRECT_PIXELS, export, facts_of
from core.labels.exchange.facts import ReadSlice
from core.labels.slices import read_slice
from core.learning.jobs import parse_ranges
from core.services import Services


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/exports and /api/imports."""
    server = app.server

    @server.get("/api/exports/<vid>")
    def export_now(vid: str) -> Response:
        volume, asked = volume_path(vid), request.args
        slices = _slices(asked.get("slices", ""))
        with ExitStack() as stack:
            folder = stack.enter_context(services.exchange.scratch())
            file = write_now(services, folder, volume, slices, asked.get("format", ""), asked.get("source", ""))
            answer = _attachment(file)
            answer.call_on_close(stack.pop_all().close)
            return answer

    @server.get("/api/exports/jobs/<job>")
    def export_of_job(job: str) -> Response:
        return _attachment(services.exchange.exported(job))

    @server.post("/api/imports")
    def receive() -> Response:
        request.max_content_length = None  # the port has a limit of its own, and nothing is held in memory
        name = request.args.get("name", "labels")
        return uncached(jsonify(id=services.exchange.receive(name, request.stream), name=name))


def write_now(
    services: Services, folder: Path, volume: str, slices: tuple[int, ...], kind: str, source: str
) -> Path:  # fmt: skip
    """Write a small file. Raises InvalidInputError when it is not small, and what the export raises."""
    info = services.volumes.open(volume).info
    classes, read = opened(services, volume, (info.shape[1], info.shape[2]), source)
    facts = facts_of(info, classes, slices)
    if len(slices) * info.shape[1] * info.shape[2] > MAX_DIRECT_PIXELS:
        raise InvalidInputError("That is too much for a download at once.", "The page exports it as a job.")
    return export(find_format(kind), folder, facts, read, told=lambda _: None)


def opened(
    services: Services, volume: str, size: tuple[int, int], source: str
) -> tuple[tuple[LabelClass, ...], ReadSlice]:
    """(classes, reader) of the labels of a volume, or of the result of the job `source`."""
    if not source:
        return services.labels.classes(volume), lambda z: read_slice(services.labels, volume, z, size)
    return tuple(services.jobs.job(source).classes), lambda z: services.results.read_slice(source, z)


def _slices(text: str) -> tuple[int, ...]:
    try:
        return parse_ranges(text[:4096])
    except ValueError as error:
        raise InvalidInputError(f"{text[:80]!r} names no slices.", "Write for example 0-2,15.") from error


def _attachment(file: Path) -> Response:
    return unkept(send_file(file, as_attachment=True, download_name=file.name, conditional=True, max_age=0))
