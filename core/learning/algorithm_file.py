"""Reads the algorithm file: its schema, what else must hold, and errors that name the key and the line.

Keys we do not know are kept and ignored, so that files written for the app we succeed load as they are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from core.errors import DescriptorError, ParameterError
from core.learning.descriptors import (
    GROUPS,
    PARAMETER_TYPES,
    AlgorithmDescriptor,
    Choice,
    Parameter,
    Range,
    check_value,
)
from core.learning.json_lines import Path, lines_of

Problem = tuple[Path, str]
"""(where, what) of a broken rule."""

_NUMBER = {"type": "number"}
_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1}
_CHOICES = {
    "type": "array",
    "items": {"anyOf": [_TEXT, _NUMBER, {"type": "object", "required": ["value"]}]},
}
_FILES = {
    "anyOf": [_NAME, {"type": "object", "required": ["train", "inference"], "additionalProperties": _NAME}],
}
_PARAMETER = {
    "type": "object",
    "required": ["type", "name", "title", "param_key"],
    "properties": {
        "type": {"enum": list(PARAMETER_TYPES)},
        "name": _NAME,
        "title": _NAME,
        "param_key": _NAME,
        "checked": {"type": "boolean"},
        "min": _NUMBER,
        "max": _NUMBER,
        "step": {"type": "number", "exclusiveMinimum": 0},
        "precision": {"type": "integer", "minimum": 0},
        "marks": _CHOICES,
        "options": _CHOICES,
        "data": _CHOICES,  # older files call the options so
        "items": {"type": "object", "required": ["min", "max"], "properties": {"min": _NUMBER, "max": _NUMBER}},
        "placeholder": _TEXT,
        "comp_group": {"enum": list(GROUPS)},
        "advanced": {"type": "boolean"},
        "help": _TEXT,
    },
}
_ALGORITHM = {
    "type": "object",
    "required": ["model_name", "version", "type", "gui_parameters", "python_file_name"],
    "properties": {
        "model_name": _NAME,
        "version": _NAME,
        "type": _NAME,
        "owner": _TEXT,
        "image_name": _TEXT,
        "image_tag": _TEXT,
        "source": _TEXT,
        "is_gpu_enabled": {"type": "boolean"},
        "can_continue": {"type": "boolean"},
        "interpreter": _TEXT,
        "requires": {"type": "array", "items": _NAME},
        "application": {"type": "array", "items": _TEXT},
        "description": _TEXT,
        "gui_parameters": {"type": "array", "items": _PARAMETER},
        "python_file_name": _FILES,
    },
}
_VALIDATOR = Draft202012Validator(_ALGORITHM)
_KINDS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false"}
_KINDS |= {"array": "a list", "object": "an object"}
# What is copied as it stands; the other keys are built.
_ALGORITHM_KEYS: tuple[str, ...] = ("model_name", "version", "type", "owner", "image_name", "image_tag", "source")
_ALGORITHM_KEYS += ("is_gpu_enabled", "can_continue", "interpreter")
_PARAMETER_KEYS: tuple[str, ...] = ("type", "name", "title", "param_key", "min", "max", "step", "precision")
_PARAMETER_KEYS += ("placeholder", "comp_group", "advanced")


class Registration(StrEnum):
    """What registering an algorithm did."""

    ADDED = "added"
    UNCHANGED = "unchanged"
    DIFFERS = "differs"
    REPLACED = "replaced"


def read_algorithms(text: str, *, source: str = "the algorithm file") -> list[AlgorithmDescriptor]:
    """Read ``{"contents": [...]}`` or a bare list of algorithms.

    Parameters
    ----------
    source : the file's name, for the errors.

    Raises
    ------
    DescriptorError
        If the text is no JSON, or an entry breaks a rule; names the key and the line.
    """
    entries, root = _entries(text, source)
    problems = [((*root, i, *path), what) for i, entry in enumerate(entries) for path, what in _problems(entry)]
    problems += [((*root, i, "model_name"), what) for i, what in _repeated(entries)]
    if problems:
        raise _error(problems, text=text, source=source)
    return [_descriptor(entry) for entry in entries]


def read_algorithm(entry: Any) -> AlgorithmDescriptor:
    """Read one entry that has left its file; raises DescriptorError naming the key."""
    for path, what in _problems(entry):
        raise DescriptorError(f"{'.'.join(map(str, path)) or 'The entry'}: {what}.")
    return _descriptor(entry)


def _entries(text: str, source: str) -> tuple[list[Any], Path]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DescriptorError(f"{source}, line {error.lineno}: this is no JSON ({error.msg}).") from error
    if isinstance(content, list):
        return content, ()
    if isinstance(content, dict) and isinstance(content.get("contents"), list):
        return content["contents"], ("contents",)
    raise DescriptorError(
        f'{source}, line 1: the key "contents" is missing.', 'Write {"contents": [...]} or a list of algorithms.'
    )


def _problems(entry: Any) -> list[Problem]:
    broken = [(tuple(error.absolute_path), _rule(error)) for error in _VALIDATOR.iter_errors(entry)]
    return broken or list(_parameter_problems(entry["gui_parameters"]))


def _rule(error: ValidationError) -> str:
    """A schema error in plain words."""
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f'the key "{missing}" is missing'
    if error.validator == "type":
        return f"{error.instance!r} is not {_KINDS[error.validator_value]}"
    if error.validator == "enum":
        return f"{error.instance!r} is not one of {', '.join(error.validator_value)}"
    if error.validator == "anyOf" and error.absolute_path and error.absolute_path[-1] == "python_file_name":
        return 'it must be a file name, or {"train": FILE, "inference": FILE}'
    return str(error.message)


def _parameter_problems(parameters: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """What the schema cannot say: keys a type needs, defaults within their range, keys used once."""
    seen: set[tuple[str, str]] = set()
    for i, entry in enumerate(parameters):
        place: Path = ("gui_parameters", i)
        yield from (((*place, key), what) for key, what in _own_problems(entry))
        identity = (entry.get("comp_group", "train_model"), entry["param_key"])
        if identity in seen:
            yield (*place, "param_key"), f'"{entry["param_key"]}" is used twice'
        seen.add(identity)


def _own_problems(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    default = "checked" if entry["type"] == "bool" else "value"
    missing = [key for key in _needed(entry["type"], default) if not _has(entry, key)]
    if missing:
        yield "type", f'a {entry["type"]} needs the key "{missing[0]}"'
    elif entry.get("min", -float("inf")) > entry.get("max", float("inf")):
        yield "min", f"{entry['min']} is greater than max, {entry['max']}"
    else:
        try:
            _parameter(entry)
        except ParameterError as error:
            yield default if default in entry else "value", str(error).rstrip(".")


def _needed(kind: str, default: str) -> tuple[str, ...]:
    extra = {"slider": ("min", "max"), "dropdown": ("options",), "radio": ("options",)}
    return (default, *extra.get(kind, ()))


def _has(entry: Mapping[str, Any], key: str) -> bool:
    stand_ins = {"options": ("options", "data"), "checked": ("checked", "value")}
    return any(entry.get(name) not in (None, []) for name in stand_ins.get(key, (key,)))


def _repeated(entries: Sequence[Any]) -> Iterator[tuple[int, str]]:
    seen = set()
    for i, entry in enumerate(entries):
        name = entry.get("model_name") if isinstance(entry, Mapping) else None
        if name is not None and name in seen:
            yield i, f'"{name}" is used twice'
        seen.add(name)


def _error(problems: Sequence[Problem], *, text: str, source: str) -> DescriptorError:
    """The first problem by line, and how many more there are."""
    lines = lines_of(text)
    path, what = min(problems, key=lambda problem: lines[problem[0]])
    key = next((part for part in reversed(path) if isinstance(part, str)), "contents")
    more = f"There are {len(problems) - 1} more problems in the file." if len(problems) > 1 else ""
    return DescriptorError(f'{source}, line {lines[path]}, key "{key}": {what}.', more)


def _descriptor(entry: Mapping[str, Any]) -> AlgorithmDescriptor:
    files = entry["python_file_name"]
    given = {key: entry[key] for key in (*_ALGORITHM_KEYS, "description") if key in entry}
    return AlgorithmDescriptor(
        **given,
        application=tuple(entry.get("application", ())),
        requires=tuple(entry.get("requires", ())),
        gui_parameters=tuple(_parameter(parameter) for parameter in entry["gui_parameters"]),
        python_file_name={"train": files, "inference": files} if isinstance(files, str) else dict(files),
        entry=entry,
    )


def _parameter(entry: Mapping[str, Any]) -> Parameter:
    parameter = Parameter(
        **{key: entry[key] for key in (*_PARAMETER_KEYS, "help") if key in entry},
        value=entry.get("checked", entry.get("value")),
        marks=_choices(entry.get("marks", ())),
        options=_choices(entry.get("options", entry.get("data", ()))),
        items=Range(entry["items"]["min"], entry["items"]["max"]) if "items" in entry else None,
    )
    return _with_typed_default(parameter)


def _with_typed_default(parameter: Parameter) -> Parameter:
    """Old files write numbers as text; the form wants them as numbers."""
    return replace(parameter, value=check_value(parameter, parameter.value))


def _choices(items: Sequence[Any]) -> tuple[Choice, ...]:
    pairs = (item if isinstance(item, Mapping) else {"value": item} for item in items)
    return tuple(Choice(pair["value"], str(pair.get("label", pair["value"]))) for pair in pairs)
