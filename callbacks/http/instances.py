"""Instances for scripts and for the viewer: measured, outlined, merged, cut; docs/contracts.md, "Instances"."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http.images import uncached
from callbacks.http.labels import edit_answer
from callbacks.http.tools import read_axis, read_points, read_whole
from core.errors import InvalidInputError, NotFoundError, UnavailableError
from core.images.planes import plane_axis
from core.images.volumes import volume_path
from core.labels.classes import MAX_CLASSES
from core.labels.corrections import Correction, InstanceSet
from core.labels.instance_builder import Built
from core.labels.instance_changes import Line, cut_along, give_class, merge_of
from core.labels.instance_table import columns, rows, size_of, to_csv
from core.labels.spans import check_edit_id
from core.labels.store import Receipt
from core.services import InstanceView, Services

SHOW_ALL = 200_000  # runs of an outline; more than that no screen can show
FARTHEST = 2**31  # index of a plane; one that is not there crosses no object
ROOT = "/api/instances/<vid>/<int:class_id>/<int:dims>"

Body = dict[str, Any]
Change = Callable[[Services, Built, Body, str], tuple[Receipt, str]]
"""Does what a body asks for, with the id of the edit; what it did, and a sentence about it."""


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/instances."""
    _register_reads(app, services)
    for name, change in (("merge", _merge), ("cut", _cut), ("give", _give)):
        view = partial(_change, services, change)
        app.server.add_url_rule(f"{ROOT}/{name}", f"instance_{name}", view, methods=["POST"])


def _register_reads(app: Dash, services: Services) -> None:
    @app.server.get(ROOT)
    def instance_table(vid: str, class_id: int, dims: int) -> Response:
        chosen = InstanceSet(volume_path(vid), class_id, dims)
        view = services.instances.look(chosen, again=True)
        built = view.built
        if built is None or built.revision != services.labels.revision(chosen.volume) or view.state == "working":
            return _not_yet(view)
        return _csv(built) if request.args.get("format") == "csv" else _json(built)

    @app.server.get(f"{ROOT}/spans/<axis>/<int:index>")
    def instance_spans(vid: str, class_id: int, dims: int, axis: str, index: int) -> Response:
        built = _counted(services, InstanceSet(volume_path(vid), class_id, dims))
        return uncached(jsonify(spans=built.spans(_ids(), plane_axis(axis), index)[:SHOW_ALL].tolist()))

    @app.server.get(f"{ROOT}/at/<int:z>/<int:y>/<int:x>")
    def instance_at(vid: str, class_id: int, dims: int, z: int, y: int, x: int) -> Response:
        built = _counted(services, InstanceSet(volume_path(vid), class_id, dims))
        found = built.at(z, y, x)
        return uncached(jsonify({"id": None} if found is None else {"id": found} | size_of(built, found)))


def _counted(services: Services, chosen: InstanceSet) -> Built:
    built = services.instances.look(chosen).built
    if built is None:
        raise NotFoundError("These objects have not been counted yet.", "Ask for their table first.")
    return built


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


def _change(services: Services, change: Change, *, vid: str, class_id: int, dims: int) -> Response:
    """Merge, cut or give: once, however often the same id comes."""
    chosen, body = InstanceSet(volume_path(vid), class_id, dims), request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInputError("The body is not a JSON object.", "Reload the page and try again.")
    edit_id = check_edit_id(body.get("id"))
    receipt, said = services.labels.receipt(chosen.volume, edit_id), ""
    if receipt is None:
        receipt, said = change(services, _ready(services, chosen), body, edit_id)
    return edit_answer(services, chosen.volume, receipt, said=said)


def _ready(services: Services, chosen: InstanceSet) -> Built:
    """The instances; while they are counted the browser is told to ask again, so that its writes keep their order.

    Raises UnavailableError, or InvalidInputError when they cannot be counted.
    """
    view = services.instances.look(chosen, again=True)
    if view.built is None and view.state == "failed":
        raise InvalidInputError("The objects could not be counted.", view.reason)
    if view.built is None:
        raise UnavailableError("The objects are being counted.", "It is done right after that.")
    return view.built


def _merge(services: Services, built: Built, body: Body, edit_id: str) -> tuple[Receipt, str]:
    correction = merge_of(built, _chosen(body))
    count, least = len(correction.ids), min(correction.ids)
    return _correct(services, built, correction, edit_id), f"{count} objects are object {least} now."


def _cut(services: Services, built: Built, body: Body, edit_id: str) -> tuple[Receipt, str]:
    ids, line = _chosen(body), Line(read_axis(body), read_whole(body, "index", 0, FARTHEST), read_points(body))
    if len(ids) != 1:
        raise InvalidInputError("A line splits one object.", "Choose one, in the table or on the image.")
    correction = cut_along(built, ids[0], line)
    return _correct(services, built, correction, edit_id), f"Object {ids[0]} is split along the line."


def _correct(services: Services, built: Built, correction: Correction, edit_id: str) -> Receipt:
    return services.labels.correct(built.chosen, correction, edit_id=edit_id, user=services.current_user())


def _give(services: Services, built: Built, body: Body, edit_id: str) -> tuple[Receipt, str]:
    ids, class_id = _chosen(body), read_whole(body, "to", 0, MAX_CLASSES)
    edit = give_class(built, ids, class_id, edit_id=edit_id, user=services.current_user())
    what = "1 object" if len(ids) == 1 else f"{len(ids)} objects"
    return services.labels.rewrite(edit), f"{what} {'moved' if class_id else 'deleted'}."


def _chosen(body: Body) -> Sequence[int]:
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(type(each) is int for each in ids):
        raise InvalidInputError(f"{str(ids)[:60]!r} are not ids of objects.", "Choose them again.")
    return list(dict.fromkeys(ids))
