"""The app below a path of a reverse proxy, and what it believes of what a proxy says."""

import re
from pathlib import Path

import pytest
from dash import Dash, html
from flask import request

from callbacks import access
from callbacks.http.proxies import place_behind

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/sites/segmentation/"
FORWARDED = {
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "segmentation.example.org",
}
# An address from the root of the host, as JavaScript and Python write it; routes of Flask are no addresses.
FROM_THE_ROOT = re.compile(r"""["'`(]/(api|swipe|assets|signed-in)\b""")


def client(*, prefix: str = PREFIX, proxies: int = 0, login: bool = True):
    app = Dash(
        "placed", requests_pathname_prefix=prefix, routes_pathname_prefix="/", assets_folder=str(ROOT / "assets")
    )
    app.layout = html.Div()
    access.guard(app, login=login, user_name="ann", password="secret")
    app.server.add_url_rule("/api/where", "where", lambda: {"root": request.url_root, "who": request.remote_addr})
    place_behind(app.server, prefix=prefix, proxies=proxies)
    made = app.server.test_client()
    if login:
        made.environ_base["HTTP_AUTHORIZATION"] = "Basic YW5uOnNlY3JldA=="
    return made


@pytest.mark.parametrize("path", ["/api/where", f"{PREFIX}api/where"])
def test_a_path_is_the_same_whether_the_proxy_strips_it_or_not(path):
    assert client().get(path).json["root"] == f"http://localhost{PREFIX}"


def test_the_page_names_its_scripts_below_the_path_and_its_cookie_stays_there():
    answer = client().get("/")
    sources = re.findall(r'(?:src|href)="(/[^"]*)"', answer.text)
    assert len(sources) > 3
    assert [source for source in sources if not source.startswith(PREFIX)] == []
    assert f"Path={PREFIX}" in answer.headers["Set-Cookie"]


def test_the_path_without_its_last_slash_leads_to_the_page():
    answer = client().get(PREFIX.rstrip("/"))
    assert (answer.status_code, answer.headers["Location"]) == (308, PREFIX)


def test_what_a_proxy_says_counts_only_where_it_is_trusted():
    open_told = client().get("/api/where", headers=FORWARDED).json
    assert open_told == {"root": f"http://localhost{PREFIX}", "who": "127.0.0.1"}
    told = client(proxies=1).get("/api/where", headers=FORWARDED)
    assert told.json == {"root": f"https://segmentation.example.org{PREFIX}", "who": "192.0.2.7"}
    assert "Secure" in told.headers["Set-Cookie"]


def test_an_app_without_a_login_refuses_strangers_that_a_trusted_proxy_names():
    assert client(login=False).get("/api/where").status_code == 200
    assert client(login=False, proxies=1).get("/api/where", headers=FORWARDED).status_code == 403


def test_no_script_and_no_panel_writes_an_address_from_the_root_of_the_host():
    files = [
        *(ROOT / "assets").glob("*.js"),
        *(ROOT / "assets" / "swipe").glob("*"),
        *(ROOT / "components").glob("*.py"),
    ]
    texts = {file.name: file.read_text() for file in files if file.suffix in (".js", ".html", ".py")}
    strays = [f"{name}: {found[0]}" for name, text in texts.items() for found in FROM_THE_ROOT.finditer(text)]
    assert len(texts) > 20
    assert strays == []
