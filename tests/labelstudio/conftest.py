"""A real Label Studio for the tests of this folder."""

import pytest

from tests.labelstudio_server import ENVIRONMENT, labelstudio


@pytest.fixture(scope="session")
def studio_server(tmp_path_factory):
    """Running; a test that stops it starts it again."""
    if not ENVIRONMENT.is_dir():
        pytest.skip("LABELSTUDIO_ENV names no environment of Label Studio")
    with labelstudio(tmp_path_factory.mktemp("labelstudio")) as server:
        yield server
