"""Who may call: the login, the proof that a write is ours, the address, the headers."""

import base64

import pytest
from dash import Dash, html

from callbacks import access
from callbacks.http import errors
from core.errors import InvalidInputError

ROUTES = (
    "/",
    "/_dash-layout",
    "/_dash-dependencies",
    "/assets/page.css",
    "/api/thing",
    "/api/health",
    "/metrics",
    "/signed-in",
    "/nowhere",
)
NAME, PASSWORD = "ann", "pässwörd:with:colons"


def make_app(*, login: bool) -> Dash:
    app = Dash("guarded", assets_folder="assets")
    app.layout = html.Div()
    access.guard(app, login=login, user_name=NAME if login else "", password=PASSWORD if login else "")
    errors.register(app.server)
    app.server.add_url_rule("/api/thing", "thing", lambda: "read", methods=["GET"])
    app.server.add_url_rule("/api/thing", "write", lambda: "written", methods=["POST", "PUT", "PATCH", "DELETE"])
    return app


@pytest.fixture
def client():
    return make_app(login=False).server.test_client()


@pytest.fixture
def locked():
    return make_app(login=True).server.test_client()


def credentials(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_asks_for_the_login(locked, route):
    answer = locked.get(route)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    with locked.get(route, headers=credentials(NAME, PASSWORD)) as let_in:  # a file stays open until it is read
        assert let_in.status_code in (200, 404)


def test_whether_the_app_answers_is_told_without_a_login_but_not_to_strangers(locked, client):
    assert locked.get("/health").status_code == 200
    assert locked.get("/health/more").status_code == 401
    assert client.get("/health", environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "asks"),
    [
        ({"Sec-Fetch-Dest": "document"}, True),
        ({"Sec-Fetch-Dest": "empty"}, False),
        ({"Sec-Fetch-Dest": "image"}, False),
        ({"Accept": "text/html,*/*"}, True),
        ({"Accept": "*/*"}, False),
    ],
)
def test_the_browser_asks_who_opens_a_page_and_never_over_one_that_fetches(locked, headers, asks):
    locked.get("/")  # gives the cookie by which a page is known on plain http
    answer = locked.get("/api/thing", headers={**headers, **credentials(NAME, "of last year")})
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, asks)
    if not asks:
        assert answer.json["error"] == "You are signed out."


@pytest.mark.parametrize(
    ("name", "password"),
    [(NAME, "wrong"), ("bob", PASSWORD), ("", ""), (NAME, ""), (NAME, PASSWORD + "x"), (NAME.upper(), PASSWORD)],
)
def test_a_wrong_name_or_password_is_refused(locked, name, password):
    assert locked.get("/api/thing", headers=credentials(name, password)).status_code == 401


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"noColon").decode()]
)
def test_a_malformed_login_is_refused(locked, header):
    assert locked.get("/api/thing", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize(("name", "password"), [("", ""), (NAME, ""), ("", PASSWORD)])
def test_an_app_that_asks_for_a_login_does_not_start_without_one(name, password):
    with pytest.raises(InvalidInputError, match="USER_NAME or USER_PASSWORD"):
        access.guard(Dash("open"), login=True, user_name=name, password=password)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_write_needs_the_token_of_our_page(client, method):
    write = getattr(client, method)
    assert write("/api/thing").status_code == 403, "no cookie, no header"
    client.get("/")
    token = client.get_cookie(access.CSRF_COOKIE).value
    assert write("/api/thing").status_code == 403, "another site can send the cookie, but not the header"
    assert write("/api/thing", headers={access.CSRF_HEADER: "guess"}).status_code == 403
    assert write("/api/thing", headers={access.CSRF_HEADER: token}).status_code == 200


def test_a_write_without_a_token_is_refused_with_one_so_that_the_next_try_passes(client):
    assert client.post("/api/thing").status_code == 403
    token = client.get_cookie(access.CSRF_COOKIE).value
    assert client.post("/api/thing", headers={access.CSRF_HEADER: token}).status_code == 200


def test_a_token_outlives_a_restart_of_the_server(client):
    client.get("/")
    token = client.get_cookie(access.CSRF_COOKIE).value
    restarted = make_app(login=False).server.test_client()
    restarted.set_cookie(access.CSRF_COOKIE, token)
    assert restarted.post("/api/thing", headers={access.CSRF_HEADER: token}).status_code == 200


def test_an_empty_token_proves_nothing(client):
    client.set_cookie(access.CSRF_COOKIE, "")
    answer = client.post("/api/thing", headers={access.CSRF_HEADER: ""})
    assert answer.status_code == 403
    assert set(answer.json) == {"error", "hint", "request_id"}


def test_the_token_is_given_once_and_only_to_our_site(client):
    first = client.get("/")
    assert "SameSite=Strict" in first.headers["Set-Cookie"]
    assert "HttpOnly" not in first.headers["Set-Cookie"], "the page must read it"
    assert "Set-Cookie" not in client.get("/").headers


def test_the_token_stays_secret_on_https(client):
    assert "Secure" in client.get("/", base_url="https://localhost").headers["Set-Cookie"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8075", "127.0.0.1:8075", "[::1]:8075"])
def test_without_a_login_this_machine_is_let_in(client, host):
    assert client.get("/api/thing", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("evil.example", "127.0.0.1"),
        ("127.0.0.1.evil.example", "127.0.0.1"),
        ("localhost", "10.0.0.7"),
        ("localhost", "::2"),
    ],
)
def test_without_a_login_nobody_else_is(client, host, address):
    answer = client.get("/api/thing", headers={"Host": host}, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == 403


def test_with_a_login_others_are_let_in(locked):
    headers = {**credentials(NAME, PASSWORD), "Host": "beamline.example"}
    assert locked.get("/api/thing", headers=headers, environ_overrides={"REMOTE_ADDR": "10.0.0.7"}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "beamline.example"])
def test_an_open_app_does_not_listen_to_the_network(host):
    with pytest.raises(InvalidInputError, match="everybody in the network"):
        access.check_host(host, login=False)
    access.check_host(host, login=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_an_open_app_listens_to_this_machine(host):
    access.check_host(host, login=False)


@pytest.mark.parametrize("route", ["/", "/api/thing", "/nowhere"])
def test_every_answer_carries_the_security_headers(client, route):
    headers = client.get(route).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
