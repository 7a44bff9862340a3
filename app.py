"""Composition: settings -> services -> app. `python app.py` runs it; `gunicorn app:server` takes `server`."""

import logging
import os
import sys
from functools import partial

from dash import Dash

from callbacks import access, create_app
from core.errors import AppError
from utils.services import build_services
from utils.settings import ROOT, Settings, read_settings

EXIT_USER = 2


def compose(settings: Settings) -> Dash:
    """The app of these settings. Raises InvalidInputError when it would be open to the network."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request to Tiled
    guard = partial(
        access.guard,
        login=settings.needs_login,
        user_name=settings.user_name,
        password=settings.user_password.get_secret_value(),
    )
    return create_app(
        build_services(settings),
        assets_folder=str(ROOT / "assets"),
        guard=guard,
        browser_cache_mb=settings.browser_cache_mb,
        path_prefix=settings.dash_requests_pathname_prefix,
        proxies=settings.trusted_proxies,
        debug=settings.mode == "dev",
    )


def serve(settings: Settings) -> None:
    """Become gunicorn on HOST and PORT; raises InvalidInputError instead of listening openly."""
    access.check_host(settings.host, login=settings.needs_login)
    if settings.needs_login:
        access.check_login(settings.user_name, settings.user_password.get_secret_value())
    os.chdir(ROOT)
    print(f"The page is at {settings.address}", flush=True)  # noqa: T201 - the address people need
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "app:server"])


try:
    if __name__ == "__main__":
        serve(read_settings())
    server = compose(read_settings()).server
except AppError as error:
    print(error, file=sys.stderr)  # noqa: T201 - there is no page to say it
    sys.exit(EXIT_USER)
