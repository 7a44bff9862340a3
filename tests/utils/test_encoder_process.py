"""The encoder of a registered model looks at images in a process of its own, as the Curate place asks it to."""

import time
from contextlib import closing

import numpy as np
import pytest
import torch

from core.errors import InvalidInputError, NotFoundError
from core.learning.curation.encoders import Examples, Tuning, View
from core.learning.jobs import JobKind, JobRequest
from core.learning.models import TrainedModel
from core.learning.normalisation import Normalisation
from networks.architectures import find_architecture
from networks.pretraining.encoder import Encoder
from scripts.encoders import embedded, held
from tests.mlflow_template import fresh_settings
from utils.jobs.job_ledger import JobLedger
from utils.processes.encoder_process import EncoderProcess
from utils.registry.mlflow_registry import MlflowRegistry
from utils.registry.mlflow_store import MlflowStore


def small_encoder() -> Encoder:
    unet = find_architecture("U-Net")
    sizes = unet.parameters.chosen_from({"base_channels": 4, "depth": 2})
    torch.manual_seed(1)
    network = unet.build(1, 2, sizes, seed=0).eval()
    return Encoder("SimCLR", "U-Net", network, 1, sizes, Normalisation((0.0,), (200.0,)), {"architecture": "U-Net"})


def registered(encoder: Encoder, store: MlflowStore, folder) -> str:
    """As a pretraining leaves it."""
    request = JobRequest(JobKind.TRAIN, "mine", "anna", "SimCLR", {}, "stack", "", [0], ())
    model_id = JobLedger(store).create(request)
    folder.mkdir()
    encoder.save(folder)
    JobLedger(store).keep_files(model_id, folder)
    known = {"architecture": "U-Net", "context": 0}
    MlflowRegistry(store).register_model(TrainedModel(model_id, "mine", "SimCLR", known, (), "stack", time.time()))
    return model_id


def test_a_registered_encoder_says_the_same_in_its_own_process_and_refuses_what_does_not_fit(tmp_path):
    settings = fresh_settings(tmp_path / "state")
    store, encoder = MlflowStore.from_settings(settings), small_encoder()
    model_id = registered(encoder, store, tmp_path / "files")
    images = [np.random.default_rng(n).integers(0, 200, (40 + n, 33)).astype(np.uint8) for n in range(3)]
    with closing(EncoderProcess(settings, MlflowRegistry(store).models)) as process:
        assert [(offer.id, offer.name, offer.reason) for offer in process.offers()] == [(model_id, "mine", "")]
        found = process.embed(model_id, images, [None, (0.0, 200.0), (0.0, 50.0)])
        wanted = embedded(encoder, images, [None, None, (0.0, 50.0)])
        assert np.allclose(found, wanted, atol=1e-5)
        assert not np.allclose(found[2], embedded(encoder, images[2:], [None]), atol=1e-3), "the window counts"
        with pytest.raises(InvalidInputError, match="8 channels"):
            process.embed(model_id, [np.zeros((32, 32, 8), np.uint8)], [None])
        tags = np.array([[0], [1], [0]], np.int8)
        examples, epochs = Examples(images, [None] * 3, tags, np.zeros(3, bool)), []
        tuning, view = Tuning(epochs=2, frozen=0), View("max", "deepest")
        tuned = process.tune(model_id, examples, tuning, view, tuned=None, told=epochs.append)
        assert epochs == [1, 2]
        changed = process.embed(model_id, images, [None] * 3, view, tuned)
        assert np.allclose(changed, embedded(held(tuned, device="cpu"), images, [None] * 3, view), atol=1e-5)
        assert not np.allclose(changed, embedded(encoder, images, [None] * 3, view), atol=1e-3)
        with pytest.raises(NotFoundError):
            process.embed("0" * 32, images, [None] * 3)
