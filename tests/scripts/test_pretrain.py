"""Pretraining without a browser, and as a job."""

import json

import numpy as np
import tifffile

from core.learning.jobs import JobKind, JobState
from scripts import pretrain, segment
from tests.image_files import STACK
from tests.scripts.conftest import truth
from utils.registry.mlflow_registry import MlflowRegistry

FEW = {"architecture": "U-Net", "steps": 20, "patch_px": 32, "batch_size": 4, "base_channels": 8, "depth": 3}


def test_an_encoder_is_trained_on_the_command_line_and_a_network_starts_from_it(tmp_path, capsys):
    images, masks = tmp_path / "images.tif", tmp_path / "masks.tif"
    tifffile.imwrite(images, STACK)
    tifffile.imwrite(masks, np.where(np.arange(len(STACK))[:, None, None] == 1, truth() // 5, 255).astype(np.uint8))
    few = [part for key, value in FEW.items() for part in ("--param", f"{key}={value}")]
    encoder = tmp_path / "encoder"
    assert pretrain.main([str(images), "--algorithm", "SimSiam", "--out", str(encoder), *few]) == 0
    assert json.loads(capsys.readouterr().out)["out"] == str(encoder)
    out = tmp_path / "out.tif"
    arguments = [str(images), str(masks), "--algorithm", "U-Net", "--out", str(out), "--start", str(encoder)]
    assert segment.main([*arguments, "--param", "steps=20", "--param", "patch_px=64"]) == 0
    assert tifffile.imread(out).shape == STACK.shape
    assert pretrain.main([str(images), "--algorithm", "U-Net", "--out", str(encoder)]) == 2
    assert "U-Net needs labels." in capsys.readouterr().err


def test_a_job_without_labels_leaves_an_encoder_in_the_registry(workplace):
    request = workplace.request(JobKind.TRAIN, algorithm="SimCLR", parameters=FEW, classes=(), name="Looked around")
    job = workplace.ends(workplace.jobs.submit(request))
    assert job.state is JobState.DONE, workplace.jobs.log(job.id)
    model = next(each for each in MlflowRegistry(workplace.store).models() if each.id == job.id)
    assert (model.algorithm, model.starts, len(model.classes)) == ("SimCLR", "U-Net", 0)
    assert workplace.jobs.metric_history(job.id, "spread")
