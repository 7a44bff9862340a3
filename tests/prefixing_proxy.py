"""A reverse proxy that shows a server below a path, as nginx would, and remembers what was asked beside that path."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = ("connection", "transfer-encoding", "content-length", "host", "server", "date")
OUTSIDE = "segmentation.example.org"


@dataclass
class Proxied:
    """url : of the page through the proxy. strays : paths asked for that do not lie below the prefix."""

    url: str
    strays: list[str] = field(default_factory=list)


@contextmanager
def proxied(upstream: str, prefix: str, *, strips: bool) -> Iterator[Proxied]:
    """strips : the proxy takes the prefix off (`proxy_pass http://app/;`), or leaves it to the app."""
    told = Proxied("")
    handler = type("Handler", (_Handler,), {"upstream": urlsplit(upstream), "prefix": prefix, "strips": strips})
    handler.told = told
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    told.url = f"http://127.0.0.1:{server.server_port}{prefix}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        if not f"{self.path.partition('?')[0]}/".startswith(self.prefix):
            self.told.strays.append(self.path)
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer, content = self._ask(body)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        path = f"/{self.path.removeprefix(self.prefix)}" if self.strips else self.path
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        headers |= {"Host": self.headers["Host"], "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
        headers |= {"X-Forwarded-Host": OUTSIDE}
        line = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=60)
        try:
            line.request(self.command, path, body or None, headers)
            answer = line.getresponse()
            return answer, answer.read()
        finally:
            line.close()

    do_GET = do_POST = do_HEAD = _pass_on

    def log_message(self, *_: object) -> None:
        """Quiet."""
