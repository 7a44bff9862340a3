"""The banner over labels of the past: which moment it is, or what differs between two, in words and in colours."""

from collections.abc import Mapping, Sequence

from dash import html

from components import ids
from core.labels.moments import ADDED, CHANGED, REMOVED, Summary

# Okabe & Ito (2008): told apart by lightness too, so with any colour vision.
COLORS = {ADDED: "#56B4E9", REMOVED: "#D55E00", CHANGED: "#F0E442"}
WORDS = {ADDED: "added", REMOVED: "removed", CHANGED: "changed class"}
LISTED_CLASSES = 8  # in the banner


def banner() -> html.Div:
    """Hidden while the labels of now are shown."""
    return html.Div(
        [
            html.Div(id=ids.MOMENT_TEXT, className="moment-text"),
            html.Div(_jumps(), id=ids.MOMENT_JUMP, className="moment-jump", hidden=True),
            html.Button("Back to now", id=ids.MOMENT_BACK, className="button", title="Esc"),
            html.Button("Compare with now", id=ids.MOMENT_COMPARE, className="button"),
            html.Button("Restore", id=ids.MOMENT_RESTORE, className="button primary"),
        ],
        id=ids.MOMENT_BANNER,
        className="moment-banner",
        role="status",
        hidden=True,
    )


def _jumps() -> list[html.Button]:
    ways = {
        ids.MOMENT_PREVIOUS: ("‹", "Previous slice that differs"),
        ids.MOMENT_NEXT: ("›", "Next slice that differs"),
    }
    return [
        html.Button(sign, id=name, className="button", title=words, **{"aria-label": words})
        for name, (sign, words) in ways.items()
    ]


def overlay_classes() -> list[dict[str, object]]:
    """The kinds of difference as classes of the viewer's `moment`."""
    return [{"id": kind, "name": WORDS[kind], "color": COLORS[kind], "visible": True} for kind in WORDS]


def looked_at(at: str) -> list[html.Span]:
    """What the banner says of one moment."""
    return [html.Span(f"Labels of {at}"), html.Small("Nothing can be painted or undone here.")]


def compared(ends: Sequence[str], summary: Summary, names: Mapping[int, str]) -> list[html.Span | html.Small]:
    """What the banner says of two moments: how much of what kind, and of which classes.

    ends : words for A and B. names : by class id.
    """
    if not summary.pixels:
        return [_ends(ends), html.Small("No pixel differs.")]
    counts = {ADDED: summary.added, REMOVED: summary.removed, CHANGED: summary.changed}
    legend = html.Span([_kind(kind, pixels) for kind, pixels in counts.items()], className="moment-legend")
    return [_ends(ends), legend, html.Small(f"{classes_text(summary, names)}. {slices_text(list(summary.slices))}.")]


def uncounted(ends: Sequence[str], tiles: int, slices: Sequence[int]) -> list[html.Span | html.Small]:
    """The same where there is too much to count while somebody waits."""
    legend = html.Span([_kind(kind, None) for kind in WORDS], className="moment-legend")
    words = f"{tiles:,} tiles were edited in between, too many to count. {slices_text(slices)} at most."
    return [_ends(ends), legend, html.Small(words)]


def _ends(ends: Sequence[str]) -> html.Span:
    first, second = ends
    return html.Span([html.B("A"), f" {first} → ", html.B("B"), f" {second}"])


def _kind(kind: int, pixels: int | None) -> html.Span:
    swatch = html.Span(className="swatch", style={"background": COLORS[kind]})
    return html.Span([swatch, WORDS[kind] if pixels is None else f"{pixels:,} {WORDS[kind]}"])


def classes_text(summary: Summary, names: Mapping[int, str]) -> str:
    """Pixels won and lost by class, the most affected first.

    >>> classes_text(Summary(9, 0, 2, {1: 9, 2: 2}, {1: 2}, {0: 11}), {1: "bead"})
    'bead +9 −2, class 2 +2'
    """
    won, lost = summary.won, summary.lost
    affected = sorted(won.keys() | lost.keys(), key=lambda c: (-won.get(c, 0) - lost.get(c, 0), c))
    told = [_class_text(names.get(c, f"class {c}"), won.get(c, 0), lost.get(c, 0)) for c in affected]
    more = [f"{len(told) - LISTED_CLASSES} more classes"] if len(told) > LISTED_CLASSES else []
    return ", ".join(told[:LISTED_CLASSES] + more)


def _class_text(name: str, won: int, lost: int) -> str:
    return " ".join([name, *([f"+{won:,}"] if won else []), *([f"−{lost:,}"] if lost else [])])


def slices_text(slices: Sequence[int]) -> str:
    """How many slices differ; they count from 1 here, from 0 in `slices`.

    >>> slices_text([4]), slices_text([4, 7, 9])
    ('Slice 5 differs', '3 slices differ, from 5 to 10')
    """
    if len(slices) == 1:
        return f"Slice {slices[0] + 1} differs"
    return f"{len(slices):,} slices differ, from {slices[0] + 1} to {slices[-1] + 1}"
