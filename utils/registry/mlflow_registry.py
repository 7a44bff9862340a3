"""Algorithms and trained models as MLflow registered models, in the scheme of the app we succeed.

An algorithm is a registered model with the tags `entity_type` and `algorithm_type`; its newest version points to a run
whose artifact `algorithm_config.json` is the entry of the algorithm file. A trained model is a model version whose run
is the job that trained it; its files are the folder `model` of that run.
"""

import json
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import DescriptorError, NotFoundError
from core.learning.algorithm_file import Registration, read_algorithm
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.models import STAGES, ModelWords, TrainedModel
from utils.jobs.job_ledger import MODEL_FOLDER
from utils.registry.mlflow_store import MlflowStore, Recent
from utils.registry.model_bundles import pack, unpack
from utils.registry.model_tags import THUMBNAIL, TRAINED_MODEL, model_of, tags_of, tags_of_words

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

ALGORITHM_TYPE, INTERACTIVE_TYPE = "segmentation", "interactive"
ALGORITHM = "algorithm_definition"
LOADED = "Models loaded"  # the experiment of those that came as a file
CONFIG_FILE = "algorithm_config.json"
THUMBNAIL_FILE = "thumbnail.png"
KEEP_S = 2.0  # a new registration is on the page before its author has looked up
MAX_MODELS = 500
log = logging.getLogger(__name__)


