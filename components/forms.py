"""A form from an algorithm's parameters: a control of the right kind for each, its help, its range, its error.

Every control keeps its value in the property `value`; the rules are those of core/learning/descriptors.py.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html

from components import ids
from core.errors import ParameterError
from core.learning.descriptors import AlgorithmDescriptor, Group, Parameter, check_value

SLIDERS_APART = ("class_shares",)  # components/class_shares.py asks for it


def form(descriptor: AlgorithmDescriptor, group: Group = "train_model") -> list[Any]:
    """A field for each parameter of the group, filled with its default or what was entered before in this session.

    The advanced ones are folded away below the others.
    """
    memory = f"{descriptor.model_name} {descriptor.version} {group}"
    parameters = [each for each in descriptor.parameters(group) if each.param_key not in SLIDERS_APART]
    first, rest = (
        [_field(parameter, memory) for parameter in parameters if parameter.advanced is advanced]
        for advanced in (False, True)
    )
    more = html.Details([html.Summary("More parameters"), *rest], className="parameters")
    return [*first, more] if rest else first


def values(controls: Sequence[Mapping[str, Any]], entered: Sequence[Any]) -> dict[str, Any]:
    """{param_key: value} of the controls' ids and values."""
    return {control["key"]: value for control, value in zip(controls, entered, strict=True)}


def error_text(parameter: Parameter, value: Any) -> str:
    """What is wrong with a value and the way out; empty when it is right."""
    try:
        check_value(parameter, value)
    except ParameterError as error:
        return str(error)
    return ""


def aside(parameter: Parameter, value: Any) -> str:
    """What stands beside the title: the range of a number, the value of a slider.

    >>> aside(Parameter("float", "r", "Rate", "r", 0.1, min=0.01, max=1), 0.1)
    '0.01 to 1'
    """
    if parameter.type == "slider":
        return f"{value}"
    if parameter.type not in ("int", "float"):
        return ""
    if parameter.min is not None and parameter.max is not None:
        return f"{parameter.min:g} to {parameter.max:g}"
    if parameter.min is not None:
        return f"at least {parameter.min:g}"
    return "" if parameter.max is None else f"at most {parameter.max:g}"


def _field(parameter: Parameter, memory: str) -> html.Div:
    key, group = parameter.param_key, parameter.comp_group
    beside = html.Span(aside(parameter, parameter.value), id=ids.parameter_aside(key, group))
    label = dbc.Label(parameter.title, html_for=ids.parameter(key, group))
    title = html.Div([label, beside], className="parameter-title")
    control = _CONTROLS[parameter.type](parameter, _common(parameter, memory))
    error = html.Div(id=ids.parameter_error(key, group), className="parameter-error", role="alert")
    return html.Div(
        [title, control, error, html.Div(parameter.help, className="parameter-help")],
        className=f"parameter parameter-{parameter.type}",
    )


def _common(parameter: Parameter, memory: str) -> dict[str, Any]:
    """Dash keeps what was entered until the tab is closed; `memory` keeps two algorithms' fields apart."""
    return {
        "id": ids.parameter(parameter.param_key, parameter.comp_group),
        "value": parameter.value,
        "persistence": memory,
        "persistence_type": "session",
    }


def _number(parameter: Parameter, common: dict[str, Any]) -> dbc.Input:
    """A text field: a number field keeps what is out of range to itself, and nobody could say what is wrong with it."""
    return dbc.Input(type="text", inputmode="numeric" if parameter.whole else "decimal", autocomplete="off", **common)


def _text(parameter: Parameter, common: dict[str, Any]) -> dbc.Input:
    return dbc.Input(type="text", placeholder=parameter.placeholder, autocomplete="off", **common)


def _slider(parameter: Parameter, common: dict[str, Any]) -> dcc.Slider:
    marks = {choice.value: choice.label for choice in parameter.marks} or _ends(parameter)
    limits = parameter.min, parameter.max, parameter.step
    return dcc.Slider(*limits, marks=marks, updatemode="drag", allow_direct_input=False, **common)


def _ends(parameter: Parameter) -> dict[float, str]:
    return {end: f"{end:g}" for end in (parameter.min, parameter.max) if end is not None}


def _dropdown(parameter: Parameter, common: dict[str, Any]) -> dbc.Select:
    return dbc.Select(options=_options(parameter), **common)


def _radio(parameter: Parameter, common: dict[str, Any]) -> dbc.RadioItems:
    return dbc.RadioItems(options=_options(parameter), inline=True, **common)


def _switch(_parameter: Parameter, common: dict[str, Any]) -> dbc.Switch:
    return dbc.Switch(**common)


def _options(parameter: Parameter) -> list[dict[str, Any]]:
    return [{"label": choice.label, "value": choice.value} for choice in parameter.options]


_CONTROLS: Mapping[str, Callable[[Parameter, dict[str, Any]], Any]] = {
    "int": _number,
    "float": _number,
    "str": _text,
    "slider": _slider,
    "dropdown": _dropdown,
    "radio": _radio,
    "bool": _switch,
}
