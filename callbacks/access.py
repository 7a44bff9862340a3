"""Who may call: the login, the token that proves a write comes from our own page, and the headers of every answer.

A page of another site can make a browser send a request with the user's login, but cannot read our cookie. So each
write must repeat the cookie `_csrf_token` in the header `X-CSRFToken` (double submit); Dash's renderer does.
"""

import hmac
import secrets
from ipaddress import ip_address

from dash import Dash
from flask import Flask, Request, Response, request, send_from_directory
from flask_basicauth import BasicAuth

from callbacks.http import health, labelstudio_backend
from callbacks.http.errors import refuse
from core.errors import InvalidInputError

CSRF_COOKIE, CSRF_HEADER = "_csrf_token", "X-CSRFToken"
READS = ("GET", "HEAD", "OPTIONS")
REALM = "Segmentation"
SIGNED_IN, PAGE = "/signed-in", "signed-in.html"  # where a page that is signed out sends its person (assets/session.js)
# Dash starts with inline scripts, Plotly draws with inline styles and blobs; nothing comes from another host.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


class ConstantTimeAuth(BasicAuth):
    """Basic auth whose answer takes as long for a nearly right password as for a wrong one.

    Only who opens a page is asked by the browser's own window. A page that fetches something hears 401 and says itself
    that its person is signed out: the window would open in the middle of a stroke.
    """

    def __init__(self, server: Flask, *, user_name: str, password: str) -> None:
        self._pair = (user_name.encode(), password.encode())
        server.config.update(BASIC_AUTH_FORCE=True, BASIC_AUTH_REALM=REALM)
        super().__init__(server)

    def check_credentials(self, username: str | None, password: str | None) -> bool:
        given = ((username or "").encode(), (password or "").encode())
        same = [hmac.compare_digest(mine, theirs) for mine, theirs in zip(self._pair, given, strict=True)]
        return all(same)

    def authenticate(self) -> bool:
        return has_its_own_guard(request) or request.path == health.PATH or super().authenticate()

    def challenge(self) -> Response:
        if not is_fetch(request):
            return super().challenge()
        return refuse("You are signed out.", "Sign in again; the page goes on where it is.", status=401)


def guard(app: Dash, *, login: bool, user_name: str, password: str) -> None:
    """Put the checks before every route of the app.

    login : ask for `user_name` and `password`; without it, only this machine is let in.

    Raises
    ------
    InvalidInputError
        If a login is asked for and there is no name or password.
    """
    if login:
        check_login(user_name, password)
        ConstantTimeAuth(app.server, user_name=user_name, password=password)
    else:
        app.server.before_request(refuse_strangers)
    app.server.before_request(refuse_forgeries)
    app.server.after_request(add_headers)
    # Not below /assets: browsers give a login to what is beside or below the address they asked for.
    app.server.add_url_rule(SIGNED_IN, "signed_in", lambda: send_from_directory(app.config.assets_folder, PAGE))


def check_login(user_name: str, password: str) -> None:
    """Raises InvalidInputError unless there is a name and a password."""
    if not user_name or not password:
        raise InvalidInputError(
            "The app asks for a login, and USER_NAME or USER_PASSWORD is not set.",
            "Set both, or DASH_DEPLOYMENT_LOC='Local' to use the app on this machine only.",
        )


def check_host(host: str, *, login: bool) -> None:
    """Raises InvalidInputError when an app without a login would listen to the network."""
    if not login and not is_loopback(host):
        raise InvalidInputError(
            f"HOST is {host} and DASH_DEPLOYMENT_LOC is 'Local': everybody in the network could use the app.",
            "Remove DASH_DEPLOYMENT_LOC and set USER_NAME and USER_PASSWORD, or set HOST='127.0.0.1'.",
        )


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_fetch(asked: Request) -> bool:
    """Whether a page asks for something, rather than a person for a page.

    Browsers say what an answer is for, on https and on this machine. Elsewhere a page is known by its cookie, and who
    opens one by the wish for HTML.
    """
    purpose = asked.headers.get("Sec-Fetch-Dest")
    if purpose is not None:
        return purpose != "document"
    return CSRF_COOKIE in asked.cookies and "text/html" not in asked.headers.get("Accept", "")


def has_its_own_guard(asked: Request) -> bool:
    """Whether a route asks for a secret itself: Label Studio has neither our login nor our cookie."""
    return asked.path.startswith(f"{labelstudio_backend.ROOT}/")


def refuse_strangers() -> Response | None:
    """Without a login only this machine gets an answer, and only under its own name (DNS rebinding)."""
    if is_loopback(request.remote_addr or "") and is_loopback(_host_name(request)):
        return None
    return refuse(
        "This app is for the machine it runs on.",
        "Remove DASH_DEPLOYMENT_LOC='Local' and set USER_NAME and USER_PASSWORD to let others in.",
    )


def refuse_forgeries() -> Response | None:
    """A write must carry the token of our own page."""
    if request.method in READS or has_its_own_guard(request):
        return None
    cookie, header = request.cookies.get(CSRF_COOKIE, ""), request.headers.get(CSRF_HEADER, "")
    if cookie and hmac.compare_digest(cookie.encode(), header.encode()):
        return None
    return refuse(
        "The write did not prove that it comes from this page.",
        f"Reload the page; programs send the cookie {CSRF_COOKIE} again as the header {CSRF_HEADER}.",
    )


def add_headers(answer: Response) -> Response:
    """Security headers, and the token for a browser that has none."""
    answer.headers.extend(HEADERS)
    if CSRF_COOKIE not in request.cookies:
        options = {"path": f"{request.script_root}/", "samesite": "Strict", "secure": request.is_secure}
        answer.set_cookie(CSRF_COOKIE, secrets.token_urlsafe(32), **options)
    return answer


def _host_name(asked: Request) -> str:
    """The host of the request without its port, `::1` without its brackets."""
    host = asked.host
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host