class MlflowRegistry:
    """The `Registry`. Building it contacts nobody."""

    def __init__(self, store: MlflowStore) -> None:
        self._store = store
        self._recent_algorithms = Recent(lambda: self._fetch_algorithms(ALGORITHM_TYPE), keep_s=KEEP_S)
        self._recent_interactive = Recent(lambda: self._fetch_algorithms(INTERACTIVE_TYPE), keep_s=KEEP_S)
        self._recent_models = Recent(self._fetch_models, keep_s=KEEP_S)
        self._configs: dict[str, Mapping[str, Any]] = {}

    def algorithms(self) -> list[AlgorithmDescriptor]:
        """By name. An entry that breaks the schema is left out."""
        return self._recent_algorithms.get()

    def interactive_algorithms(self) -> list[AlgorithmDescriptor]:
        """Those that segment what somebody points at, by age."""
        return self._recent_interactive.get()

    def models(self) -> list[TrainedModel]:
        """Newest first."""
        return self._recent_models.get()

    def register_algorithm(self, descriptor: AlgorithmDescriptor, *, overwrite: bool = False) -> Registration:
        """Make an algorithm known.

        An entry registered before under the same version is left alone; when its content differs, `overwrite` registers
        the new content and otherwise nothing is changed. A new version is added to the old ones.
        """
        with self._store.client() as client:
            known = _latest_version(_registered(client, descriptor.model_name))
            entry = self._config(client, known) if known is not None else {}
        if entry == descriptor.entry:
            return Registration.UNCHANGED
        if entry.get("version") == descriptor.version and not overwrite:
            return Registration.DIFFERS
        self._write_algorithm(descriptor)
        self._recent_algorithms.forget()
        self._recent_interactive.forget()
        return Registration.REPLACED if entry.get("version") == descriptor.version else Registration.ADDED

    def register_model(self, model: TrainedModel) -> None:
        """Add what a job has trained; its files must be in the job's folder `model` already."""
        with self._store.client() as client:
            name = _free_name(client, model.name)
            client.create_model_version(name, f"runs:/{model.id}/{MODEL_FOLDER}", run_id=model.id, tags=tags_of(model))
        self._recent_models.forget()

    def model(self, model_id: str) -> TrainedModel:
        """The model that the job `model_id` trained; raises NotFoundError."""
        with self._store.client() as client:
            version = _version_of(client, model_id)
            return model_of(version, client.get_registered_model(version.name).aliases)

    def fetch_model(self, model_id: str, folder: Path) -> Path:
        """Bring a model's files into `folder` and return where they are."""
        with self._store.client() as client:
            return Path(client.download_artifacts(model_id, MODEL_FOLDER, str(folder)))

    def keep_thumbnail(self, model_id: str, picture: bytes) -> None:
        """Keep a PNG beside a model."""
        with self._store.client() as client, tempfile.TemporaryDirectory() as folder:
            version = _version_of(client, model_id)
            (Path(folder) / THUMBNAIL_FILE).write_bytes(picture)
            client.log_artifacts(model_id, folder, THUMBNAIL)
            client.set_model_version_tag(version.name, version.version, THUMBNAIL, "yes")
        self._recent_models.forget()

    def thumbnail(self, model_id: str) -> bytes:
        """What `keep_thumbnail` kept; raises NotFoundError."""
        with self._store.client() as client, tempfile.TemporaryDirectory() as folder:
            if THUMBNAIL not in _version_of(client, model_id).tags:
                raise NotFoundError("This model has no picture.", "It is made when a training has segmented a slice.")
            return Path(client.download_artifacts(model_id, f"{THUMBNAIL}/{THUMBNAIL_FILE}", folder)).read_bytes()

    def describe_model(self, model_id: str, words: ModelWords) -> None:
        """Write down what people say of a model; it takes its stage from the one that had it."""
        words = words.checked()
        with self._store.client() as client:
            version = _version_of(client, model_id)
            for key, value in tags_of_words(words).items():
                client.set_model_version_tag(version.name, version.version, key, value)
            for alias, number in client.get_registered_model(version.name).aliases.items():
                if alias in STAGES and number == version.version:
                    client.delete_registered_model_alias(version.name, alias)
            if words.stage:
                client.set_registered_model_alias(version.name, words.stage, version.version)
        self._recent_models.forget()

    def delete_model(self, model_id: str) -> None:
        """Remove a model from the registry; its job and the results that it made stay."""
        with self._store.client() as client:
            version = _version_of(client, model_id)
            client.delete_model_version(version.name, version.version)
            if _latest_version(client.get_registered_model(version.name)) is None:
                client.delete_registered_model(version.name)
        self._recent_models.forget()

    def pack_model(self, model_id: str, folder: Path) -> Path:
        """Write a model with all that is known of it into one file in `folder`."""
        model = self.model(model_id)
        with tempfile.TemporaryDirectory() as files:
            return pack(model, self.fetch_model(model_id, Path(files)), folder)

    def unpack_model(self, bundle: Path) -> TrainedModel:
        """Register what `pack_model` wrote, here or elsewhere, as a new model."""
        experiment = self._store.experiment(LOADED)
        with tempfile.TemporaryDirectory() as files:
            found = unpack(bundle, Path(files))
            with self._store.client() as client:
                run = client.create_run(experiment, run_name=found.name)
                client.log_artifacts(run.info.run_id, files, MODEL_FOLDER)
                client.set_terminated(run.info.run_id)
        model = replace(found, id=run.info.run_id)
        self.register_model(model)
        return model

    def _fetch_algorithms(self, kind: str) -> list[AlgorithmDescriptor]:
        """As they were first registered, in the order of the algorithm file; people start with its first."""
        wanted = f"tags.entity_type = '{ALGORITHM}' AND tags.algorithm_type = '{kind}'"
        with self._store.client() as client:
            found = client.search_registered_models(wanted)
            found = sorted(found, key=lambda model: (model.creation_timestamp, model.name.lower()))
            latest = [_latest_version(model) for model in found]
            entries = [self._config(client, version) for version in latest if version is not None]
        return _readable(entries)

    def algorithm_versions(self, name: str) -> list[AlgorithmDescriptor]:
        """Newest first; of a version that was registered again, the newest content."""
        with self._store.client() as client:
            found = client.search_model_versions(f"tags.entity_type = '{ALGORITHM}'", max_results=MAX_MODELS)
            mine = sorted((each for each in found if each.name == name), key=lambda each: -int(each.version))
            entries = [self._config(client, each) for each in mine]
        newest: dict[str, AlgorithmDescriptor] = {}
        for each in _readable(entries):
            newest.setdefault(each.version, each)
        return list(newest.values())

    def _fetch_models(self) -> list[TrainedModel]:
        with self._store.client() as client:
            versions = client.search_model_versions(
                f"tags.entity_type = '{TRAINED_MODEL}'", max_results=MAX_MODELS, order_by=["creation_timestamp DESC"]
            )
            known = client.search_registered_models(f"tags.entity_type = '{TRAINED_MODEL}'", max_results=MAX_MODELS)
        aliases = {model.name: model.aliases for model in known}  # versions that are searched for come without
        return [model_of(version, aliases.get(version.name, {})) for version in versions]

    def _config(self, client: "MlflowClient", version: "ModelVersion") -> Mapping[str, Any]:
        """The entry behind a model version; a run's file never changes, so it is fetched once."""
        run_id = version.run_id
        if run_id not in self._configs:
            with tempfile.TemporaryDirectory() as folder:
                path = client.download_artifacts(run_id, CONFIG_FILE, folder)
                self._configs[run_id] = json.loads(Path(path).read_text())
        return self._configs[run_id]

    def _write_algorithm(self, descriptor: AlgorithmDescriptor) -> None:
        experiment = self._store.experiment(f"Algorithm Registry - {descriptor.type}")
        tags = {"entity_type": ALGORITHM, "algorithm_type": descriptor.type}
        with self._store.client() as client:
            run = client.create_run(
                experiment,
                tags=tags | {"version": descriptor.version, "owner": descriptor.owner},
                run_name=descriptor.model_name,
            )
            run_id = run.info.run_id
            for key, value in _run_parameters(descriptor).items():
                client.log_param(run_id, key, value)
            client.log_text(run_id, json.dumps(dict(descriptor.entry), indent=1), CONFIG_FILE)
            client.set_terminated(run_id)
            _ensure_registered(client, descriptor.model_name, tags)
            client.create_model_version(
                descriptor.model_name, f"runs:/{run_id}/{CONFIG_FILE}", run_id=run_id, tags={"entity_type": ALGORITHM}
            )


