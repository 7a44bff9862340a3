"""A wire between painters and a server that is killed: it passes every request on and remembers the writes.

What a painter sent and what the server acknowledged is known here even when both ends die at that moment.
"""

import http.client
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from core.labels.spans import EditBody, decode_edit

TIMEOUT_S = 60.0  # what the browser waits
OWN_HEADERS = ("connection", "content-length", "transfer-encoding")


@dataclass
class Wiretap:
    """The writes that have passed.

    edits : what a stroke's id paints. sent, answers : how often an id was sent, and acknowledged.
    refused : the words of answers that say no for good.
    """

    target: int
    edits: dict[str, EditBody] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None, "not started"
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def answered(self) -> int:
        """How many writes have been acknowledged."""
        return len(self.answers)

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"tap": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def note(self, path: str, body: bytes) -> str:
        """Remember a write on its way to the server, and return its id."""
        edit = decode_edit(body) if path.endswith("/edits") else None
        edit_id = str(json.loads(body)["id"]) if edit is None else edit.id
        with self._lock:
            self.sent[edit_id] += 1
            if edit is not None:
                self.edits.setdefault(edit_id, edit)
        return edit_id

    def note_answer(self, edit_id: str, status: int, answer: bytes) -> None:
        """Remember what the server said to a write."""
        with self._lock:
            if status == http.client.OK:
                self.answers[edit_id] += 1
            elif status < http.client.INTERNAL_SERVER_ERROR:
                self.refused.append(answer.decode(errors="replace"))


class _Handler(BaseHTTPRequestHandler):
    """One request of a painter. A server that is gone looks like itself: the connection ends without an answer."""

    tap: Wiretap

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        self._pass_on(b"")

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_write = self.path.startswith("/api/labels")
        edit_id = self.tap.note(self.path, body) if is_write else ""
        self._pass_on(body, edit_id)

    def _pass_on(self, body: bytes, edit_id: str = "") -> None:
        wire = http.client.HTTPConnection("127.0.0.1", self.tap.target, timeout=TIMEOUT_S)
        try:
            wire.request(self.command, self.path, body, dict(self.headers))
            answer = wire.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return
        finally:
            wire.close()
        if edit_id:
            self.tap.note_answer(edit_id, answer.status, content)
        self._answer(answer, content)

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        try:
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in OWN_HEADERS:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the painter was killed
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Be quiet."""
