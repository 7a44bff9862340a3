"""Containers that Tiled describes together with what is in them: one answer in place of a question for each."""

from tiled.adapters.mapping import MapAdapter


class WithContents(MapAdapter):
    """What is in it is known and little: the levels of a pyramid, or a small folder."""

    def inlined_contents_enabled(self, _depth: int) -> bool:
        """Tiled asks this. It goes five containers deep whatever the answer."""
        return True