def _version_of(client: "MlflowClient", model_id: str) -> "ModelVersion":
    """Raises NotFoundError."""
    versions = client.search_model_versions(f"run_id = '{model_id.replace(chr(39), '')}'")
    for version in versions:
        if version.tags.get("entity_type") == TRAINED_MODEL:
            return version
    raise NotFoundError(f"There is no trained model {model_id!r}.", "It may have been deleted; train again.")


def _run_parameters(descriptor: AlgorithmDescriptor) -> dict[str, str]:
    return {
        "image_name": descriptor.image_name,
        "image_tag": descriptor.image_tag,
        "source": descriptor.source,
        "is_gpu_enabled": str(descriptor.is_gpu_enabled),
        "applications": json.dumps(descriptor.application),
        "description": descriptor.description,
        **{f"python_file_{task}": file for task, file in descriptor.python_file_name.items()},
    }


def _registered(client: "MlflowClient", name: str) -> "RegisteredModel | None":
    """Asked by name, for MLflow's search cannot quote an apostrophe."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def _latest_version(model: "RegisteredModel | None") -> "ModelVersion | None":
    """MLflow lists the latest version of each stage; the newest of them is meant."""
    versions = model.latest_versions if model is not None else []
    return max(versions, key=lambda version: int(version.version), default=None)


def _ensure_registered(client: "MlflowClient", name: str, tags: Mapping[str, str]) -> None:
    if _registered(client, name) is None:
        client.create_registered_model(name)
    for key, value in tags.items():
        client.set_registered_model_tag(name, key, value)


def _free_name(client: "MlflowClient", wanted: str) -> str:
    """A registered model's name for a trained model: MLflow forbids / and :, and an algorithm may bear the name."""
    name = wanted.replace("/", "-").replace(":", "-").strip()
    known = _registered(client, name)
    if known is not None and known.tags.get("entity_type") == ALGORITHM:
        name = f"{name} (trained)"
    _ensure_registered(client, name, {"entity_type": TRAINED_MODEL})
    return name


def _readable(entries: list[Mapping[str, Any]]) -> list[AlgorithmDescriptor]:
    descriptors = []
    for entry in entries:
        try:
            descriptors.append(read_algorithm(entry))
        except DescriptorError as error:
            log.warning("an algorithm in MLflow was left out: %s", error)
    return descriptors
