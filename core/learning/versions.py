"""Versions of an algorithm side by side: what each says of itself, and where they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.learning.descriptors import AlgorithmDescriptor, Parameter

NOTHING = "–"


@dataclass(frozen=True)
class Line:
    """One fact of all versions. cells : in the order of the versions; `NOTHING` where a version does not have it."""

    title: str
    cells: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the versions do not agree."""
        return len(set(self.cells)) > 1


def side_by_side(versions: Sequence[AlgorithmDescriptor]) -> list[Line]:
    """The facts of versions of one algorithm; what none of them has is left out.

    First what they are, then their parameters by title, in the order of the first version that has each.
    """
    described = [_facts(each) | _parameters(each) for each in versions]
    titles = dict.fromkeys(title for facts in described for title in facts)
    lines = [Line(title, tuple(facts.get(title) or NOTHING for facts in described)) for title in titles]
    return [line for line in lines if set(line.cells) != {NOTHING}]


def _facts(each: AlgorithmDescriptor) -> dict[str, str]:
    return {
        "Description": each.description,
        "Owner": each.owner,
        "Source": each.source,
        "Runs in": f"{each.image_name}:{each.image_tag}" if each.image_name else each.interpreter,
        "Needs": ", ".join(each.requires),
        "For": ", ".join(each.application),
        "GPU": "used when there is one" if each.is_gpu_enabled else "not used",
        **{f"Program ({task})": file for task, file in sorted(each.python_file_name.items())},
    }


def _parameters(each: AlgorithmDescriptor) -> dict[str, str]:
    return {parameter.title or parameter.param_key: _told(parameter) for parameter in each.gui_parameters}


def _told(parameter: Parameter) -> str:
    """
    >>> _told(Parameter("int", "n", "Trees", "n", 200, min=10, max=1000))
    '200 (10 to 1000)'
    >>> _told(Parameter("float", "n", "Rate", "n", 0.1, min=0))
    '0.1 (at least 0)'
    """
    rule = _rule(parameter)
    return f"{_default(parameter)} ({rule})" if rule else _default(parameter)


def _default(parameter: Parameter) -> str:
    if isinstance(parameter.value, bool):
        return "on" if parameter.value else "off"
    return "empty" if parameter.value in ("", None) else str(parameter.value)


def _rule(parameter: Parameter) -> str:
    low, high = parameter.min, parameter.max
    if parameter.options:
        return ", ".join(str(option.label) for option in parameter.options)
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return f"at most {high:g}" if high is not None else ""
