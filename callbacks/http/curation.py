"""Tables of items for the Curate place, as docs/contracts.md ("Tables of items") says."""

import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dash import Dash
from flask import Response, jsonify, request

from callbacks.http import curation_alike, curation_exports, curation_features, curation_learning, curation_map
from callbacks.http.bodies import Body, json_body, seconds_of, text_of, whole_of, wholes_of
from callbacks.http.curation_kept import Model
from callbacks.http.curation_model import Models
from callbacks.http.images import uncached, unkept
from callbacks.http.swipe import PAGE, item_json
from core.errors import InvalidInputError, LabelFileError
from core.learning.curation.filters import Filters, subset_choices
from core.learning.curation.kept import label_table, marks_of_file, subsets_of_file
from core.learning.curation.pool import Pool
from core.learning.curation.sources import folder_items, marks_of_folders, slice_items, tile_items
from core.learning.curation.store import DEFAULT_BATCH, Act, Item, Mark, Queue, Receipt, Row, Table
from core.learning.curation.table import LabelTable
from core.learning.curation.table_csv import read_csv, write_csv
from core.services import Services

IN_ORDER = "in order"  # of the table, beside the strategies
MAX_FILE_BYTES = 64 << 20
Made = Callable[[Services, Body], list[Item]]


def register(app: Dash, services: Services) -> None:
    """Add the routes below /api/curation."""
    models = Models(services)
    _register_tables(app, services, models)
    _register_reads(app, services, models)
    _register_writes(app, services)
    _register_files(app, services)
    curation_alike.register(app, services, models)
    curation_map.register(app, services, models)
    curation_features.register(app, services, models)
    curation_learning.register(app, services, models)
    curation_exports.register(app, services, models)


def _register_tables(app: Dash, services: Services, models: Models) -> None:
    server, curation = app.server, services.curation

    @server.get("/api/curation")
    def list_tables() -> Response:
        found = curation.tables(volume=request.args.get("volume"))
        return uncached(jsonify(tables=[asdict(table) for table in found]))

    @server.post("/api/curation")
    def make_table() -> Response:
        body = json_body()
        name = " ".join(text_of(body, "name").split()) or "Untitled"
        facts = Table(text_of(body, "id"), name, _classes(body), 0, services.current_user(), time.time())
        items = _items(services, body)
        made = curation.create(facts, items)
        marks = marks_of_folders(items, facts.classes) if body.get("labelled") is True else []
        if marks:
            curation.act(made.id, Act(_import_id(made.id), facts.user, marks, "import"))
        return jsonify(asdict(curation.table(made.id)))

    @server.post("/api/curation/<table>/drop")
    def drop_table(table: str) -> Response:
        curation.drop(table)
        models.drop(table)
        return Response(status=204)

    @server.post("/api/curation/<table>/classes")
    def name_classes(table: str) -> Response:
        return jsonify(asdict(curation.name_classes(table, _classes(json_body()))))


def _register_reads(app: Dash, services: Services, models: Models) -> None:
    server, curation = app.server, services.curation

    @server.get("/api/curation/<table>")
    def table_facts(table: str) -> Response:
        facts, labels = curation.table(table), label_table(curation.table(table), curation.rows(table))
        steps = curation.steps(table, user=services.current_user())
        told = {"steps": asdict(steps), "subsets": subset_choices(labels), "sorts": _sorts(labels, models.of(table))}
        counts = {name: asdict(count) for name, count in labels.counts().items()}
        flags = {"excluded": int(labels.exclude.sum()), "validation": int(labels.validation.sum())}
        return uncached(jsonify(asdict(facts) | told | {"counts": counts, **flags}))

    @server.get("/api/curation/<table>/draw")
    def draw_items(table: str) -> Response:
        asked = request.args
        labels = label_table(curation.table(table), curation.rows(table))
        model = models.of(table)
        filters = Filters(asked.get("status", "all"), asked.get("exclude", "all"), asked.get("subset", "all"))
        pool = Pool.of(labels.with_chances(model.chances_of(labels)), filters, model.points)
        return uncached(jsonify(numbers=_drawn(pool, asked.get("sort", IN_ORDER), asked.get("seed", "0"))))

    @server.post("/api/curation/<table>/items")
    def some_items(table: str) -> Response:
        wanted = wholes_of(json_body(), "numbers", most=1000)
        rows, model = curation.rows(table), models.of(table)
        classes = curation.table(table).classes
        return jsonify(items=[_row_json(rows[n], classes, model) for n in wanted if n < len(rows)])


def _register_writes(app: Dash, services: Services) -> None:
    server, curation = app.server, services.curation

    @server.post("/api/curation/<table>/acts")
    def act(table: str) -> Response:
        body = json_body()
        said = Act(text_of(body, "id"), services.current_user(), _marks(body), seconds=seconds_of(body))
        return _receipt(curation.act(table, said))

    @server.post("/api/curation/<table>/undo")
    def undo_act(table: str) -> Response:
        return _receipt(curation.undo(table, act_id=text_of(json_body(), "id"), user=services.current_user()))

    @server.post("/api/curation/<table>/redo")
    def redo_act(table: str) -> Response:
        return _receipt(curation.redo(table, act_id=text_of(json_body(), "id"), user=services.current_user()))

    @server.post("/api/curation/<table>/queues")
    def make_queue(table: str) -> Response:
        body = json_body()
        items = wholes_of(body, "items") if body.get("items") is not None else None
        batch = whole_of(body, "batch", DEFAULT_BATCH, least=1, most=500)
        asked = Queue(text_of(body, "id"), text_of(body, "asks"), items, again=body.get("again") is True, batch=batch)
        made = curation.make_queue(table, asked)
        return jsonify(id=made.id, address=f"{request.script_root}{PAGE}{table}?queue={made.id}")


