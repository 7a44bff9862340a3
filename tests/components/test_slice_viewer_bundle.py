"""The committed bundle: Dash serves it, it needs nothing from elsewhere, and the Python classes know its properties."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from dash import Dash, html

import components
from components.slice_viewer import ContrastHistogram, SliceViewer

FOLDER = Path(components.__file__).parent / "slice_viewer"
SOURCE = FOLDER / "src"


def test_dash_serves_the_bundle_of_the_page():
    app = Dash(__name__)
    app.layout = html.Div([SliceViewer(id="viewer"), ContrastHistogram(id="contrast")])
    client = app.server.test_client()
    page = client.get("/").get_data(as_text=True)
    (url,) = re.findall(r'src="([^"]*slice_viewer/bundle[^"]*)"', page)
    assert client.get(url).get_data() == (FOLDER / "bundle.js").read_bytes()


def test_the_layout_names_what_the_bundle_defines():
    plotly = SliceViewer(id="viewer", volume=None).to_plotly_json()
    assert (plotly["namespace"], plotly["type"]) == ("components", "SliceViewer")
    assert "components" in (FOLDER / "bundle.js").read_text()


@pytest.mark.parametrize("component", [SliceViewer, ContrastHistogram])
def test_an_unknown_property_is_refused(component):
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        component(id="x", colour="red")


@pytest.mark.parametrize("component", [SliceViewer, ContrastHistogram])
def test_python_and_typescript_list_the_same_incoming_properties(component):
    source = (SOURCE / "ui" / f"{component.__name__}.tsx").read_text()
    (block,) = re.findall(r"interface \w*Props \{(.*?)\n\}", source.split("function")[0], flags=re.DOTALL)
    typed = set(re.findall(r"^  (\w+)\?:", block, flags=re.MULTILINE))
    written = {
        "annotated",
        "classesRevision",
        "cut",
        "error",
        "liveText",
        "manifest",
        "objectsRevision",
        "pick",
        "present",
        "saveState",
        "sibling",
    }  # by the component
    assert typed == set(component._prop_names) - written


def test_the_bundle_names_no_other_host():
    hosts = re.findall(r"https?://[\w.]+", (FOLDER / "bundle.js").read_text())
    assert set(hosts) <= {"http://www.w3.org"}


@pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules").exists(),
    reason="needs Node and `npm ci` in components/slice_viewer; scripts/build_viewer.sh --check does both",
)
def test_the_committed_bundle_is_what_the_sources_build(tmp_path):
    fresh = tmp_path / "bundle.js"
    subprocess.run(["node", "build.mjs", str(fresh)], cwd=FOLDER, check=True)
    assert fresh.read_bytes() == (FOLDER / "bundle.js").read_bytes()
