"""Lines to real servers that a test can cut and mend, and a WSGI server of the test's own."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scripts.local_stack import free_port


class Line:
    """Passes bytes on to a port of this machine. `cut` ends what goes through and refuses what comes, until `mend`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open: set[socket.socket] = set()
        self._server: _Server | None = None
        self.port = free_port()  # one that no connection takes while the line is cut
        self.mend()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def mend(self) -> None:
        if self._server is None:
            self._server = _Server(("127.0.0.1", self.port), self._handler())
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def cut(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        line = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(("127.0.0.1", line._to)) as target, line._held(self.request, target):
                    _pass_on(self.request, target)

        return Handler

    @contextmanager
    def _held(self, *ends: socket.socket) -> Iterator[None]:
        self._open.update(ends)
        with suppress(OSError):
            yield
        self._open.difference_update(ends)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Both ways, until either end has nothing more to say."""
    towards = {one: other, other: one}
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(1 << 16)
            if not data:
                return
            towards[ready].sendall(data)
