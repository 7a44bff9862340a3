"""The Swipe page, for phones too, and what it asks: leases, answers, taking back, as docs/contracts.md has it.

The page is plain HTML beside assets/swipe/swipe.js, without Dash, so that it opens at once over a slow network.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from dash import Dash
from flask import Response, jsonify, request, send_from_directory
from markupsafe import escape

from callbacks.http.bodies import Body, json_body, seconds_of, text_of, whole_of, wholes_of
from callbacks.http.images import uncached
from callbacks.http.pictures import part_word
from core.errors import InvalidInputError
from core.images.volumes import volume_id
from core.learning.curation.store import MAX_LEASES, Decision, Item, Lease, Receipt, Verdict
from core.services import Services

PAGE, FOLDER = "/swipe/", "swipe"
ICON_PX = (192, 512)


def register(app: Dash, services: Services) -> None:
    """Add the page and the routes below /api/swipe."""
    _register_page(app, services)
    _register_reads(app, services)
    _register_writes(app, services)


def _register_page(app: Dash, services: Services) -> None:
    server = app.server
    folder = Path(app.config.assets_folder) / FOLDER

    @server.get("/swipe")
    @server.get("/swipe/")
    @server.get("/swipe/<table>")
    def swipe_page(table: str = "") -> Response:  # noqa: ARG001 - the page reads its own address
        page = (folder / "page.html").read_text().replace("{root}", str(escape(request.script_root)))
        return _fresh(Response(page, mimetype="text/html"))

    @server.get("/swipe/worker.js")
    def swipe_worker() -> Response:
        """Here and not in /assets, so that it may work for the page."""
        return _fresh(send_from_directory(folder, "worker.js"))

    @server.get("/swipe/<table>/app.webmanifest")
    def swipe_manifest(table: str) -> Response:
        facts = services.curation.table(table)
        queue = request.args.get("queue", "")
        answer = jsonify(_manifest(table, facts.name, f"?queue={queue}" if queue else ""))
        answer.mimetype = "application/manifest+json"
        return answer


def _register_reads(app: Dash, services: Services) -> None:
    @app.server.get("/api/swipe/<table>")
    def swipe_facts(table: str) -> Response:
        facts, queue = services.curation.table(table), services.curation.queue(table, request.args.get("queue", ""))
        told = {"table": facts.name, "asks": queue.asks, "batch": queue.batch, "user": services.current_user()}
        return uncached(jsonify(told | {"progress": _progress(services, table, queue.id)}))


def _register_writes(app: Dash, services: Services) -> None:
    server = app.server

    @server.post("/api/swipe/<table>/lease")
    def swipe_lease(table: str) -> Response:
        body, user = json_body(), services.current_user()
        queue, count = text_of(body, "queue"), whole_of(body, "count", 1, most=MAX_LEASES)
        lease = services.curation.lease(table, queue, owner=text_of(body, "owner"), user=user, count=count)
        return jsonify(_lease(lease) | {"progress": _progress(services, table, queue)})

    @server.post("/api/swipe/<table>/decisions")
    def swipe_decide(table: str) -> Response:
        body = json_body()
        queue = text_of(body, "queue")
        receipt = services.curation.decide(table, queue, read_decision(body, services.current_user()))
        return jsonify(_receipt(receipt) | {"progress": _progress(services, table, queue)})

    @server.post("/api/swipe/<table>/undo")
    def swipe_undo(table: str) -> Response:
        body, user = json_body(), services.current_user()
        queue, owner = text_of(body, "queue"), text_of(body, "owner")
        act = {"act_id": text_of(body, "id"), "of": text_of(body, "of")}
        receipt = services.curation.undo(table, user=user, **act)
        services.curation.hold(table, queue, receipt.items, owner=owner, user=user)
        return jsonify(_receipt(receipt) | {"progress": _progress(services, table, queue)})

    @server.post("/api/swipe/<table>/release")
    def swipe_release(table: str) -> Response:
        body = json_body()
        items = wholes_of(body, "items") if "items" in body else None
        services.curation.release(table, owner=text_of(body, "owner"), items=items)
        return Response(status=204)


def read_decision(body: Body, user: str) -> Decision:
    """An answer as the browser writes it. Raises InvalidInputError."""
    verdict = text_of(body, "verdict")
    known: dict[str, Verdict] = {each: each for each in get_args(Verdict)}
    if verdict not in known:
        raise InvalidInputError(f"{verdict!r} is no answer.", f"Answer {', '.join(known)}.")
    item = whole_of(body, "item", -1)
    return Decision(text_of(body, "id"), item, known[verdict], user, text_of(body, "owner"), seconds_of(body))


def item_json(item: Item) -> dict[str, Any]:
    """An item, and where its picture is: the address lacks only how many pixels are wanted."""
    address = f"{request.script_root}/api/pictures/{volume_id(item.volume)}/{item.z}/{part_word(item.box)}"
    return {"number": item.number, "name": item.name, "volume": item.volume, "z": item.z, "picture": address}


def _lease(lease: Lease) -> dict[str, Any]:
    return {"items": [item_json(item) for item in lease.items], "expires": lease.expires}


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {"items": receipt.items, "late": receipt.late, "steps": asdict(receipt.steps)}


def _progress(services: Services, table: str, queue: str) -> dict[str, Any]:
    return asdict(services.curation.progress(table, queue))


def _manifest(table: str, name: str, query: str) -> dict[str, Any]:
    """What a phone needs to put the page among its apps."""
    page = f"{request.script_root}{PAGE}"
    icons = [_icon(f"icon-{px}.png", px, "any") for px in ICON_PX] + [_icon("icon-maskable-512.png", 512, "maskable")]
    return {
        "id": f"{page}{table}",
        "name": f"Swipe: {name}",
        "short_name": name[:12],
        "start_url": f"{page}{table}{query}",
        "scope": page,
        "display": "standalone",
        "background_color": "#141414",
        "theme_color": "#141414",
        "icons": icons,
    }


def _icon(name: str, px: int, purpose: str) -> dict[str, str]:
    return {
        "src": f"{request.script_root}/assets/{FOLDER}/{name}",
        "sizes": f"{px}x{px}",
        "type": "image/png",
        "purpose": purpose,
    }


def _fresh(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-cache"
    return answer
