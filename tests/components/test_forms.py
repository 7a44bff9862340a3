"""Forms: each parameter type becomes the right control, with its default, its range and its error."""

import dash_bootstrap_components as dbc
import pytest
from dash import dcc
from dash.development.base_component import Component

from components import forms, ids
from core.learning.descriptors import AlgorithmDescriptor, Choice, Parameter

COLORS = (Choice("r", "Red"), Choice("b", "Blue"))
PARAMETERS = (
    Parameter("int", "n", "Trees", "n", 15, min=2, max=127, help="How many."),
    Parameter("float", "rate", "Rate", "rate", 0.15, min=0.01, max=1, step=0.01),
    Parameter("str", "note", "Note", "note", "", placeholder="anything"),
    Parameter("slider", "depth", "Depth", "depth", 3, min=1, max=9, step=1),
    Parameter("dropdown", "color", "Color", "color", "b", options=COLORS),
    Parameter("radio", "side", "Side", "side", "r", options=COLORS),
    Parameter("bool", "fast", "Fast", "fast", True),
    Parameter("int", "later", "Later", "later", 1, comp_group="prediction_model"),
)
ALGORITHM = AlgorithmDescriptor("Toy", "1", "segmentation", PARAMETERS, {})


def find(component_id) -> Component:
    """The component of an id anywhere in the form."""
    for field in forms.form(ALGORITHM):
        for part in field._traverse():
            if getattr(part, "id", None) == component_id:
                return part
    raise AssertionError(f"{component_id} is not in the form")


@pytest.mark.parametrize(
    ("key", "control", "value"),
    [
        ("n", dbc.Input, 15),
        ("rate", dbc.Input, 0.15),
        ("note", dbc.Input, ""),
        ("depth", dcc.Slider, 3),
        ("color", dbc.Select, "b"),
        ("side", dbc.RadioItems, "r"),
        ("fast", dbc.Switch, True),
    ],
)
def test_each_type_has_its_control_with_the_default(key, control, value):
    found = find(ids.parameter(key))
    assert type(found) is control
    assert found.value == value


def test_the_form_asks_for_training_parameters_only():
    assert len(forms.form(ALGORITHM)) == 7
    with pytest.raises(AssertionError):
        find(ids.parameter("later"))


def test_every_field_has_a_place_for_its_error():
    for parameter in ALGORITHM.parameters():
        assert find(ids.parameter_error(parameter.param_key)).role == "alert"


def test_a_slider_shows_its_value_and_its_ends():
    slider = find(ids.parameter("depth"))
    assert (slider.min, slider.max, slider.step) == (1, 9, 1)
    assert slider.marks == {1: "1", 9: "9"}
    assert find(ids.parameter_aside("depth")).children == "3"


def test_fields_of_two_algorithms_remember_apart():
    other = AlgorithmDescriptor("Other", "1", "segmentation", PARAMETERS[:1], {})
    (field,) = forms.form(other)
    control = next(part for part in field._traverse() if isinstance(part, dbc.Input))
    assert control.persistence != find(ids.parameter("n")).persistence
    assert control.persistence_type == "session"


def test_a_number_out_of_range_is_told_with_the_way_out():
    told = forms.error_text(PARAMETERS[0], "5000")
    assert told == "Trees is 5000; it must be at most 127. Enter a whole number from 2 to 127."
    assert forms.error_text(PARAMETERS[0], "20") == ""


def test_the_range_is_told_in_words():
    assert forms.aside(PARAMETERS[0], 15) == "2 to 127"
    assert forms.aside(Parameter("int", "n", "N", "n", 1, min=1), 1) == "at least 1"
    assert forms.aside(Parameter("int", "n", "N", "n", 1, max=5), 1) == "at most 5"
    assert forms.aside(PARAMETERS[2], "") == ""


def test_values_are_read_by_key():
    assert forms.values([ids.parameter("n"), ids.parameter("fast")], ["3", False]) == {"n": "3", "fast": False}
