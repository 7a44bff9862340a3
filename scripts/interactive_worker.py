"""The process of one interactive model: ``python scripts/interactive_worker.py PLUGIN.py PARAMETERS``.

`utils/processes/interactive_process.py` starts it in the Python that has the model's packages; besides the plugin it
needs numpy only. A question is a line of JSON, an image behind it where the line says so; an answer likewise. What a
model knows of an image stays here, within a byte budget. What a plugin prints goes to the log.
"""

import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started by its path

import numpy as np

from core.byte_cache import ByteCache
from core.learning.interactive import Embedding, InteractiveModel, Prompts


def main(plugin: str, parameters: str) -> None:
    """Answer until nobody asks any more."""
    questions, answers = _private_pipes()
    chosen = json.loads(parameters)
    model = _opened(Path(plugin), chosen)
    kept = ByteCache(int(chosen["embedding_cache_bytes"]), size=_size)
    _write(answers, {"ready": True})
    while line := questions.readline():
        _answer(json.loads(line), model, kept, questions, answers)


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Where questions come from and answers go; the usual output becomes the log."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def _opened(plugin: Path, parameters: Mapping[str, Any]) -> InteractiveModel:
    spec = importlib.util.spec_from_file_location("plugin", plugin)
    if spec is None or spec.loader is None:
        raise ImportError(f"{plugin} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model: InteractiveModel = module.open_model(parameters)
    return model


def _size(embedding: Embedding) -> int:
    return sum(array.nbytes for array in embedding.values())


def _answer(
    question: Mapping[str, Any],
    model: InteractiveModel,
    kept: ByteCache,
    questions: IO[bytes],
    answers: IO[bytes],
) -> None:
    image = _read_image(question, questions)
    try:
        embedding = kept.peek(question["key"])
        if embedding is None and image is None:
            return _write(answers, {"wants_image": True})
        if embedding is None:
            embedding = kept.get(question["key"], lambda: model.embed(image))
        pointed = model.segment(embedding, _prompts(question))
    except Exception as error:  # the plugin's; the process goes on
        traceback.print_exc()
        return _write(answers, {"error": f"{type(error).__name__}: {error}".partition("\n")[0]})
    mask = np.asarray(pointed.mask, bool)
    return _write(answers, {"shape": mask.shape, "score": float(pointed.score)}, np.packbits(mask).tobytes())


def _read_image(question: Mapping[str, Any], questions: IO[bytes]) -> Any:
    """(h, w) float32 of a question that brings its image, else None."""
    shape = question.get("shape")
    if shape is None:
        return None
    return np.frombuffer(questions.read(4 * shape[0] * shape[1]), np.float32).reshape(shape)


def _prompts(question: Mapping[str, Any]) -> Prompts:
    box = question["box"]
    return Prompts(
        np.array(question["points"], np.float64).reshape(-1, 2),
        np.array(question["positive"], bool),
        None if box is None else tuple(box),
    )


def _write(answers: IO[bytes], header: Mapping[str, Any], body: bytes = b"") -> None:
    answers.write(json.dumps({**header, "bytes": len(body)}).encode() + b"\n" + body)
    answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
