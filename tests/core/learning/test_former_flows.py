"""The payload of the former app's flows, as its own page sends it."""

from dataclasses import replace

from core.learning.former_flows import Places, params_list
from core.learning.jobs import JobKind
from tests.core.learning.test_shares import TRAINING

PLACES = Places("http://results/", "http://mlflow:5000")


def test_a_training_is_followed_by_a_segmentation_with_the_same_parameters():
    train, inference = params_list(replace(TRAINING, parameters={"epochs": 3}), PLACES)
    assert (train["task_name"], inference["task_name"]) == ("train", "inference")
    assert train["params"] == inference["params"]
    assert train["model_name"] == "U-Net"
    assert train["params"]["model_parameters"] == {
        "epochs": 3,
        "num_classes": len(TRAINING.classes),
        "network": "U-Net",
    }
    assert train["params"]["io_parameters"] == {
        "data_tiled_uri": "http://images/stack",
        "mask_tiled_uri": "http://masks/m",
        "seg_tiled_uri": "http://results/",
        "uid_retrieve": "",
        "job_name": "Bright",
        "mlflow_uri": "http://mlflow:5000",
        "mlflow_model": None,
    }


def test_a_segmentation_names_the_child_that_trained_and_no_mask():
    asked = replace(TRAINING, kind=JobKind.SEGMENT, prediction={"batch": 1})
    (step,) = params_list(asked, PLACES, model_uid="child-1")
    paths = step["params"]["io_parameters"]
    assert step["task_name"] == "inference"
    assert (paths["mask_tiled_uri"], paths["uid_retrieve"], paths["mlflow_model"]) == ("", "child-1", "child-1")
    assert step["params"]["model_parameters"]["batch"] == 1
