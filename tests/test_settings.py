"""`.env.example` and `utils/settings.py` say the same."""

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from core.errors import InvalidInputError
from utils.settings import ROOT, Settings, read_settings

LINE = re.compile(r"^#?([A-Z][A-Z0-9_]*)=(.*)$")


@pytest.fixture
def example() -> list[tuple[str, bool, str]]:
    """(name, commented out, value) of each setting in the file."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [(line, match) for line in lines if (match := LINE.match(line))]
    return [(match[1], line.startswith("#"), match[2].strip("'\"")) for line, match in found]


@pytest.fixture
def bare(monkeypatch) -> Settings:
    """The defaults: no environment, no .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return Settings(_env_file=None)


def plain(value: object) -> str:
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(value, Path):
        return str(value.relative_to(ROOT))
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_example_names_every_setting_once_and_no_other(example):
    names = [name for name, _, _ in example]
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)


def test_what_is_commented_out_shows_the_default(example, bare):
    shown = {name: value.removeprefix("../") for name, commented, value in example if commented}
    assert shown == {name: plain(getattr(bare, name.lower())) for name in shown}


def test_a_copy_of_the_example_is_a_valid_env_file_for_this_machine(tmp_path, monkeypatch, bare):
    copy = tmp_path / ".env"
    copy.write_text((ROOT / ".env.example").read_text())
    assert "DATA_TILED_API_KEY" in dotenv_values(copy)
    settings = Settings(_env_file=copy)
    assert settings.data_tiled_uri == "http://localhost:8000/"
    assert not settings.needs_login


@pytest.mark.parametrize("folder", [ROOT, ROOT / "scripts"])
def test_the_algorithm_file_is_found_from_the_root_and_from_scripts(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ALGORITHM_JSON_PATH", "../assets/models.json")
    assert Settings(_env_file=None).algorithm_json_path == ROOT / "assets" / "models.json"


def test_a_wrong_setting_is_named_with_its_value_and_rule(monkeypatch):
    monkeypatch.setenv("MODE", "banana")
    monkeypatch.setenv("TIMEZONE", "Mars/Olympus")
    with pytest.raises(InvalidInputError, match=r"MODE is 'banana'.*TIMEZONE is 'Mars/Olympus'.*IANA"):
        read_settings()


@pytest.mark.parametrize(
    ("uri", "own", "key"),
    [
        ("http://127.0.0.1:8001/", "", "images"),
        ("http://localhost:8001/", "own", "own"),
        ("https://tiled.example/", "", ""),
    ],
)
def test_a_local_server_of_masks_takes_the_key_of_the_images_and_no_other_does(monkeypatch, uri, own, key):
    monkeypatch.setenv("DATA_TILED_API_KEY", "images")
    for server in ("MASK", "SEG"):
        monkeypatch.setenv(f"{server}_TILED_URI", uri)
        monkeypatch.setenv(f"{server}_TILED_API_KEY", own)
    settings = Settings(_env_file=None)
    assert settings.mask_tiled_api_key.get_secret_value() == settings.seg_tiled_api_key.get_secret_value() == key
