"""The app behind a reverse proxy: below a path that is not its own, and with callers the proxy names.

Routes know nothing of the path: it is taken off each request, and `request.script_root` puts it before addresses again.
A proxy may take it off itself, or leave it. What a proxy says of the caller is believed only of as many as are trusted.
"""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import redirect


def place_behind(server: Flask, *, prefix: str, proxies: int) -> None:
    """Let the app live below a path.

    prefix : "/" or "/path/". proxies : how many there are in front, whose X-Forwarded-For, -Proto and -Host count.
    """
    inner: WSGIApplication = server.wsgi_app
    if prefix != "/":
        inner = below(inner, prefix.rstrip("/"))
    if proxies:
        inner = ProxyFix(inner, x_for=proxies, x_proto=proxies, x_host=proxies)
    server.wsgi_app = inner


def below(app: WSGIApplication, root: str) -> WSGIApplication:
    """The app, for requests whose path begins with `root`, and for those a proxy has taken it off from."""

    def placed(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path: str = environment.get("PATH_INFO", "")
        if path == root:
            return _to_page(root)(environment, start)
        if path.startswith(f"{root}/"):
            path = path.removeprefix(root)
        return app(environment | {"SCRIPT_NAME": root, "PATH_INFO": path}, start)

    return placed


def _to_page(root: str) -> Callable[..., Any]:
    """Addresses on the page are relative to it, so that its own must end with a slash."""
    return redirect(f"{root}/", code=308)
