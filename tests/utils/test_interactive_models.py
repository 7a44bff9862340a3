"""Interactive models behind the plugin protocol: a real process with a tiny network, and why others are hidden."""

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotFoundError, UnavailableError
from core.learning.algorithm_file import read_algorithms
from core.learning.descriptors import AlgorithmDescriptor
from core.learning.interactive import Prompts
from utils.registry.interactive_models import BUILT_IN, LocalInteractiveModels
from utils.settings import ROOT, Settings

ALGORITHMS = {each.model_name: each for each in read_algorithms((ROOT / "assets" / "models.json").read_text())}
IMAGE = np.zeros((64, 80), np.float32)
IMAGE[10:30, 20:50] = 1
CLICK = Prompts(np.array([[15.0, 25.0]]), np.array([True]))


def save_network(path: Path) -> None:
    """A network that finds what has the grey of the first click, inside the box."""
    import torch

    class SameGrey(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

        @torch.jit.export
        def embed(self, image: torch.Tensor) -> torch.Tensor:
            return image[0, 0] * 2

        @torch.jit.export
        def segment(
            self, features: torch.Tensor, points: torch.Tensor, labels: torch.Tensor, box: torch.Tensor
        ) -> tuple[torch.Tensor, float]:
            logits = torch.ones_like(features)
            if points.shape[0] > 0:
                grey = features[int(points[0, 1]), int(points[0, 0])]
                logits = 0.5 - (features - grey).abs()
            if not bool(torch.isnan(box[0])):
                outside = torch.ones_like(features)
                outside[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] = 0
                logits = logits - 9 * outside
            return logits, 1.0 / (1 + points.shape[0])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises against TorchScript for what is new; many have it
        torch.jit.script(SameGrey()).save(str(path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("interactive")
    save_network(path / "own.pt")
    (path / "broken.py").write_text("def open_model(parameters):\n    raise RuntimeError('no weights in here')\n")
    return path


def described(name: str = "TorchScript model", **changes) -> AlgorithmDescriptor:
    """An entry of the algorithm file with other facts; `path`: its checkpoint."""
    descriptor = ALGORITHMS[name]
    path = changes.pop("path", None)
    named = {"checkpoint_path": str(path)} if path else {}
    parameters = tuple(replace(p, value=named.get(p.param_key, p.value)) for p in descriptor.gui_parameters)
    return replace(descriptor, gui_parameters=parameters, **changes)


@pytest.fixture(scope="module")
def models(folder) -> Iterator[LocalInteractiveModels]:
    registered = [
        described(path=folder / "own.pt"),
        described(model_name="Broken", path=folder, python_file_name={"inference": str(folder / "broken.py")}),
        described("SAM"),
        described(model_name="Without weights"),
        described(model_name="Without Python", interpreter="/no/python", path=folder / "own.pt"),
        described(model_name="Elsewhere", interpreter=sys.executable, requires=("no_such_package",)),
        described(model_name="Without file", python_file_name={"inference": "no/plugin.py"}),
    ]
    settings = Settings(_env_file=None, state_dir=folder / "state", job_device="cpu")
    with closing(LocalInteractiveModels(settings, lambda: registered)) as local:
        yield local


class Image:
    """Counts how often it is fetched."""

    fetched = 0

    def __call__(self) -> np.ndarray:
        self.fetched += 1
        return IMAGE


def test_a_network_answers_from_a_process_of_its_own_and_sees_an_image_once(models):
    image = Image()
    pointed = models.segment("TorchScript model", "slice 1", image, CLICK)
    np.testing.assert_array_equal(pointed.mask, IMAGE == 1)
    assert pointed.score == pytest.approx(0.5)
    boxed = models.segment("TorchScript model", "slice 1", image, replace(CLICK, box=(0, 0, 20, 30)))
    assert boxed.mask.sum() == 10 * 10
    alone = models.segment(
        "TorchScript model", "slice 1", image, Prompts(np.zeros((0, 2)), np.zeros(0, bool), (5, 5, 9, 9))
    )
    assert alone.mask.sum() == 16
    assert image.fetched == 1
    models.segment("TorchScript model", "slice 2", image, CLICK)
    assert image.fetched == 2


def test_a_process_that_died_is_started_again(models):
    models.segment("TorchScript model", "slice 1", Image(), CLICK)
    process = models._processes["TorchScript model"]._process
    process.kill()
    process.wait()
    image = Image()
    assert models.segment("TorchScript model", "slice 1", image, CLICK).mask.any()
    assert image.fetched == 1


def test_a_model_that_cannot_be_opened_says_why(models):
    with pytest.raises(UnavailableError, match="its process ended: RuntimeError: no weights in here"):
        models.segment("Broken", "slice 1", Image(), CLICK)


def test_what_cannot_be_used_here_is_offered_with_its_reason(models):
    reasons = {offer.name: offer.reason for offer in models.offers()}
    assert next(iter(reasons)) == BUILT_IN.name
    assert reasons["TorchScript model"] == reasons[BUILT_IN.name] == ""
    assert "the package segment_anything is not installed" in reasons["SAM"]
    assert f"there is no checkpoint {models.folder / 'interactive.pt'}" in reasons["Without weights"]
    assert "/no/python is no Python that can be started" in reasons["Without Python"]
    assert "the package no_such_package is not installed" in reasons["Elsewhere"]
    assert "no/plugin.py is not there" in reasons["Without file"]
    assert all(offer.hint for offer in models.offers() if offer.reason)
    with pytest.raises(UnavailableError, match="Without weights: there is no checkpoint"):
        models.segment("Without weights", "slice 1", Image(), CLICK)
    with pytest.raises(NotFoundError, match="not registered"):
        models.segment("Crystal ball", "slice 1", Image(), CLICK)


def test_the_built_in_model_answers_while_the_registry_is_down(folder):
    def down():
        raise UnavailableError("The registry does not answer.", "Start it.")

    models = LocalInteractiveModels(Settings(_env_file=None, state_dir=folder), down)
    image = Image()
    for _ in range(2):
        assert (models.segment(BUILT_IN.name, "slice", image, CLICK).mask == (IMAGE == 1)).mean() > 0.98
    assert image.fetched == 1
    assert [offer.reason for offer in models.offers()] == ["", "The registry does not answer."]


def test_every_interactive_algorithm_of_ours_names_a_plugin_that_is_there():
    interactive = [each for each in ALGORITHMS.values() if each.type == "interactive"]
    assert [each.model_name for each in interactive][0] == BUILT_IN.name
    for each in interactive:
        assert "def open_model(" in (ROOT / each.python_file_name["inference"]).read_text(), each.model_name
        assert json.dumps(each.defaults())
