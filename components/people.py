"""Who is there, in the top bar: dots for the others, and one's own initials, under which the name can be said."""

from dash import dcc, html

from components import ids
from core.people import MAX_NAME_LENGTH, color_of


def others() -> html.Div:
    """Without anybody; assets/page.js fills it in."""
    return html.Div(id=ids.PEOPLE, className="people", role="group", **{"aria-label": "Also here"})


def myself() -> html.Details:
    """The initials, and the small question below them, which opens by itself for a new guest and bars nothing."""
    field = dcc.Input(id=ids.USER_NAME, maxLength=MAX_NAME_LENGTH, autoComplete="off", className="text-field")
    question = html.Div(
        [
            html.Label("What should others call you?", htmlFor=ids.USER_NAME),
            html.Div([field, html.Button("Save", id=ids.USER_SAVE, className="button primary")], className="name-row"),
            html.P("Your strokes and jobs carry this name, and undo takes back only what was done under it."),
        ],
        className="name-question",
    )
    summary = html.Summary(html.Span(id=ids.USER), **{"aria-label": "Your name"})
    return html.Details([summary, question], id=ids.USER_CARD, className="user")


def initials(name: str) -> html.Span:
    """Two letters in the person's colour."""
    return html.Span(
        short(name),
        title=f"You are {name}",
        className="user-initials",
        style={"--person": color_of(name)},
        **{"data-name": name},
    )


def short(name: str) -> str:
    """At most two letters or digits that stand for a name.

    >>> short("Ann Lee"), short("ben"), short("Guest 4821")
    ('AL', 'BE', 'G4')
    """
    words = name.split()
    letters = words[0][0] + words[-1][0] if len(words) > 1 else name[:2]
    return letters.upper()
