"""The algorithm file: what loads, what is refused and where the error points, and how values are checked."""

import json
from pathlib import Path

import pytest

from core.errors import DescriptorError, ParameterError
from core.learning.algorithm_file import read_algorithm, read_algorithms
from core.learning.descriptors import AlgorithmDescriptor, validate_parameters

MODELS = Path(__file__).resolve().parents[3] / "assets" / "models.json"


def number(**keys):
    return {"type": "int", "name": "epochs", "title": "Epochs", "param_key": "epochs", "value": 10, **keys}


def algorithm(*parameters, **keys):
    return {
        "model_name": "Net",
        "version": "0.1.0",
        "type": "segmentation",
        "gui_parameters": list(parameters),
        "python_file_name": {"train": "train.py", "inference": "predict.py"},
        **keys,
    }


def text_of(*algorithms):
    return json.dumps({"contents": list(algorithms)}, indent=2)


def described(*parameters) -> AlgorithmDescriptor:
    return read_algorithm(algorithm(*parameters))


def line_with(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


# A shortened entry in the keys and habits of the app we succeed: options called "data", a slider without step,
# keys nobody here knows.
FORMER_ENTRY = {
    "model_name": "DLSIA MSDNet",
    "version": "0.1.0",
    "type": "segmentation",
    "owner": "mlexchange team",
    "image_name": "ghcr.io/mlexchange/mlex_dlsia_segmentation_prototype",
    "image_tag": "main",
    "source": "https://github.com/mlexchange/mlex_dlsia_segmentation_prototype",
    "is_gpu_enabled": True,
    "application": ["segmentation"],
    "description": "MSDNets in DLSIA",
    "reference": "https://dlsia.readthedocs.io",
    "gui_parameters": [
        {
            "type": "slider",
            "name": "num_epochs",
            "title": "# Epochs",
            "param_key": "num_epochs",
            "min": 1,
            "max": 1000,
            "value": 30,
            "marks": [{"value": 1, "label": "1"}, {"value": 1000, "label": "1000"}],
            "comp_group": "train_model",
        },
        {
            "type": "dropdown",
            "name": "optimizer",
            "title": "Optimizer",
            "param_key": "optimizer",
            "value": "Adam",
            "data": [{"label": "Adam", "value": "Adam"}, {"label": "SGD", "value": "SGD"}],
            "comp_group": "train_model",
        },
        {
            "type": "str",
            "name": "weights",
            "title": "Class Weights",
            "param_key": "weights",
            "value": "[1]",
            "error": "Provide a list",
            "debounce": True,
            "comp_group": "train_model",
        },
        {
            "type": "float",
            "name": "learning_rate",
            "title": "Learning Rate",
            "param_key": "learning_rate",
            "value": 0.001,
            "min": 0,
            "max": 0.1,
            "step": 0.0001,
            "precision": 4,
            "comp_group": "train_model",
        },
        {"type": "bool", "name": "s", "title": "Shuffle", "param_key": "shuffle_train", "checked": True},
        {
            "type": "slider",
            "name": "batch",
            "title": "Batch Size Inference",
            "param_key": "batch_size_inference",
            "min": 16,
            "max": 128,
            "step": 16,
            "value": 32,
            "comp_group": "prediction_model",
        },
    ],
    "python_file_name": {"train": "mlex_dlsia/main.py --train", "inference": "mlex_dlsia/main.py"},
}


def test_our_own_file_begins_with_the_quickest_algorithm_and_has_valid_defaults():
    algorithms = read_algorithms(MODELS.read_text(), source=MODELS.name)
    assert algorithms[0].model_name == "Pixel classifier"
    for descriptor in algorithms:
        if descriptor.type == "segmentation":
            assert descriptor.python_file_name == {"train": "scripts/train.py", "inference": "scripts/predict.py"}
        assert validate_parameters(descriptor, descriptor.defaults()) == descriptor.defaults()
        assert all(parameter.help for parameter in descriptor.gui_parameters)


def test_an_entry_of_the_former_app_loads():
    (net,) = read_algorithms(text_of(FORMER_ENTRY))
    assert net.defaults() == {
        "num_epochs": 30,
        "optimizer": "Adam",
        "weights": "[1]",
        "learning_rate": 0.001,
        "shuffle_train": True,
    }
    assert net.defaults("prediction_model") == {"batch_size_inference": 32}
    assert net.python_file_name["train"] == "mlex_dlsia/main.py --train"


def test_a_bare_list_and_a_single_file_name_load():
    (net,) = read_algorithms(json.dumps([algorithm(python_file_name="run.py")]))
    assert net.python_file_name == {"train": "run.py", "inference": "run.py"}


def test_numbers_written_as_text_become_numbers():
    assert described(number(value="30")).defaults() == {"epochs": 30}


@pytest.mark.parametrize(
    ("entry", "key", "said"),
    [
        (algorithm(version=3), "version", "3 is not text"),
        (algorithm(number(type="integer")), "type", "'integer' is not one of int"),
        (algorithm(number(min="one")), "min", "'one' is not a number"),
        (algorithm(number(min=5, max=2)), "min", "5 is greater than max, 2"),
        (algorithm(number(value=200, max=100)), "value", "at most 100"),
        (algorithm(number(type="dropdown")), "type", 'needs the key "options"'),
        (algorithm(number(type="str", value="7", items={"min": 1, "max": 4})), "value", "numbers from 1 to 4"),
        (algorithm(number(type="slider")), "type", 'needs the key "min"'),
        (algorithm(number(comp_group="train")), "comp_group", "'train' is not one of"),
        (algorithm(python_file_name={"train": "a.py"}), "python_file_name", '"inference": FILE'),
    ],
)
def test_an_error_names_the_key_and_its_line(entry, key, said):
    text = text_of(algorithm(model_name="Fine"), entry)
    with pytest.raises(DescriptorError) as caught:
        read_algorithms(text, source="models.json")
    last = max(n for n, line in enumerate(text.splitlines(), start=1) if f'"{key}":' in line)
    assert f'models.json, line {last}, key "{key}"' in caught.value.message
    assert said in caught.value.message


def test_a_missing_key_is_named_with_the_line_of_its_entry():
    entry = algorithm()
    del entry["version"]
    text = text_of(algorithm(model_name="Fine"), entry)
    with pytest.raises(DescriptorError, match=r'the key "version" is missing') as caught:
        read_algorithms(text)
    opening = [n for n, line in enumerate(text.splitlines(), start=1) if line == "    {"]
    assert f"line {opening[1]}" in caught.value.message


def test_broken_json_is_refused_with_its_line():
    with pytest.raises(DescriptorError, match="line 3"):
        read_algorithms('{\n "contents": [\n  {"model_name": }\n]}')


@pytest.mark.parametrize("text", ["{}", '"text"', '{"contents": 3}'])
def test_a_file_without_a_list_of_algorithms_is_refused(text):
    with pytest.raises(DescriptorError, match="contents"):
        read_algorithms(text)


def test_a_name_or_a_parameter_used_twice_is_refused():
    with pytest.raises(DescriptorError, match='"Net" is used twice'):
        read_algorithms(text_of(algorithm(), algorithm()))
    with pytest.raises(DescriptorError, match='"epochs" is used twice'):
        read_algorithms(text_of(algorithm(number(), number())))


def test_the_same_key_may_serve_training_and_prediction():
    net = described(number(), number(comp_group="prediction_model", value=3))
    assert (net.defaults(), net.defaults("prediction_model")) == ({"epochs": 10}, {"epochs": 3})


def test_missing_values_are_filled_with_defaults():
    assert validate_parameters(described(number()), {}) == {"epochs": 10}


@pytest.mark.parametrize(
    ("keys", "given", "wanted"),
    [
        ({}, "7", 7),
        ({}, 7.0, 7),
        ({"type": "float"}, "1e-3", 0.001),
        ({"type": "slider", "min": 0, "max": 1, "step": 0.5, "value": 0.5}, 1, 1.0),
        ({"type": "slider", "min": 1, "max": 50}, 4.0, 4),
        ({"type": "bool", "checked": True}, "no", False),
        ({"type": "radio", "options": [1, 2], "value": 1}, "2", 2),
        ({"type": "str", "value": "x"}, "", ""),
    ],
)
def test_values_come_back_typed(keys, given, wanted):
    value = validate_parameters(described(number(**keys)), {"epochs": given})["epochs"]
    assert value == wanted
    assert type(value) is type(wanted)


@pytest.mark.parametrize(
    ("keys", "given", "rule"),
    [
        ({"min": 1}, 0, "at least 1"),
        ({"max": 20}, 21, "at most 20"),
        ({}, 2.5, "a whole number"),
        ({}, "many", "a number"),
        ({}, True, "a number"),
        ({"type": "float"}, float("nan"), "a number"),
        ({"type": "float"}, float("inf"), "a number"),
        ({}, None, "empty"),
        ({}, " ", "empty"),
        ({"type": "bool", "checked": True}, "maybe", "true or false"),
        ({"type": "dropdown", "options": ["a", "b"], "value": "a"}, "c", "one of its options"),
        ({"type": "str", "value": "x"}, 5, "must be text"),
        ({"type": "str", "value": "1, 2", "items": {"min": 1, "max": 4}}, "1, 5", "numbers from 1 to 4"),
    ],
)
def test_a_bad_value_is_refused_naming_parameter_and_rule(keys, given, rule):
    with pytest.raises(ParameterError) as caught:
        validate_parameters(described(number(**keys)), {"epochs": given})
    assert "Epochs" in caught.value.message
    assert rule in caught.value.message
    assert caught.value.hint


def test_an_unknown_parameter_is_refused_naming_those_there_are():
    with pytest.raises(ParameterError, match=r'"epoch" is no parameter of Net. It has epochs.'):
        validate_parameters(described(number()), {"epoch": 3})
