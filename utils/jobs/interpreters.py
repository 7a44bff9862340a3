"""Which Python runs an algorithm that is not ours."""

import sys

from core.learning.descriptors import AlgorithmDescriptor


def interpreter_of(descriptor: AlgorithmDescriptor) -> str:
    """The one it names, else the app's own."""
    return descriptor.interpreter or sys.executable
