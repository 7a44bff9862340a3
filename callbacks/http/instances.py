"""Instances for scripts and for the outline on the image, as docs/contracts.md ("Instances") says."""

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.images import uncached
from core.errors import InvalidInputError, NotFoundError, UnavailableError
from core.images.volumes import volume_path
from core.labels.instance_builder import Built
from core.labels.instance_table import columns, rows, to_csv
from core.labels.instances import InstanceSet
from core.services import InstanceView, Services

SHOW_ALL = 200_000  # runs of an outline; more than that no screen can show


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/instances."""
    root = "/api/instances/<vid>/<int:class_id>/<int:dims>"

    @app.server.get(root)
    def instance_table(vid: str, class_id: int, dims: int) -> Response:
        chosen = InstanceSet(volume_path(vid), class_id, dims)
        view = services.instances.look(chosen, again=True)
        built = view.built
        if built is None or built.revision != services.labels.revision(chosen.volume) or view.state == "working":
            return _not_yet(view)
        return _csv(built) if request.args.get("format") == "csv" else _json(built)

    @app.server.get(f"{root}/spans/<int:z>")
    def instance_spans(vid: str, class_id: int, dims: int, z: int) -> Response:
        built = services.instances.look(InstanceSet(volume_path(vid), class_id, dims)).built
        if built is None:
            raise NotFoundError("These objects have not been counted yet.", "Ask for their table first.")
        return uncached(jsonify(spans=built.spans(_ids(), z)[:SHOW_ALL].tolist()))


def _not_yet(view: InstanceView) -> Response:
    """202: ask again. Raises UnavailableError with the reason when it cannot be done."""
    if view.state == "failed":
        raise UnavailableError("The objects could not be counted.", view.reason)
    answer = uncached(jsonify(state="working", done=view.done, total=view.total))
    answer.status_code = 202
    return answer


def _json(built: Built) -> Response:
    table = [{"key": each.key, "title": each.title, "unit": each.unit} for each in columns(built)]
    return uncached(jsonify(revision=built.revision, columns=table, rows=list(rows(built).values())))


def _csv(built: Built) -> Response:
    name = f"{built.chosen.volume.rsplit('/', 1)[-1]}-class{built.chosen.class_id}-{built.chosen.dims}d.csv"
    answer = uncached(Response(to_csv(built), mimetype="text/csv"))
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _ids() -> list[int]:
    words = request.args.get("ids", "").split(",")
    if not all(word.isascii() and word.isdigit() for word in words):
        raise InvalidInputError(f"{request.args.get('ids', '')[:60]!r} are not ids: integers with commas.", "ids=3,7")
    return [int(word) for word in words]
