"""The one place that reads the environment and `.env`. `.env.example` lists every setting; a test holds them equal."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import InvalidInputError

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Settings(BaseSettings):
    """Names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True)

    data_tiled_uri: str = Field("http://127.0.0.1:8000/", description="Tiled container with the images")
    data_tiled_api_key: SecretStr = Field(SecretStr(""), description="its API key")
    mask_tiled_uri: str = Field("http://127.0.0.1:8001/", description="writable Tiled container for painted masks")
    mask_tiled_api_key: SecretStr = Field(
        default_factory=lambda known: _shared_key(known, "mask"),
        description="its API key; on this machine DATA_TILED_API_KEY unless set",
    )
    seg_tiled_uri: str = Field("http://127.0.0.1:8001/", description="writable Tiled container for results")
    seg_tiled_api_key: SecretStr = Field(
        default_factory=lambda known: _shared_key(known, "seg"),
        description="its API key; on this machine DATA_TILED_API_KEY unless set",
    )

    host: str = Field("127.0.0.1", description="address the app listens on")
    port: int = Field(8075, ge=1, le=65535, description="port the app listens on")
    dash_requests_pathname_prefix: str = Field(
        "/", description="path below which a reverse proxy shows the app, '/' or '/path/'"
    )
    trusted_proxies: int = Field(0, ge=0, description="proxies in front whose X-Forwarded-* headers are believed")
    dash_deployment_loc: str = Field(
        "", description="'Local' switches the login off; only loopback addresses may do so"
    )
    user_name: str = Field("", description="login name; also the name under which masks are stored")
    user_password: SecretStr = Field(SecretStr(""), description="login password")
    mode: Literal["dev", "production"] = Field("production", description="'dev' shows Dash's developer tools")
    timezone: str = Field("UTC", description="time zone of the times on the page, an IANA name")

    mlflow_tracking_uri: str = Field("", description="MLflow store; empty: SQLite in STATE_DIR")
    mlflow_tracking_uri_outside: str = Field("", description="the same server as scripts outside a container reach it")
    mlflow_tracking_username: str = Field("", description="MLflow login name")
    mlflow_tracking_password: SecretStr = Field(SecretStr(""), description="MLflow password")
    algorithm_json_path: Path = Field(ROOT / "assets" / "models.json", description="algorithms to register")

    state_dir: Path = Field(ROOT / ".state", description="folder for labels, jobs, models and caches")
    labels_db_uri: str = Field("", description="SQLAlchemy URL of the label database; empty: SQLite in STATE_DIR")
    slice_cache_mb: int = Field(512, ge=64, description="memory for decoded slices, MiB")
    browser_cache_mb: int = Field(256, ge=32, description="memory for tiles in each page of a browser, MiB")
    disk_cache_gb: float = Field(
        50, ge=0, description="disk for overviews of large images and for XZ and YZ planes, GB; in STATE_DIR"
    )
    live_cache_mb: int = Field(768, ge=64, description="memory for pixel features of the live prediction, MiB")
    live_threads: int = Field(2, ge=1, description="processor cores the live prediction may take")
    upload_limit_gb: float = Field(20, gt=0, description="largest file of labels that may be imported, GB")
    keep_exports_days: float = Field(7, gt=0, description="how long exported files can be downloaded, days")
    embedding_cache_mb: int = Field(
        1024, ge=64, description="memory for what an interactive model knows of slices it has seen, MiB"
    )
    tiled_timeout_s: float = Field(30.0, gt=0, description="longest wait for one answer of Tiled, seconds")
    job_device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where networks run; auto: a GPU if there is one"
    )
    container_engine: Literal["auto", "docker", "podman", "apptainer"] = Field(
        "auto", description="what runs algorithms that come as container images; auto: the first there is"
    )
    job_engine: Literal["local", "prefect"] = Field(
        "local", description="who runs jobs: this machine, or the workers of a Prefect server"
    )
    prefect_api_url: str = Field("http://127.0.0.1:4200/api", description="API of the Prefect server")
    prefect_api_key: SecretStr = Field(SecretStr(""), description="its API key")
    prefect_api_auth_string: SecretStr = Field(SecretStr(""), description="its login, NAME:PASSWORD")
    flow_name: str = Field(
        "", description="a deployment of the former app, flow/deployment, to do the jobs; empty: our own flows"
    )
    prefect_tags: str = Field("", description="tags of each flow run, with commas between them or as a JSON list")
    prefect_range_slices: int = Field(64, ge=1, description="slices that a worker segments in one flow run")
    prefect_silence_s: float = Field(
        120, gt=0, description="how long a worker may be silent before its share is given to another, seconds"
    )
    job_slots: int = Field(1, ge=1, description="jobs that run at the same time; GPUs and cores are shared out")
    job_spare: bool = Field(
        True, description="keep a worker ready, so that a job begins at once; it holds about 500 MB of memory"
    )
    job_time_limit_h: float = Field(0, ge=0, description="longest time a job may run, hours; 0: no limit")
    job_memory_limit_gb: float = Field(0, ge=0, description="most memory a job may take, GB; 0: no limit")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no time zone. Use an IANA name, for example Europe/Berlin.") from error

    @field_validator("dash_requests_pathname_prefix")
    @classmethod
    def _between_slashes(cls, path: str) -> str:
        inner = path.strip("/")
        if not all(part and part not in (".", "..") for part in inner.split("/")) and inner:
            raise ValueError(f"{path!r} is no path. Write '/' or '/segmentation/'.")
        return f"/{inner}/" if inner else "/"

    @field_validator("state_dir")
    @classmethod
    def _below_root(cls, path: Path) -> Path:
        """Relative to the project, so that commands started in scripts/ find the same state."""
        return (ROOT / path).resolve()

    @field_validator("algorithm_json_path")
    @classmethod
    def _from_here_or_scripts(cls, path: Path) -> Path:
        """Relative to where the command runs; the usual "../assets/models.json" is meant from scripts/."""
        places = (Path.cwd() / path, ROOT / "scripts" / path)
        return next((place for place in places if place.exists()), places[0]).resolve()

    @property
    def mlflow_uri(self) -> str:
        return self.mlflow_tracking_uri or f"sqlite:///{self.state_dir / 'mlflow.db'}"

    @property
    def labels_uri(self) -> str:
        return self.labels_db_uri or f"sqlite:///{self.state_dir / 'labels.db'}"

    @property
    def bind(self) -> str:
        """What the server listens on; IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """Where the page is, for who sits at this machine."""
        return f"http://{self.bind}{self.dash_requests_pathname_prefix}"

    @property
    def needs_login(self) -> bool:
        return self.dash_deployment_loc != "Local"

    def environment(self) -> dict[str, str]:
        """The environment of a process that must find these settings, keys included."""
        values = self.model_dump() | {"mlflow_tracking_uri": self.mlflow_uri, "labels_db_uri": self.labels_uri}
        waiting = {"OMP_WAIT_POLICY": "PASSIVE"}  # threads that wait must not hold the cores the page needs
        return waiting | dict(os.environ) | {name.upper(): _plain(value) for name, value in values.items()}


def read_settings() -> Settings:
    """The settings of this process. Raises InvalidInputError that names each wrong one."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"{str(e['loc'][0]).upper()} is {e['input']!r}: {e['msg']}." for e in error.errors()]
        raise InvalidInputError(f"Wrong settings. {' '.join(wrong)}", ".env.example explains each.") from error


def _shared_key(known: Mapping[str, Any], server: Literal["mask", "seg"]) -> SecretStr:
    """The key of the images, for a server on this machine that has no other; it never leaves the machine unasked."""
    local = urlsplit(known.get(f"{server}_tiled_uri", "")).hostname in LOOPBACK
    key: SecretStr = known.get("data_tiled_api_key", SecretStr("")) if local else SecretStr("")
    return key


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
