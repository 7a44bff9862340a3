"""The registry in a real MLflow store: algorithms by their descriptions, models by their human names."""

import dataclasses
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from core.errors import InvalidInputError, NotFoundError, UnavailableError
from core.labels.classes import DEFAULT_CLASSES
from core.learning.algorithm_file import Registration, read_algorithm, read_algorithms
from core.learning.jobs import JobKind, JobRequest
from core.learning.models import ModelWords, TrainedModel
from scripts.local_stack import wait_until
from tests.mlflow_template import fresh_settings
from utils.jobs.job_ledger import JobLedger
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore, Recent

MODELS = Path(__file__).resolve().parents[2] / "assets" / "models.json"


@pytest.fixture
def store(tmp_path):
    return MlflowStore.from_settings(fresh_settings(tmp_path / "state"))


@pytest.fixture
def registry(store):
    return MlflowRegistry(store)


def net(name="Net", version="1", **keys):
    files = {"train": "t.py", "inference": "p.py"}
    entry = {"model_name": name, "version": version, "type": "segmentation", "gui_parameters": []}
    return read_algorithm({**entry, "python_file_name": files, **keys})


def trained(store, name="Membranes", **keys) -> TrainedModel:
    request = JobRequest(
        kind=JobKind.TRAIN,
        name=name,
        user="anna",
        algorithm="U-Net",
        parameters={},
        volume="stack",
        data_uri="",
        slices=[0],
        classes=DEFAULT_CLASSES,
    )
    return TrainedModel(
        id=JobLedger(store).create(request),
        name=name,
        algorithm="U-Net",
        parameters={"epochs": 3},
        classes=DEFAULT_CLASSES,
        volume="stack",
        created=time.time(),
        labels_hash="abc",
        scores={"mean_iou": 0.7},
        labelled_pixels=1234,
        **keys,
    )


def test_an_empty_store_has_nothing(registry):
    assert registry.algorithms() == []
    assert registry.models() == []


def test_our_algorithms_come_back_as_they_were_registered(registry):
    ours = read_algorithms(MODELS.read_text())
    for descriptor in ours:
        assert registry.register_algorithm(descriptor) is Registration.ADDED
    assert registry.algorithms() == [each for each in ours if each.type == "segmentation"], "as in the file"
    assert registry.interactive_algorithms() == [each for each in ours if each.type == "interactive"]


def test_registering_again_changes_nothing_unless_told(registry):
    assert registry.register_algorithm(net()) is Registration.ADDED
    assert registry.register_algorithm(net()) is Registration.UNCHANGED
    changed = net(description="better")
    assert registry.register_algorithm(changed) is Registration.DIFFERS
    assert registry.algorithms() == [net()]
    assert registry.register_algorithm(changed, overwrite=True) is Registration.REPLACED
    assert registry.algorithms() == [changed]


def test_a_new_version_follows_the_old_one(registry):
    registry.register_algorithm(net())
    assert registry.register_algorithm(net(version="2")) is Registration.ADDED
    assert [descriptor.version for descriptor in registry.algorithms()] == ["2"]


def test_the_versions_of_an_algorithm_come_newest_first_each_as_registered_last(registry):
    registry.register_algorithm(net(name="Other"))
    for version, owner in (("1", "ann"), ("2", "ann"), ("2", "bob")):
        registry.register_algorithm(net(version=version, owner=owner), overwrite=True)
    found = registry.algorithm_versions("Net")
    assert [(each.version, each.owner) for each in found] == [("2", "bob"), ("1", "ann")]


def test_names_with_quotes_work(registry, store):
    descriptor = net(name="""O'Brien's "best" net""")
    registry.register_algorithm(descriptor)
    assert registry.register_algorithm(descriptor) is Registration.UNCHANGED
    registry.register_model(trained(store, name="""Anna's "first" try"""))
    assert registry.models()[0].name == """Anna's "first" try"""


def test_a_registration_by_another_process_appears_without_a_restart(registry, store, tmp_path):
    assert registry.algorithms() == []
    other = MlflowRegistry(MlflowStore(store.uri, folder=tmp_path / "state"))
    other.register_algorithm(net())
    wait_until(lambda: registry.algorithms() != [], "the algorithm of the other process")


def test_the_scheme_is_that_of_the_former_app(registry, store):
    registry.register_algorithm(net(owner="us", image_name="image", application=["segmentation"], is_gpu_enabled=True))
    with store.client() as client:
        wanted = "tags.entity_type = 'algorithm_definition' AND tags.algorithm_type = 'segmentation'"
        (model,) = client.search_registered_models(wanted)
        version = model.latest_versions[0]
        run = client.get_run(version.run_id)
        experiment = client.get_experiment(run.info.experiment_id)
        config = json.loads(Path(client.download_artifacts(version.run_id, "algorithm_config.json")).read_text())
    assert model.name == "Net"
    assert experiment.name == "Algorithm Registry - segmentation"
    assert version.tags["entity_type"] == "algorithm_definition"
    assert run.data.tags["algorithm_type"] == "segmentation"
    assert run.data.tags["entity_type"] == "algorithm_definition"
    assert (run.data.tags["version"], run.data.tags["owner"]) == ("1", "us")
    assert run.data.params["python_file_train"] == "t.py"
    assert run.data.params["applications"] == '["segmentation"]'
    assert run.data.params["is_gpu_enabled"] == "True"
    assert config["model_name"] == "Net"


def test_an_algorithm_that_breaks_the_schema_does_not_hide_the_others(registry):
    registry.register_algorithm(net())
    broken = dataclasses.replace(net(name="Broken"), entry={"model_name": "Broken"})
    registry.register_algorithm(broken)
    assert [descriptor.model_name for descriptor in registry.algorithms()] == ["Net"]


