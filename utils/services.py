"""The one place that constructs adapters: settings in, the record of ports out.

Nothing is contacted here. Tiled, MLflow and the label database are first asked when a page asks for something of
theirs, so the app starts while they are still down.
"""

from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from core.services import Services
from utils.checkup import Check, Checkup, database, job_engine, mlflow, tiled
from utils.curation.curation_db import SqlCurationStore
from utils.curation.curation_files import CurationFiles
from utils.exchange_files import DiskExchange
from utils.images.derived_store import DiskDerivedStore
from utils.images.tile_cache import CachedTileServer
from utils.images.tiled_http import TiledAccess
from utils.images.tiled_masks import TiledMaskPublisher, TiledResults
from utils.images.tiled_volumes import TiledCatalog
from utils.jobs.jobs_local import LocalJobs
from utils.jobs.jobs_prefect import PrefectJobs
from utils.jobs.prefect_former import FormerSite
from utils.labels.instance_db import SqlInstanceMemory
from utils.labels.instance_worker import BackgroundInstances
from utils.labels.label_db import SqlLabelStore
from utils.labels.label_tables import open_engine
from utils.labelstudio.labelstudio_client import HttpLabelStudio
from utils.processes.encoder_process import EncoderProcess
from utils.processes.live_worker import LiveWorker
from utils.processes.model_process import ModelProcess
from utils.registry.interactive_models import LocalInteractiveModels
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore
from utils.settings import Settings

DEFAULT_USER = "user1"  # where the app we succeed stored masks without a USER_NAME


def build_services(settings: Settings) -> Services:
    """The ports of an app with these settings."""
    catalog = TiledCatalog(
        settings.data_tiled_uri, settings.data_tiled_api_key.get_secret_value(), timeout_s=settings.tiled_timeout_s
    )
    derived = DiskDerivedStore(settings.state_dir / "derived", max_bytes=int(settings.disk_cache_gb * 1e9))
    labels = SqlLabelStore(settings.labels_uri)
    masks = _access(settings, settings.mask_tiled_uri, settings.mask_tiled_api_key, "MASK_TILED")
    results = _access(settings, settings.seg_tiled_uri, settings.seg_tiled_api_key, "SEG_TILED")
    store = MlflowStore.from_settings(settings)
    registry = MlflowRegistry(store)
    stored = TiledResults(results)
    jobs = _jobs(settings, store, registry, FormerSite.from_settings(settings, catalog, stored, registry))
    return Services(
        volumes=catalog,
        tiles=CachedTileServer(catalog, derived, max_bytes=settings.slice_cache_mb << 20),
        labels=labels,
        curation=SqlCurationStore(settings.labels_uri),
        curation_memory=CurationFiles(settings.state_dir / "curation"),
        encoders=EncoderProcess(settings, registry.models),
        instances=BackgroundInstances(labels, catalog, SqlInstanceMemory(settings.labels_uri)),
        masks=TiledMaskPublisher(labels, catalog, masks),
        results=stored,
        live=LiveWorker(max_bytes=settings.live_cache_mb << 20, threads=settings.live_threads),
        registry=registry,
        interactive=LocalInteractiveModels(settings, registry.interactive_algorithms),
        jobs=jobs,
        exchange=DiskExchange.from_settings(settings),
        labelstudio=HttpLabelStudio.from_settings(settings),
        pictures=ModelProcess(settings),
        infrastructure=Checkup(_lines(settings, store, jobs), settings.state_dir),
        current_user=lambda: settings.user_name or DEFAULT_USER,
        namespace=settings.user_name or DEFAULT_USER,
        timezone=ZoneInfo(settings.timezone),
    )


def _jobs(
    settings: Settings, store: MlflowStore, registry: MlflowRegistry, former: FormerSite | None
) -> LocalJobs | PrefectJobs:
    """Who runs jobs."""
    if settings.job_engine == "local":
        return LocalJobs(settings, store)
    local = LocalJobs(settings.model_copy(update={"job_spare": False}), store)  # it does exports only
    return PrefectJobs(settings, store, local, splits=partial(_splits, registry), former=former)


def _splits(registry: MlflowRegistry, algorithm: str) -> bool:
    """Whether workers can share the slices out; a program from elsewhere does them all."""
    return all(each.is_ours for each in registry.algorithms() if each.model_name == algorithm)


def _lines(settings: Settings, store: MlflowStore, jobs: LocalJobs | PrefectJobs) -> list[tuple[str, Check]]:
    """What answers over a line, in the order of the page."""
    images = _access(settings, settings.data_tiled_uri, settings.data_tiled_api_key, "DATA_TILED")
    return [
        ("Images (Tiled)", tiled(replace(images, starter="./tiled_serve_dir.sh"))),
        ("Masks (Tiled)", tiled(_access(settings, settings.mask_tiled_uri, settings.mask_tiled_api_key, "MASK_TILED"))),
        ("Results (Tiled)", tiled(_access(settings, settings.seg_tiled_uri, settings.seg_tiled_api_key, "SEG_TILED"))),
        ("Labels (database)", database(open_engine(settings.labels_uri))),
        ("Algorithms and models (MLflow)", mlflow(store)),
        ("Jobs", job_engine(jobs)),
        *([("Workers (Prefect)", jobs.prefect)] if isinstance(jobs, PrefectJobs) else []),
    ]


def _access(settings: Settings, uri: str, key: SecretStr, name: str) -> TiledAccess:
    return TiledAccess(uri, key.get_secret_value(), name, settings.tiled_timeout_s)
