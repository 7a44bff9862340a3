"""What Dockerfile and docker-compose.yml name is there: settings, files, commands, services. No Docker is needed."""

import re
import runpy
import shlex
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from threading import Thread

import pytest
import yaml

from scripts.healthy import main
from scripts.local_stack import free_port
from utils.settings import ROOT, Settings

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name.upper() for name in Settings.model_fields} | {"TILED_HOST", "TILED_PORT"}  # scripts/tiled_env.sh
OTHERS = ("POSTGRES_", "MLFLOW_SERVER_", "PREFECT_", "OMP_", "PATH", "PYTHON")  # PostgreSQL's image, servers, Python


def is_known(name: str) -> bool:
    return name in OURS or name.startswith(OTHERS)


def test_every_variable_is_a_setting():
    in_image = re.findall(r"^(?:ENV|   ) +([A-Z_]+)=", DOCKERFILE, re.M)
    in_compose = [name for service in SERVICES.values() for name in service.get("environment", {})]
    assert "HOST" in in_image and "LABELS_DB_URI" in in_compose
    assert [name for name in (*in_image, *in_compose) if not is_known(name)] == []


def test_what_a_site_must_write_into_its_env_file_is_told():
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))
    guide = (ROOT / "docs" / "deployment.md").read_text()
    assert {"USER_PASSWORD", "DATA_TILED_API_KEY", "POSTGRES_PASSWORD"} <= asked
    assert [name for name in sorted(asked) if name not in guide] == []


def test_the_compose_settings_are_accepted(monkeypatch):
    for name, value in SERVICES["app"]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{[A-Z_]+(?::[-?]([^}]*))?\}", lambda found: found[1] or "x", str(value)))
    settings = Settings(_env_file=None)
    assert settings.needs_login
    assert (settings.labels_uri, settings.mlflow_uri) == (
        "postgresql+psycopg://labels:x@labels/labels", "http://mlflow:5000"
    )  # fmt: skip


def test_addresses_between_services_name_services_and_volumes_are_declared():
    hosts = re.findall(r"(?://|@)(?:\w+:[^@/]*@)?([a-z]+)(?=[:/])", str(SERVICES["app"]["environment"]))
    assert set(hosts) == {"images", "results", "mlflow", "labels", "prefect"} <= set(SERVICES)
    mounted = {mount.partition(":")[0] for each in SERVICES.values() for mount in each.get("volumes", [])}
    assert {name for name in mounted if not name.startswith("$")} == set(COMPOSE["volumes"])
    waited = {name for each in SERVICES.values() for name in each.get("depends_on", {})}
    assert waited <= set(SERVICES)


def test_images_are_pinned_and_nobody_is_root():
    stages = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.M)
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M) + [SERVICES["labels"]["image"]]
    assert [base for base in bases if base not in stages and not re.fullmatch(r"\S+:\d+\.\d+\S*", base)] == []
    users = [re.findall(r"^USER (\S+)", stage, re.M) for stage in re.split("^FROM", DOCKERFILE, flags=re.M)]
    assert [names[-1] for names in users if names] == ["segmentation"] * len(stages)
    assert DOCKERFILE.index("USER segmentation") < DOCKERFILE.index("HEALTHCHECK") < DOCKERFILE.index("\nCMD")


def test_every_command_and_every_file_of_the_image_exists():
    commands = [service["command"] for service in SERVICES.values() if "command" in service]
    commands += [yaml.safe_load(found) for found in re.findall(r"CMD (\[.*\])", DOCKERFILE)]
    for program, *rest in commands:
        assert program in ("python", "bash", "mlflow", "prefect")
        if rest[0] == "-m":
            assert find_spec(rest[1]), rest[1]
        elif program not in ("mlflow", "prefect"):
            assert (ROOT / rest[0]).is_file(), rest[0]
    ignored = (ROOT / ".dockerignore").read_text().split()
    compiled = shlex.split(DOCKERFILE.partition("compileall -q ")[2].partition("\\")[0])
    assert all((ROOT / name).exists() and name not in ignored for name in compiled)


def test_gunicorn_listens_where_the_settings_say_wherever_it_is_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("PORT", "4321")
    facts = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    assert (facts["bind"], facts["workers"], facts["worker_class"]) == ("[::1]:4321", 1, "gthread")


@pytest.mark.parametrize("answers", [True, False])
def test_the_health_check_tells_an_app_that_answers_from_one_that_does_not(answers, monkeypatch):
    class Up(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Up)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PORT", str(server.server_port if answers else free_port()))
    assert main() == (0 if answers else 1)
    server.shutdown()
    server.server_close()
