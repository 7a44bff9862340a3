"""The label configuration of a project, the XML that lays out its page: our classes in it, and its labels as classes.

Only what names shapes, labels and choices is read. A project of somebody else may have several tags for one shape, and
names of its own for all of them; what we send is written in its names.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from core.errors import LabelFileError
from core.labels.classes import LabelClass
from core.labels.exchange.facts import FileClass

MAX_LETTERS = 1 << 20
_CONTROLS = ("Brush", "Polygon", "Rectangle", "Ellipse", "KeyPoint")
_SMART = ("Rectangle", "KeyPoint")  # these ask a connected model while somebody points
_HEX = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})")
_NAMED = {  # what the templates of Label Studio use
    "red": "#FF0000", "green": "#008000", "blue": "#0000FF", "yellow": "#FFFF00", "orange": "#FFA500",
    "purple": "#800080", "cyan": "#00FFFF", "magenta": "#FF00FF", "pink": "#FFC0CB", "brown": "#A52A2A",
    "gray": "#808080", "grey": "#808080", "white": "#FFFFFF", "black": "#000000", "lime": "#00FF00",
}  # fmt: skip


@dataclass(frozen=True)
class Control:
    """A tag that draws.

    kind : as `shapes.kind_of` has it, or "choices" or "labels". name, to_name : of its results.
    others : {what else a label is called, as its attributes `alias` and `predicted_values` say, in lower case: label}.
    """

    kind: str
    name: str
    to_name: str
    labels: tuple[FileClass, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelConfig:
    """image_key : the key of a task's `data` under which the picture is."""

    controls: tuple[Control, ...]
    image_key: str = "image"

    @property
    def classes(self) -> tuple[FileClass, ...]:
        """Labels of all shapes, each once whatever its case, in their order, with values from 1."""
        found: dict[str, FileClass] = {}
        for control in self.controls:
            for label in control.labels if control.kind != "choices" else ():
                found.setdefault(label.name.casefold(), label)
        return tuple(FileClass(value, each.name, each.color) for value, each in enumerate(found.values(), start=1))

    def control(self, kind: str) -> Control | None:
        """The first tag of a kind; None when the project has none."""
        return next((each for each in self.controls if each.kind == kind), None)

    def label(self, kind: str, name: str) -> str | None:
        """A label of the tags of a kind as the project writes it; None when it has none of that name."""
        tags = [each for each in self.controls if each.kind == kind]
        known = {other: label for tag in tags for other, label in tag.others.items()}
        known |= {label.name.casefold(): label.name for tag in tags for label in tag.labels}
        return known.get(name.casefold())


def write_config(classes: Sequence[LabelClass]) -> str:
    """The configuration of a project for these classes: every shape, names and colours as ours.

    >>> print(write_config([LabelClass(1, "Pore", "#E69F00")]).splitlines()[2])
      <BrushLabels name="brush" toName="image">
    """
    labels = "".join(f"\n    <Label value={quoteattr(c.name)} background={quoteattr(c.color)}/>" for c in classes)
    rows = [_tag(kind, labels) for kind in _CONTROLS]
    image = '  <Image name="image" value="$image" zoom="true" zoomControl="true" rotateControl="false"/>'
    return "\n".join(["<View>", image, *rows, "</View>"])


def _tag(kind: str, labels: str) -> str:
    smart = ' smart="true"' if kind in _SMART else ""
    return f'  <{kind}Labels name="{kind.lower()}" toName="image"{smart}>{labels}\n  </{kind}Labels>'


def read_config(text: str) -> LabelConfig:
    """The tags of a configuration. Raises LabelFileError when it is no XML, or has no picture.

    >>> config = read_config(write_config([LabelClass(1, "Pore", "#E69F00")]))
    >>> config.classes, config.control("keypoint").name
    ((FileClass(value=1, name='Pore', color='#E69F00'),), 'keypoint')
    """
    if len(text) > MAX_LETTERS or "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL):
        raise LabelFileError("The label configuration is no plain XML.", "Look at the project's settings.")
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise LabelFileError(
            f"The label configuration is no XML ({error}).", "Look at the project's settings."
        ) from error
    pictures = [tag for tag in root.iter() if tag.tag == "Image"]
    if not pictures:
        raise LabelFileError("The project shows no picture.", "Choose a project for images.")
    key = pictures[0].get("value", "$image").removeprefix("$")
    return LabelConfig(tuple(_controls(root)), key)


def _controls(root: ET.Element) -> Iterable[Control]:
    for tag in root.iter():
        if "toName" in tag.attrib and "name" in tag.attrib:
            rows = [each for each in tag if each.tag in ("Label", "Choice") and each.get("value")]
            others = {other: row.attrib["value"] for row in rows for other in _others(row)}
            labels = tuple(map(_label, rows))
            yield Control(_kind(tag.tag), tag.attrib["name"], tag.attrib["toName"], labels, others)


def _others(tag: ET.Element) -> list[str]:
    names = [tag.get("alias", ""), *tag.get("predicted_values", "").split(",")]
    return [name.strip().casefold() for name in names if name.strip()]


def _kind(tag: str) -> str:
    """
    >>> _kind("KeyPointLabels"), _kind("Labels"), _kind("Brush")
    ('keypoint', 'labels', 'brush')
    """
    return tag.lower() if tag == "Labels" else tag.lower().removesuffix("labels")


def _label(tag: ET.Element) -> FileClass:
    return FileClass(0, tag.get("value", ""), read_color(tag.get("background", "")))


def read_color(text: str) -> str:
    """A colour of XML as "#RRGGBB"; "" when it is none that we know.

    >>> read_color("#f80"), read_color("rgba(255, 0, 0, 0.5)"), read_color("red"), read_color("papaya")
    ('#FF8800', '#FF0000', '#FF0000', '')
    """
    plain = text.strip()
    if found := _HEX.fullmatch(plain):
        digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
        return f"#{digits.upper()}"
    if found := _RGB.match(plain):
        return "#" + "".join(f"{min(255, int(part)):02X}" for part in found.groups())
    return _NAMED.get(plain.lower(), "")


def missing_labels(config: LabelConfig, classes: Iterable[LabelClass]) -> list[str]:
    """Names of classes the project has no label for."""
    known = {each.name.casefold() for each in config.classes}
    return [each.name for each in classes if each.name.casefold() not in known]


def with_labels(text: str, classes: Iterable[LabelClass]) -> str:
    """A configuration with a label for each class in every tag that has labels; all else stays.

    >>> more = with_labels(write_config([LabelClass(1, "Pore", "#E69F00")]), [LabelClass(2, "Grain", "#56B4E9")])
    >>> [label.name for label in read_config(more).classes]
    ['Pore', 'Grain']
    """
    config = read_config(text)
    root = ET.fromstring(text)
    lacking = set(missing_labels(config, wanted := list(classes)))
    for tag in root.iter():
        if tag.tag.endswith("Labels"):
            for each in wanted:
                if each.name in lacking:
                    ET.SubElement(tag, "Label", {"value": each.name, "background": each.color})
    return ET.tostring(root, encoding="unicode")
