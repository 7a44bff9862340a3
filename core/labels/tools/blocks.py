"""Which part of a plane a model looks at when somebody points at it.

Models see at most 1024 pixels a side. Blocks lie on a grid, so that clicks near one another share what a model has
made of the image; a view from further away is looked at with fewer, larger pixels, as a person sees it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.labels.tools.scene import Frame
from core.learning.interactive import Prompts

BLOCK_PX = 1024  # a side, as the models see it
GRID_PX = 256
ROOM = 0.75  # of a side: what is pointed at must fit in, with something around it
MAX_STEP = 4  # 4096 image pixels a side, as other tools read at most

Places = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """frame : of the plane, at full size. step : image pixels a pixel of the model, either way."""

    frame: Frame
    step: int


def block_of(prompts: Prompts, view: Frame, plane: Frame) -> Block:
    """The block to look at.

    Parameters
    ----------
    view : what is on the screen. plane : all there is.

    Raises
    ------
    InvalidInputError
        If what is pointed at lies too far apart, or nothing is pointed at.
    """
    bounds = _bounds(prompts)
    step = _step(bounds, view)
    first = _around(_anchor(prompts), step, plane)
    inside = _contains(first, bounds)
    return Block(first if inside else _around(bounds.reshape(2, 2).mean(axis=0), step, plane), step)


def _bounds(prompts: Prompts) -> Places:
    """y0, x0, y1, x1 of all that is pointed at."""
    corners = [*prompts.points] + ([] if prompts.box is None else [prompts.box[:2], prompts.box[2:]])
    if not corners:
        raise InvalidInputError("Nothing is pointed at.", "Click on an object, or drag a box around it.")
    places = np.array(corners, np.float64)
    return np.concatenate([places.min(axis=0), places.max(axis=0)])


def _anchor(prompts: Prompts) -> Places:
    """What stays where it is while clicks are added: the box, else the first click."""
    if prompts.box is not None:
        y0, x0, y1, x1 = prompts.box
        return np.array([(y0 + y1) / 2, (x0 + x1) / 2])
    return np.array(prompts.points[0])


def _step(bounds: Places, view: Frame) -> int:
    step = 1
    while 2 * step * BLOCK_PX <= max(view.shape) and step < MAX_STEP:
        step *= 2
    wanted = float((bounds[2:] - bounds[:2]).max())
    while wanted > ROOM * step * BLOCK_PX:
        step *= 2
    if step > MAX_STEP:
        most = round(ROOM * MAX_STEP * BLOCK_PX)
        raise InvalidInputError(
            f"What is pointed at is {wanted:.0f} pixels wide; at most {most} can be looked at.", "Point at less."
        )
    return step


def _around(middle: Places, step: int, plane: Frame) -> Frame:
    """The block of the grid whose middle is nearest, moved into the plane."""
    side, grid = BLOCK_PX * step, GRID_PX * step
    corner = np.rint((middle - side / 2) / grid).astype(int) * grid
    y, x = np.clip(corner, 0, np.maximum(0, np.array(plane.shape) - side)).tolist()
    return Frame(y, x, y + side, x + side).cut(plane)


def _contains(frame: Frame, bounds: Places) -> bool:
    y0, x0, y1, x1 = bounds
    return bool(frame.y0 <= y0 and frame.x0 <= x0 and y1 <= frame.y1 and x1 <= frame.x1)
