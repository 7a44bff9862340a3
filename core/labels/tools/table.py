"""The tools by name, and the part of the plane each must see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import InvalidInputError, NotFoundError
from core.labels.tools import flood, grabcut, grow, livewire, refine, threshold
from core.labels.tools.regions import bounds_of
from core.labels.tools.scene import Answer, Ask, Frame, Scene

REGION_PX = 1024  # a side of what the slow methods look at
VIEW_PX = 4096  # a side of what is looked at, at most: 16 million pixels


def of_view(ask: Ask) -> Frame:
    """What is on the screen."""
    return ask.view


def of_region(ask: Ask) -> Frame:
    """What is drawn, or the screen."""
    return bounds_of(ask.spans).cut(ask.plane) if len(ask.spans) else ask.view


@dataclass(frozen=True)
class Tool:
    """A method with the part of the plane it looks at.

    run : the method. frame : the part it needs, of the question. max_px : the greatest side that part may have.
    needs_image, needs_labels : whether greys, and what is labelled, are read at all.
    """

    run: Callable[[Scene, Ask], Answer]
    frame: Callable[[Ask], Frame]
    max_px: int = REGION_PX
    needs_image: bool = True
    needs_labels: bool = True

    def checked_frame(self, ask: Ask) -> Frame:
        """The frame. Raises InvalidInputError when it is empty or too large."""
        frame = self.frame(ask)
        if min(frame.shape) < 1:
            raise InvalidInputError("The region lies outside the image.", "Draw it on the image.")
        if max(frame.shape) > self.max_px:
            size = f"{frame.shape[1]} x {frame.shape[0]}"
            raise InvalidInputError(
                f"The region is {size} pixels; this tool looks at {self.max_px} x {self.max_px} at most.",
                "Zoom in, or draw a smaller region.",
            )
        return frame


TOOLS: Mapping[str, Tool] = {
    "fill": Tool(flood.fill, of_view, VIEW_PX),
    "wand": Tool(flood.wand, of_view, VIEW_PX, needs_labels=False),
    "livewire": Tool(livewire.livewire, livewire.frame, 2 * livewire.MAX_REACH),
    "watershed": Tool(grow.watershed, of_region),
    "random_walker": Tool(grow.random_walker, of_region),
    "grabcut": Tool(grabcut.grabcut, grabcut.frame, round(REGION_PX * (1 + 2 * grabcut.SURROUND)) + 1),
    "threshold": Tool(threshold.threshold, of_region, VIEW_PX),
    "refine": Tool(refine.refine, of_region, VIEW_PX, needs_image=False),
}
"""Those that look at one frame."""
OTHERS = ("click", "superpixel", "copy")
"""Those that take a block (`blocks`) or tile after tile (`superpixels`, `reading.copy`)."""


def find_tool(name: str) -> Tool:
    """The tool called `name`. Raises NotFoundError."""
    if name not in TOOLS:
        raise NotFoundError(f"There is no tool {name[:40]!r}.", f"There are {', '.join([*TOOLS, *OTHERS])}.")
    return TOOLS[name]
