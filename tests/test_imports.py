"""What importing the app costs: a page must be there within seconds, so the heavy libraries wait."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "mlflow", "lightgbm", "sklearn", "tiled.server", "networks", "scripts")
MAX_SECONDS = 10.0  # of the processor, which a busy machine does not change much; about 2
PROBE = """
import json, sys, time
began = time.process_time()
import app
print(json.dumps({"seconds": time.process_time() - began, "modules": sorted(sys.modules)}))
"""


@pytest.mark.alone  # it measures time
def test_the_app_is_imported_soon_and_without_the_heavy_libraries(tmp_path, monkeypatch, record_property):
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DASH_DEPLOYMENT_LOC", "Local")
    outcome = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(outcome.stdout.splitlines()[-1])
    loaded = [name for name in HEAVY if name in told["modules"]]
    assert loaded == []
    record_property("import_seconds", told["seconds"])
    assert told["seconds"] < MAX_SECONDS
    early = ("pandas", "PIL.Image")  # callbacks/__init__.py says why a thread may not import them later
    assert set(early) <= set(told["modules"])
