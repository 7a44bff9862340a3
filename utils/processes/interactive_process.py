"""The process in which an interactive model lives, so that the app itself never loads torch.

It starts with the first question, ends when nobody has asked for a while, and starts anew when it died. One question
is on its way at a time. `scripts/interactive_worker.py` is what runs in it.
"""

import json
import logging
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnavailableError
from core.learning.interactive import Pointed, Prompts
from utils.settings import ROOT

IDLE_S = 900.0  # a model holds gigabytes
PATIENCE_S = 300.0  # the largest models take a minute to load, and a minute for a slice without a GPU
WORKER = ROOT / "scripts" / "interactive_worker.py"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plugin:
    """What to start. parameters : of the model, as JSON. log : where its words go."""

    name: str
    interpreter: str
    file: Path
    parameters: str
    log: Path


class InteractiveProcess:
    """Asks one model. Building it starts nothing."""

    def __init__(self, plugin: Plugin, environment: Mapping[str, str], *, idle_s: float = IDLE_S) -> None:
        self.plugin = plugin
        self._environment = dict(environment)
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: threading.Timer | None = None

    def segment(self, key: str, image: Callable[[], NDArray[np.float32]], prompts: Prompts) -> Pointed:
        """The object pointed at.

        Parameters
        ----------
        key : names the image; `image` is called only when the model has not seen it lately.

        Raises
        ------
        UnavailableError
            If the process cannot be started, dies, does not answer in time, or the model fails.
        """
        with self._lock:
            self._stay()
            question = {"key": key, "points": prompts.points.tolist(), "positive": prompts.positive.tolist()}
            question["box"] = prompts.box
            answer, body = self._ask(question)
            if answer.get("wants_image"):
                answer, body = self._ask(question, np.ascontiguousarray(image(), np.float32))
        if "error" in answer:
            raise self._failed(f"it said: {answer['error']}")
        height, width = answer["shape"]
        mask = np.unpackbits(np.frombuffer(body, np.uint8), count=height * width).astype(bool)
        return Pointed(mask.reshape(height, width), answer["score"])

    def stop(self) -> None:
        """End the process; the next question starts another."""
        if self._idle is not None:
            self._idle.cancel()
        with self._lock:
            self._end()

    def _ask(
        self, question: Mapping[str, Any], image: NDArray[np.float32] | None = None
    ) -> tuple[dict[str, Any], bytes]:
        process = self._running()
        told = {**question, "shape": None if image is None else image.shape}
        watch = threading.Timer(PATIENCE_S, process.kill)
        watch.start()
        try:
            _write(process.stdin, told, b"" if image is None else image.tobytes())
            return self._heard(process)
        except OSError as error:
            raise self._died() from error
        finally:
            watch.cancel()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = self._started()
            self._heard(self._process)  # it says when it is ready
        return self._process

    def _started(self) -> "subprocess.Popen[bytes]":
        plugin = self.plugin
        plugin.log.parent.mkdir(parents=True, exist_ok=True)
        command = [plugin.interpreter, "-u", str(WORKER), str(plugin.file), plugin.parameters]
        try:
            with plugin.log.open("wb") as said:
                return subprocess.Popen(
                    command, cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
                )
        except OSError as error:
            raise self._failed(f"{plugin.interpreter} cannot be started ({error.strerror})") from error

    def _heard(self, process: "subprocess.Popen[bytes]") -> tuple[dict[str, Any], bytes]:
        answers = process.stdout
        assert answers is not None  # as `_started` asks for
        line = answers.readline()
        if not line:
            raise self._died()
        answer = json.loads(line)
        return answer, answers.read(answer["bytes"])

    def _died(self) -> UnavailableError:
        self._end()
        lines = self.plugin.log.read_text(errors="replace").strip().splitlines()
        return self._failed(f"its process ended: {lines[-1][:300] if lines else 'it left no word'}")

    def _failed(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"{self.plugin.name} does not answer; {why}.",
            f"Its log is {self.plugin.log}. Choose another model meanwhile.",
        )

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = threading.Timer(self._idle_s, self.stop)
        self._idle.daemon = True
        self._idle.start()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        process.kill()
        process.wait()


def _write(pipe: IO[bytes] | None, header: Mapping[str, Any], body: bytes) -> None:
    assert pipe is not None  # as `_started` asks for
    pipe.write(json.dumps(header).encode() + b"\n" + body)
    pipe.flush()


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        log.debug("a pipe of a dead process could not be flushed")
