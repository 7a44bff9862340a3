"""Who is there: the name that a browser's edits carry, asked once, and who else looks at the open volume.

The name travels in a cookie that scripts cannot read. A page without one is a guest with a number; what calls without
a page, programs for instance, is the user of the settings.
"""

from dataclasses import replace
from urllib.parse import quote, unquote

from dash import ClientsideFunction, Dash, Input, Output, State, ctx
from flask import Response, has_request_context, request

from callbacks.events import changed
from components import ids, people
from core.errors import InvalidInputError
from core.people import guest_name, person_name
from core.services import Services

COOKIE = "author"
KEPT_S = 400 * 24 * 3600  # the longest that browsers keep a cookie


def by_name(services: Services) -> Services:
    """The same services, with `current_user` as the person of the request's browser."""
    fallback = services.current_user
    return replace(services, current_user=lambda: said_name() or fallback())


def said_name() -> str:
    """The name in the cookie of the request; "" where there is none, or nonsense in it."""
    if not has_request_context():
        return ""
    try:
        return person_name(unquote(request.cookies.get(COOKIE, "")))
    except InvalidInputError:
        return ""


def register(app: Dash, services: Services) -> None:
    """Name guests, let people say their name, and show who else is there."""
    name_guests(app)
    app.clientside_callback(
        ClientsideFunction("page", "showPeople"), Output(ids.PEOPLE, "children"), Input(ids.VIEWER, "present")
    )
    app.clientside_callback(ClientsideFunction("page", "askName"), Input(ids.USER, "children"))

    @app.callback(
        Output(ids.USER, "children"),
        Output(ids.USER_NAME, "value"),
        Input(ids.LOCATION, "pathname"),
        Input(ids.USER_NAME, "n_submit"),
        Input(ids.USER_SAVE, "n_clicks"),
        State(ids.USER_NAME, "value"),
    )
    def name_user(_path: str, _enters: int | None, _clicks: int | None, said: str | None) -> tuple[object, str]:
        if not changed(ids.USER_NAME, ids.USER_SAVE):
            name = services.current_user()
        else:
            name = person_name(said or "")
            keep_name(ctx.response, name)
        return people.initials(name), name


def name_guests(app: Dash) -> None:
    """Give a name to each browser that opens a page without one."""
    app.server.after_request(_name_guest)


def keep_name(answer: Response, name: str) -> None:
    """Let the browser say `name` from now on."""
    options = {"max_age": KEPT_S, "httponly": True, "samesite": "Strict", "secure": request.is_secure}
    answer.set_cookie(COOKIE, quote(name), path=f"{request.script_root}/", **options)


def _name_guest(answer: Response) -> Response:
    """A browser that opens the page without a name gets one, so that undo never takes back another guest's work."""
    is_page = request.path == "/" or request.path.startswith("/swipe")
    if is_page and answer.status_code == 200 and not said_name():
        keep_name(answer, guest_name())
    return answer
