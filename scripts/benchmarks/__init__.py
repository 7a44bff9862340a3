"""What `scripts/benchmark.py` measures, a file a subject. The words around a table are in its page of docs/."""

import os
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- measured -->", "<!-- end -->"


def begin(part: str) -> str:
    """The mark before the table of a part, on a page with several tables."""
    return f"<!-- measured: {part} -->" if part else BEGIN


def write_table(page: Path, lines: Sequence[str], *, part: str = "") -> None:
    """Put a table, and a word about the machine, between the marks of a page."""
    before, _, rest = page.read_text().partition(begin(part))
    _, _, after = rest.partition(END)
    machine = f"Measured on a machine with {os.cpu_count()} processor cores and no GPU."
    page.write_text("\n".join([before + begin(part), machine, "", *lines, END]) + after)
