"""What the page asks of the live prediction, checked: the words of docs/contracts.md as values.

`live.py` beside this has the routes, `live_run.py` does what an order wants.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InvalidInputError
from core.images.geometry import TILE_PX
from core.images.planes import plane_axis, turned
from core.images.tiles import Manifest
from core.labels.tools.scene import Frame
from core.learning.class_shares import read_shares
from core.learning.live_view import View

SHARES = "class_shares"  # decides what is made of what was learned, and changes nothing of that


@dataclass(frozen=True)
class Order:
    """What a browser window wants to see. parameters : of the pixel classifier, as the form has them.

    shares : {class id: 0 to 1}, how much of the image the classes are expected to cover; {}: as they were painted.
    """

    session: str
    volume: str
    view: View
    parameters: Mapping[str, Any]
    shares: Mapping[int, float]

    @property
    def sharpest(self) -> "Order":
        """The same of all pixels, whatever level the screen shows."""
        return replace(self, view=replace(self.view, level=0))


def order_of(manifest: Manifest, asked: Mapping[str, Any]) -> Order:
    """Check what the page asks for.

    asked : {tab, axis, z, level, box: [y0, x0, y1, x1], cursor: [y, x], parameters}; z is the plane on `axis`, box and
        cursor are rows and columns of it; among the parameters may be `class_shares`, as a segmentation has it.

    Raises
    ------
    NotFoundError, InvalidInputError
        If something is missing, or lies outside.
    ParameterError
        If the class shares cannot be read.
    """
    axis = plane_axis(str(asked.get("axis", "z")))
    depth, *_ = turned(manifest.info.shape, axis)
    tab, index, level = str(asked.get("tab"))[:36], asked.get("z"), asked.get("level")
    box, cursor, parameters = asked.get("box"), asked.get("cursor"), asked.get("parameters")
    if not _is_below(index, depth) or not _is_below(level, TILE_PX.bit_length()):
        raise InvalidInputError(
            f"Plane {index} at level {level} is not part of {manifest.info.path}.", "Reload the page."
        )
    if not _numbers(box, 4) or not _numbers(cursor, 2) or not isinstance(parameters, dict):
        raise InvalidInputError("The order of a live prediction is incomplete.", "Reload the page.")
    frame = Frame(*(int(side) for side in box))
    view = View(index, level, frame, (float(cursor[0]), float(cursor[1])), axis)
    learning = {name: value for name, value in parameters.items() if name != SHARES}
    shares = read_shares(str(parameters.get(SHARES, "")))
    return Order(f"{tab} {manifest.info.path}", manifest.info.path, view, learning, shares)


def _is_below(value: object, stop: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < stop


def _numbers(value: object, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(n, int | float) for n in value)
