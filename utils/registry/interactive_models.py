"""Interactive models: which there are, which can be used here, and why the others cannot.

Implements `core.services.InteractiveModels`. The one that needs no weights answers in the app; every other is a row of
the registry of type "interactive" and lives in a process of its own (`utils/processes/interactive_process.py`).
"""

import json
import logging
import subprocess
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.byte_cache import ByteCache
from core.errors import NotFoundError, UnavailableError
from core.labels.tools.pointing import EdgesAndGreys
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.interactive import Embedding, Offer, Pointed, Prompts
from utils.jobs.interpreters import interpreter_of
from utils.processes.interactive_process import InteractiveProcess, Plugin
from utils.settings import ROOT, Settings

BUILT_IN = Offer("Edges and greys", "Follows the greys and edges around a click. At once, without a model.")
KEPT_BYTES = 64 << 20  # of the built-in one: eight blocks of 1024 x 1024
PROBE_S = 20.0
PROBE = "import sys, importlib.util as u; print(*(n for n in sys.argv[1:] if u.find_spec(n) is None))"
log = logging.getLogger(__name__)


class LocalInteractiveModels:
    """registered : the algorithms of type "interactive", as the registry has them. Building it starts nothing."""

    def __init__(self, settings: Settings, registered: Callable[[], Sequence[AlgorithmDescriptor]]) -> None:
        self._settings = settings
        self._registered = registered
        self._built_in = EdgesAndGreys()
        self._kept = ByteCache(KEPT_BYTES, size=lambda embedding: sum(array.nbytes for array in embedding.values()))
        self._processes: dict[str, InteractiveProcess] = {}
        self._lacking: dict[tuple[str, ...], str] = {}
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where checkpoints are looked for."""
        return self._settings.state_dir / "checkpoints"

    def offers(self) -> list[Offer]:
        """The built-in one first, then those of the registry in its order."""
        try:
            others = [self._offer(each) for each in self._registered() if each.model_name != BUILT_IN.name]
        except UnavailableError as error:
            others = [Offer("Models of the registry", "", error.message, error.hint)]
        return [BUILT_IN, *others]

    def segment(self, name: str, key: str, image: Callable[[], NDArray[np.float32]], prompts: Prompts) -> Pointed:
        """The object pointed at; see `InteractiveProcess.segment`. Raises NotFoundError, UnavailableError."""
        if name == BUILT_IN.name:
            embedding: Embedding = self._kept.get(key, lambda: self._built_in.embed(image()))
            return self._built_in.segment(embedding, prompts)
        return self._process(self._found(name)).segment(key, image, prompts)

    def close(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.stop()

    def _found(self, name: str) -> AlgorithmDescriptor:
        for descriptor in self._registered():
            if descriptor.model_name == name:
                offer = self._offer(descriptor)
                if offer.reason:
                    raise UnavailableError(f"{name}: {offer.reason}", offer.hint)
                return descriptor
        raise NotFoundError(f"The model {name!r} is not registered (any more).", "Choose another one.")

    def _process(self, descriptor: AlgorithmDescriptor) -> InteractiveProcess:
        """The one of this model; another one when its description has changed."""
        plugin = self._plugin(descriptor)
        with self._lock:
            process = self._processes.get(plugin.name)
            if process is None or process.plugin != plugin:
                if process is not None:
                    process.stop()
                process = self._processes[plugin.name] = InteractiveProcess(plugin, self._settings.environment())
            return process

    def _plugin(self, descriptor: AlgorithmDescriptor) -> Plugin:
        name = descriptor.model_name
        parameters = self._parameters(descriptor) | {"embedding_cache_bytes": self._settings.embedding_cache_mb << 20}
        return Plugin(
            name,
            interpreter_of(descriptor),
            _file(descriptor),
            json.dumps(parameters),
            self._settings.state_dir / "interactive" / f"{name.replace('/', '-')}.log",
        )

    def _parameters(self, descriptor: AlgorithmDescriptor) -> dict[str, Any]:
        """Its defaults, with paths as they are found and the device of jobs where it has no wish of its own."""
        values = descriptor.defaults()
        for name in (name for name in values if name.endswith("_path")):
            values[name] = str(self.folder / values[name])
        if values.get("device") == "auto":
            values["device"] = self._settings.job_device
        return values

    def _offer(self, descriptor: AlgorithmDescriptor) -> Offer:
        reason, hint = self._obstacle(descriptor)
        return Offer(descriptor.model_name, descriptor.description, reason, hint)

    def _obstacle(self, descriptor: AlgorithmDescriptor) -> tuple[str, str]:
        """(why it cannot be used, the way out); both empty when it can."""
        file = _file(descriptor)
        if not file.is_file():
            return f"its file {file} is not there.", 'Correct "python_file_name" in the algorithm file.'
        lacking = self._lacking_packages(descriptor)
        if lacking:
            return lacking, f"pip install {' '.join(descriptor.requires)}, or name another Python as its interpreter."
        for name, value in self._parameters(descriptor).items():
            if name.endswith("_path") and not (descriptor.defaults()[name] and Path(value).exists()):
                return f"there is no checkpoint {value}.", f"Put it there, or name it as {name} in the algorithm file."
        return "", ""

    def _lacking_packages(self, descriptor: AlgorithmDescriptor) -> str:
        """Why its packages cannot be imported; asked once of each interpreter, unless something was missing."""
        key = (interpreter_of(descriptor), *descriptor.requires)
        told = self._lacking.get(key)
        if told is None or told:
            told = self._lacking[key] = _lacking(descriptor)
        return told


def _file(descriptor: AlgorithmDescriptor) -> Path:
    return ROOT / descriptor.python_file_name["inference"]


def _lacking(descriptor: AlgorithmDescriptor) -> str:
    """Asked without importing anything: torch alone takes seconds."""
    if not descriptor.interpreter:
        missing = [name for name in descriptor.requires if find_spec(name) is None]
    else:
        try:
            missing = _probed(descriptor)
        except (OSError, subprocess.SubprocessError) as error:
            log.info("%s: %s", descriptor.model_name, error)
            return f"its interpreter {descriptor.interpreter} is no Python that can be started."
    return f"the package {missing[0]} is not installed." if missing else ""


def _probed(descriptor: AlgorithmDescriptor) -> list[str]:
    command = [descriptor.interpreter, "-c", PROBE, *descriptor.requires]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_S, check=True)
    return outcome.stdout.split()