def test_models_come_back_newest_first_with_all_they_were_given(registry, store):
    first, second = trained(store, name="First"), trained(store, name="a/b: second")
    registry.register_model(first)
    registry.register_model(second)
    assert registry.models() == [second, first]
    assert registry.model(first.id) == first


def test_a_model_named_like_an_algorithm_leaves_the_algorithm_alone(registry, store):
    registry.register_algorithm(net(name="U-Net"))
    registry.register_model(trained(store, name="U-Net"))
    assert [model.name for model in registry.models()] == ["U-Net"]
    assert registry.algorithms() == [net(name="U-Net")]


def test_what_people_say_of_a_model_is_kept_and_a_stage_passes_on(registry, store):
    first, second = (trained(store) for _ in range(2))
    registry.register_model(first)
    registry.register_model(second)
    words = ModelWords("  Thin membranes ", "Good at edges", ("2026", "2026", "thin"), "production")
    registry.describe_model(first.id, words)
    found = registry.model(first.id)
    assert found.words == ModelWords("Thin membranes", "Good at edges", ("2026", "thin"), "production")
    registry.describe_model(second.id, ModelWords("Membranes", stage="production", archived=True))
    assert registry.model(first.id).stage == ""
    assert (registry.model(second.id).stage, registry.model(second.id).archived) == ("production", True)
    registry.describe_model(second.id, ModelWords("Membranes", stage="candidate"))
    assert registry.model(second.id).stage == "candidate"
    with pytest.raises(InvalidInputError, match="needs a name"):
        registry.describe_model(second.id, ModelWords(" "))
    with pytest.raises(InvalidInputError, match="no stage 'best'"):
        registry.describe_model(second.id, ModelWords("Membranes", stage="best"))


def test_a_deleted_model_is_gone_and_others_of_its_name_stay(registry, store):
    first, second = (trained(store, name="Anna's") for _ in range(2))
    for model in (first, second):
        registry.register_model(model)
    registry.delete_model(first.id)
    assert [model.id for model in registry.models()] == [second.id]
    registry.delete_model(second.id)
    assert registry.models() == []
    with pytest.raises(NotFoundError):
        registry.delete_model(first.id)


def test_a_model_is_taken_elsewhere_with_all_that_is_known_of_it(registry, store, tmp_path):
    model = dataclasses.replace(trained(store), description="Good at edges", tags=("thin",), code_version="0.1.0")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "model.json").write_text('{"algorithm": "U-Net"}')
    JobLedger(store).keep_files(model.id, tmp_path / "files")
    registry.register_model(model)
    bundle = registry.pack_model(model.id, tmp_path)
    elsewhere = MlflowRegistry(MlflowStore.from_settings(fresh_settings(tmp_path / "elsewhere")))
    found = elsewhere.unpack_model(bundle)
    assert dataclasses.replace(found, id=model.id) == model
    assert (elsewhere.fetch_model(found.id, tmp_path) / "model.json").read_text() == '{"algorithm": "U-Net"}'
    assert elsewhere.model(found.id).words == model.words


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("registry.json", "../evil.json"), "no plain data"),
        (("registry.json", "weights.pkl"), "no plain data"),
        (("model.json",), "is no model"),
        ((), "is no model"),
    ],
)
def test_a_file_that_is_no_model_is_refused(registry, tmp_path, names, said):
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as bundle:
        for name in names:
            bundle.writestr(name, "{}")
    with pytest.raises(InvalidInputError, match=said):
        registry.unpack_model(tmp_path / "some.zip")
    assert registry.models() == []


def test_a_model_that_is_not_there_is_not_found(registry):
    with pytest.raises(NotFoundError, match="no trained model"):
        registry.model("0" * 32)


def test_a_server_that_is_gone_is_reported_soon(tmp_path):
    registry = MlflowRegistry(MlflowStore("http://anna:secret@127.0.0.1:9", folder=tmp_path))
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="does not answer") as caught:
        registry.algorithms()
    assert time.monotonic() - began < 60
    assert "secret" not in str(caught.value)


class _Silent(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(300)


def test_a_server_that_says_nothing_is_given_up(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Silent)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    store = MlflowStore(f"http://127.0.0.1:{server.server_port}", folder=tmp_path, timeout_s=1)
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        MlflowRegistry(store).models()
    assert time.monotonic() - began < 60
    server.shutdown()
    server.server_close()


def test_many_who_ask_at_once_cost_one_question():
    asked = []

    def fetch():
        asked.append(1)
        return len(asked)

    recent = Recent(fetch, keep_s=60)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: recent.get(), range(50))) == {1}
    recent.forget()
    assert recent.get() == 2


def test_nobody_else_waits_for_a_server_that_hangs():
    hanging, go_on = Event(), Event()

    def fetch():
        if hanging.is_set():
            assert go_on.wait(120)
            return "new"
        return "old"

    recent = Recent(fetch, keep_s=0)
    assert recent.get() == "old"
    hanging.set()
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(recent.get)
        while not recent._lock.locked():
            time.sleep(0.01)
        assert recent.get() == "old"
        go_on.set()
        assert patient.result() == "new"


def test_an_outage_is_remembered_for_a_moment_and_then_over():
    answers = iter([UnavailableError("down"), "up"])

    def fetch():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    recent = Recent(fetch, keep_s=0.2)
    with pytest.raises(UnavailableError):
        recent.get()
    wait_until(lambda: not _is_down(recent), "the end of the outage", every_s=0.05)


def _is_down(recent):
    try:
        recent.get()
    except UnavailableError:
        return True
    return False
