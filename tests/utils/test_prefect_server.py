"""What a server answers amiss becomes a sentence that says the way out."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from core.errors import AppError, InvalidInputError, NotFoundError, UnavailableError
from utils.jobs.prefect_server import Deployment, FlowRunRequest, PrefectServer

ANSWERS = {
    "/denied": (401, "{}"),
    "/broken": (500, "oh"),
    "/page": (200, "<html>"),
    "/strict": (422, '{"job": "missing"}'),
}


class Answer(BaseHTTPRequestHandler):
    """As ANSWERS says for the first part of the path; else there is nothing."""

    def do_GET(self) -> None:
        status, text = ANSWERS.get("/" + self.path.split("/")[1], (404, "{}"))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("way", "kind", "words"),
    [
        ("denied", UnavailableError, "PREFECT_API_KEY"),
        ("broken", UnavailableError, "answers 500"),
        ("page", UnavailableError, "usually ends with /api"),
    ],
)
def test_a_server_that_refuses_or_is_another_is_named(url, way, kind, words):
    with pytest.raises(kind) as told:
        PrefectServer(f"{url}/{way}").version()
    assert words in str(told.value) and isinstance(told.value, AppError)


def test_a_flow_that_nobody_has_deployed_is_named(url):
    with pytest.raises(NotFoundError, match='no deployment "train/segmentation"'):
        PrefectServer(url).deployment("train/segmentation")


def test_a_flow_run_that_is_refused_is_not_asked_for_again_and_again(url):
    wish = FlowRunRequest("a run", {}, (), "key")
    with pytest.raises(InvalidInputError, match="missing"):
        PrefectServer(f"{url}/strict").start(Deployment("id", "train/segmentation", "pool"), wish)


def test_a_run_that_is_gone_can_be_cancelled(url):
    PrefectServer(url).cancel("gone")
