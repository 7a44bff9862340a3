"""What an algorithm tells about itself: its name, where its code is, and the parameters a form asks for.

The keys are those of the algorithm file (`assets/models.json`), which `core/learning/algorithm_file.py` reads. The page
builds its form from a descriptor; page and server check values with the same `validate_parameters`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from core.errors import ParameterError
from core.learning.number_lists import read_numbers

ParameterType = Literal["int", "float", "str", "slider", "dropdown", "radio", "bool"]
Group = Literal["train_model", "prediction_model"]
PARAMETER_TYPES: tuple[str, ...] = get_args(ParameterType)
GROUPS: tuple[str, ...] = get_args(Group)
OUR_INFERENCE = "scripts/predict.py"
PRETRAINING = "pretraining"  # among the applications of an algorithm that learns without labels

_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Choice:
    """One option of a dropdown or radio group, or one mark of a slider."""

    value: Any
    label: str


@dataclass(frozen=True)
class Range:
    """Both ends included."""

    min: float
    max: float


@dataclass(frozen=True)
class Parameter:
    """One field of the form.

    value : the default; for a bool the file calls it `checked`.
    options : what a dropdown or radio group offers. marks : labelled places of a slider.
    items : of a text that lists numbers: where each must lie.
    comp_group : whether training or prediction asks for it. advanced : the form shows it only when asked to.
    help : one sentence for the person who fills in the form.
    """

    type: ParameterType
    name: str
    title: str
    param_key: str
    value: Any
    min: float | None = None
    max: float | None = None
    step: float | None = None
    precision: int | None = None
    marks: tuple[Choice, ...] = ()
    options: tuple[Choice, ...] = ()
    items: Range | None = None
    placeholder: str = ""
    comp_group: Group = "train_model"
    advanced: bool = False
    help: str = ""

    @property
    def whole(self) -> bool:
        """True when only whole numbers make sense: an int, or a slider whose numbers are all whole."""
        if self.type != "slider":
            return self.type == "int"
        return all(isinstance(n, int) for n in (self.value, self.min, self.max, self.step) if n is not None)


@dataclass(frozen=True)
class AlgorithmDescriptor:
    """One entry of the algorithm file. `entry` is the entry as it was read, with the keys we do not know.

    can_continue : training may start from a model that was trained before.
    interpreter : the Python that runs it, "" for the app's own. requires : packages that Python must have.
    """

    model_name: str
    version: str
    type: str
    gui_parameters: tuple[Parameter, ...]
    python_file_name: Mapping[str, str]
    owner: str = ""
    image_name: str = ""
    image_tag: str = ""
    source: str = ""
    is_gpu_enabled: bool = False
    can_continue: bool = False
    interpreter: str = ""
    requires: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    description: str = ""
    entry: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def needs_labels(self) -> bool:
        """False when it learns from images alone, for others to start from."""
        return PRETRAINING not in self.application

    @property
    def is_ours(self) -> bool:
        """Whether the app's own program does its work; others are programs of their own."""
        return self.python_file_name.get("inference") == OUR_INFERENCE

    def parameters(self, group: Group = "train_model") -> tuple[Parameter, ...]:
        """The parameters of one group, in the order of the form."""
        return tuple(parameter for parameter in self.gui_parameters if parameter.comp_group == group)

    def defaults(self, group: Group = "train_model") -> dict[str, Any]:
        """{param_key: default value} of one group."""
        return {parameter.param_key: parameter.value for parameter in self.parameters(group)}


def validate_parameters(
    descriptor: AlgorithmDescriptor, values: Mapping[str, Any], group: Group = "train_model"
) -> dict[str, Any]:
    """Check what a form or a command line gives, and fill in the defaults.

    Parameters
    ----------
    values : {param_key: value}. Numbers and yes/no may also come as text, as command lines give them.

    Returns
    -------
    {param_key: typed value} for every parameter of the group.

    Raises
    ------
    ParameterError
        If a parameter is unknown, of the wrong type or out of range; names parameter, value and rule.
    """
    parameters = {parameter.param_key: parameter for parameter in descriptor.parameters(group)}
    for key in values:
        if key not in parameters:
            raise ParameterError(
                f'"{key}" is no parameter of {descriptor.model_name}.',
                f"It has {', '.join(parameters)}." if parameters else "It has none.",
            )
    return {key: check_value(parameter, values.get(key, parameter.value)) for key, parameter in parameters.items()}


def check_value(parameter: Parameter, value: Any) -> Any:
    """One value as its type and range ask; raises ParameterError.

    >>> epochs = Parameter("int", "epochs", "Epochs", "epochs", 10, min=1, max=100)
    >>> check_value(epochs, "20")
    20
    >>> check_value(epochs, 0)
    Traceback (most recent call last):
    core.errors.ParameterError: Epochs is 0; it must be at least 1. Enter a whole number from 1 to 100.
    """
    if value is None or (isinstance(value, str) and not value.strip() and parameter.type != "str"):
        raise _error(parameter, f"{parameter.title} is empty.")
    return _READERS[parameter.type](parameter, value)


def _read_number(parameter: Parameter, value: Any) -> int | float:
    number = _as_float(value)
    if number is None:
        raise _error(parameter, f"{parameter.title} is {value!r}; it must be a number.")
    if parameter.whole and not number.is_integer():
        raise _error(parameter, f"{parameter.title} is {value}; it must be a whole number.")
    if parameter.min is not None and number < parameter.min:
        raise _error(parameter, f"{parameter.title} is {value}; it must be at least {parameter.min}.")
    if parameter.max is not None and number > parameter.max:
        raise _error(parameter, f"{parameter.title} is {value}; it must be at most {parameter.max}.")
    return int(number) if parameter.whole else number


def _as_float(value: Any) -> float | None:
    """`value` as a finite float, or None; True and False are no numbers here."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _read_text(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise _error(parameter, f"{parameter.title} is {value!r}; it must be text.")
    if parameter.items is not None:
        read_numbers(value, title=parameter.title, least=parameter.items.min, most=parameter.items.max)
    return value


def _read_choice(parameter: Parameter, value: Any) -> Any:
    for choice in parameter.options:
        if str(choice.value) == str(value):
            return choice.value
    raise _error(parameter, f"{parameter.title} is {value!r}; that is not one of its options.")


def _read_bool(parameter: Parameter, value: Any) -> bool:
    answer = value if isinstance(value, bool) else _BOOLS.get(str(value).lower())
    if answer is None:
        raise _error(parameter, f"{parameter.title} is {value!r}; it must be true or false.")
    return answer


_READERS: Mapping[str, Callable[[Parameter, Any], Any]] = {
    "int": _read_number,
    "float": _read_number,
    "slider": _read_number,
    "str": _read_text,
    "dropdown": _read_choice,
    "radio": _read_choice,
    "bool": _read_bool,
}


def _error(parameter: Parameter, message: str) -> ParameterError:
    return ParameterError(message, _way_out(parameter))


def _way_out(parameter: Parameter) -> str:
    if parameter.options:
        return f"Choose one of {', '.join(str(choice.value) for choice in parameter.options)}."
    if parameter.type in ("str", "bool"):
        return f"The default is {parameter.value!r}."
    kind = "a whole number" if parameter.whole else "a number"
    if parameter.min is None or parameter.max is None:
        return f"Enter {kind}, for example {parameter.value}."
    return f"Enter {kind} from {parameter.min} to {parameter.max}."
