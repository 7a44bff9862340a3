"""Threshold brush: of a stroke, the pixels in a range of greys."""

import numpy as np

from core.errors import InvalidInputError
from core.labels.tools.regions import answer_of, mask_of
from core.labels.tools.scene import Answer, Ask, Scene


def threshold(scene: Scene, ask: Ask) -> Answer:
    """The pixels of the spans whose true grey lies in options lo..hi, ends included. NaN never does."""
    most = float(np.finfo(np.float64).max)
    lo, hi = ask.number("lo", -most, lo=-most, hi=most), ask.number("hi", most, lo=-most, hi=most)
    if lo > hi:
        raise InvalidInputError(f"The range of greys goes from {lo:g} to {hi:g}.", "Let it begin below its end.")
    found = mask_of(ask.spans, scene.frame) & (scene.grey >= lo) & (scene.grey <= hi)
    note = "" if found.any() else f"No pixel under the stroke is between {lo:g} and {hi:g}."
    return answer_of(found, ask.label, scene, note)
