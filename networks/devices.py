"""Which processor a network runs on."""

import torch

from core.errors import InvalidInputError


def choose_device(name: str) -> torch.device:
    """ "auto" takes a GPU if there is one. Raises InvalidInputError for "cuda" without one."""
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise InvalidInputError("There is no GPU that torch can use.", "Use the device cpu, or auto.")
    return torch.device("cuda" if there and name != "cpu" else "cpu")