def _register_files(app: Dash, services: Services) -> None:
    server, curation = app.server, services.curation

    @server.get("/api/curation/<table>/labels.csv")
    def write_table(table: str) -> Response:
        facts = curation.table(table)
        answer = Response(write_csv(label_table(facts, curation.rows(table))), mimetype="text/csv")
        answer.headers["Content-Disposition"] = f'attachment; filename="labels-{table[:8]}.csv"'
        return unkept(answer)

    @server.post("/api/curation/<table>/labels.csv")
    def read_table(table: str) -> Response:
        request.max_content_length = MAX_FILE_BYTES
        read, rows = read_csv(_text(request.get_data(cache=False))), curation.rows(table)
        marks = marks_of_file(curation.table(table), rows, read)
        curation.set_subsets(table, subsets_of_file(rows, read))
        said = Act(request.args.get("id", ""), services.current_user(), marks, "import")
        return _receipt(curation.act(table, said))


def _import_id(table: str) -> str:
    """Of what the folders of a new table say: asked twice, it is said once."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, table))


def _items(services: Services, body: Body) -> list[Item]:
    kind = text_of(body, "kind")
    if kind not in SOURCES:
        raise InvalidInputError(f"{kind!r} is no source of items.", f"Choose one of {', '.join(SOURCES)}.")
    return SOURCES[kind](services, body)


def _from_slices(services: Services, body: Body) -> list[Item]:
    info = services.volumes.open(text_of(body, "volume", longest=1000)).info
    return slice_items(info, every=whole_of(body, "every", 1, least=1))


def _from_tiles(services: Services, body: Body) -> list[Item]:
    info = services.volumes.open(text_of(body, "volume", longest=1000)).info
    side_px, overlap_px = whole_of(body, "side_px", 256), whole_of(body, "overlap_px", 0)
    return tile_items(info, side_px=side_px, every=whole_of(body, "every", 1, least=1), overlap_px=overlap_px)


def _from_folder(services: Services, body: Body) -> list[Item]:
    infos = [entry.info for entry in services.volumes.list_entries() if entry.info is not None]
    return folder_items(infos, text_of(body, "folder", longest=1000))


SOURCES: dict[str, Made] = {"slices": _from_slices, "tiles": _from_tiles, "folder": _from_folder}


def _classes(body: Body) -> tuple[str, ...]:
    names = body.get("classes")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidInputError("classes is not a list of names.", "Reload the page.")
    return tuple(names)


def _marks(body: Body) -> list[Mark]:
    marks = body.get("marks")
    if not isinstance(marks, list) or not all(isinstance(each, list) and len(each) == 3 for each in marks):
        raise InvalidInputError("marks is not a list of item, field and value.", "Reload the page.")
    if not all(isinstance(item, int) and isinstance(name, str) for item, name, _ in marks):
        raise InvalidInputError("A mark names no item or no field.", "Reload the page.")
    return [Mark(item, name, value) for item, name, value in marks]


def _sorts(labels: LabelTable, model: Model) -> list[dict[str, str]]:
    """Every order there is, and why it cannot be had."""
    from core.learning.curation.sampling import choices, refusal  # late: scikit-learn takes a second

    pool = Pool.of(labels.with_chances(model.chances_of(labels)), Filters("all", "all"), model.points)
    known = [{"name": name, "reason": refusal(pool, name)} for name in choices(labels)]
    return [{"name": IN_ORDER, "reason": ""}, *known]


def _drawn(pool: Pool, sort: str, seed: str) -> list[int]:
    from core.learning.curation.sampling import draw  # late: scikit-learn takes a second

    if sort == IN_ORDER:
        return [int(row) for row in pool.among.nonzero()[0]]
    if not seed.isascii() or not seed.isdigit():
        raise InvalidInputError(f"{seed[:20]!r} is no seed.", "Write a whole number from 0.")
    return [int(row) for row in draw(pool, sort, len(pool.table), seed=int(seed) % 2**31)]


def _row_json(row: Row, classes: tuple[str, ...], model: Model) -> dict[str, Any]:
    number = row.item.number
    chances = None
    if model.chances is not None:
        said = dict(zip(classes, model.chances[number].tolist(), strict=False))
        chances = {name: round(chance, 3) for name, chance in said.items() if chance == chance}
    facts = {"values": dict(row.values), "exclude": row.exclude, "validation": row.validation, "chances": chances}
    return item_json(row.item) | facts | {"subset": row.item.subset}


def _receipt(receipt: Receipt) -> Response:
    return jsonify(items=receipt.items, steps=asdict(receipt.steps))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelFileError("The file is not text in UTF-8.", "Save the table as CSV in UTF-8.") from error
