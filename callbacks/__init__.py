"""What the page does. `FEATURES` is the list to read first: each has a file of its name here and in components/.

`http/` is what machines call; `access.py` decides who may call anything.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from urllib.parse import urlsplit

from dash import Dash, html
from flask import has_request_context, request

from callbacks import (
    accept,
    class_shares,
    classes,
    contrast,
    curate,
    datasets,
    exchange,
    history,
    infrastructure,
    jobs,
    labelstudio,
    live,
    messages,
    model_care,
    models,
    moments,
    objects,
    origin,
    overlay,
    people,
    places,
    review,
    stack,
    suggestions,
)
from callbacks.http import classes as classes_http
from callbacks.http import (
    curation,
    errors,
    health,
    images,
    importing,
    instances,
    labels,
    labelstudio_backend,
    metrics,
    pictures,
    pointing,
    proposals,
    results,
    swipe,
    tools,
)
from callbacks.http import exchange as exchange_http
from callbacks.http import history as past
from callbacks.http import jobs as jobs_http
from callbacks.http import live as live_http
from callbacks.http import models as models_http
from callbacks.http import review as review_http
from callbacks.http.proxies import place_behind
from components.page import page
from core.services import Services

FEATURES = (
    messages,
    places,
    people,
    datasets,
    classes,
    contrast,
    objects,
    overlay,
    origin,
    live,
    history,
    moments,
    accept,
    review,
    stack,
    suggestions,
    models,
    model_care,
    class_shares,
    jobs,
    infrastructure,
    curate,
    exchange,
    labelstudio,
)
SEEN_BY_PLOTLY = ("pandas", "PIL.Image")
MACHINE_ROUTES = (
    images,
    labels,
    classes_http,
    past,
    instances,
    tools,
    pointing,
    proposals,
    results,
    live_http,
    review_http,
    jobs_http,
    models_http,
    exchange_http,
    importing,
    labelstudio_backend,
    pictures,
    curation,
    swipe,
    health,
)


def create_app(
    services: Services,
    *,
    assets_folder: str,
    guard: Callable[[Dash], None],
    browser_cache_mb: int | None = None,
    path_prefix: str = "/",
    proxies: int = 0,
    debug: bool = False,
) -> Dash:
    """A fresh app over these services.

    Parameters
    ----------
    assets_folder : where the style sheets are.
    guard : puts the login and the CSRF check before every route (`callbacks.access`).
    browser_cache_mb : MiB of tiles that a page keeps; None leaves it to the viewer.
    path_prefix, proxies : where a reverse proxy shows the app, see `callbacks.http.proxies`.
    debug : shows Dash's developer tools.
    """
    app = Dash(
        "app",
        title="Segmentation",
        update_title="",
        assets_folder=assets_folder,
        assets_path_ignore=["swipe"],  # a page of its own (callbacks/http/swipe.py)
        serve_locally=True,
        requests_pathname_prefix=path_prefix,
        routes_pathname_prefix="/",
        on_error=messages.show_error,
    )
    app.layout = partial(_layout, browser_cache_mb)
    guard(app)
    services = metrics.watch(app, people.by_name(services))
    errors.register(app.server)
    for routes in MACHINE_ROUTES:
        routes.register(app, services)
    for feature in FEATURES:
        feature.register(app, services)
    if debug:
        app.enable_dev_tools(debug=True, dev_tools_hot_reload=False, dev_tools_disable_version_check=True)
    _warm(app)
    place_behind(app.server, prefix=path_prefix, proxies=proxies)
    return app


def _layout(browser_cache_mb: int | None) -> html.Div:
    """The page for the address from which the browser asks for it: most of a second before callbacks could tell."""
    address = request.referrer if has_request_context() else None  # Dash asks once while it is put together
    return page(browser_cache_mb=browser_cache_mb, opened=datasets.addressed(urlsplit(address or "").query))


def _warm(app: Dash) -> None:
    """Load once what threads would else load while others look at it, and fill Dash's registry of scripts.

    Plotly writes the JSON of every callback and looks into pandas and Pillow even while another thread, MLflow's first
    question for one, is half way through importing them. For the registry see plotly/dash issue 3971.
    """
    for name in SEEN_BY_PLOTLY:
        import_module(name)
    with app.server.test_request_context("/_dash-layout"):
        app.serve_layout()
