"""What the page remembers between callbacks: names and small records, never pixels. Each store has one writer."""

from dash import dcc, html

from components import ids
from core.images.volumes import volume_id

VOLUME = "volume-store"  # {"path", "id"} of the open volume, None before the first; written by callbacks/datasets.py
DATASETS = "datasets-store"  # the list of the picker, see components/datasets.py; written by callbacks/datasets.py
CLASSES = "classes-store"  # the class table as JSON; written by assets/classes.js
JOBS = "jobs-store"  # job views as JSON, newest first; written by callbacks/jobs.py
JOBS_STAMP = "jobs-stamp-store"  # changes when JOBS does; written by callbacks/jobs.py
CARDS_STAMP = "cards-stamp-store"  # changes when a job card needs other parts; written by callbacks/jobs.py
REGISTRY = "registry-store"  # {"algorithms": [name], "models": [row of the table]}; written by callbacks/models.py
REGISTRY_STAMP = "registry-stamp-store"  # changes when REGISTRY does; written by callbacks/models.py
STARTED_JOB = "started-job-store"  # id of the job this page started last; written by callbacks/models.py
PLACE = "place-store"  # "annotate", "models", "curate" or "exchange"; written by callbacks/places.py
THEME = "theme-store"  # "dark" or "light", kept by the browser; written by callbacks/places.py
MESSAGE = "message-store"  # the newest message, see components/messages.py; written when callbacks fail
CARED_MODEL = "cared-model-store"  # what was done to a model last; written by callbacks/model_care.py
OPEN_LOGS = "open-logs-store"  # ids of jobs whose log is open; written by callbacks/jobs.py
IMPORT = "import-store"  # the import as docs/contracts.md has it, at each new stage; written by assets/imports.js
DOWNLOAD = "download-store"  # {"url"} of a file to fetch at once; written by callbacks/exchange.py
LS_FETCHED = "labelstudio-fetched-store"  # {"id", "name"} to be imported; written by callbacks/labelstudio.py
LS_SENT = "labelstudio-sent-store"  # what came of the last export, so that projects are listed anew; as above
EXPORT_JOB = "export-job-store"  # id of the export started or stopped last; written by callbacks/exchange.py
OBJECTS_SEEN = "objects-seen-store"  # {"set", "serial"} of the rows on the page; written by callbacks/objects.py
OBJECTS_COLUMNS = "objects-columns-store"  # [{"key", "header", "help", "shown"}]; written by callbacks/objects.py
OBJECTS_CUTTING = "objects-cutting-store"  # whether the next line cuts; written by assets/objects.js

OBJECTS_TICK = "objects-tick"
OBJECTS_TICK_MS = 1000
MOMENT = "moment-store"  # the moment looked at or compared, None: now; see callbacks/moments.py
HISTORY_STAMP = "history-stamp-store"  # changes when the open history may be out of date; written by assets/page.js
HISTORY_SHOWN = "history-shown-store"  # {"volume", "revision", "count"} of the list; written by callbacks/history.py

HISTORY_TICK = "history-tick"
HISTORY_TICK_MS = 2000
LIVE_PARAMETERS = "live-parameters-store"  # of the pixel classifier; written by callbacks/live.py
ACCEPT_ORDER = "accept-order-store"  # what of a result becomes labels, see callbacks/accept.py; written by it
SUGGESTION = (
    "suggestion-store"  # {"z", "y", "x", "side"} of the place suggested last; written by callbacks/suggestions.py
)

# What Models and Exchange know, by FOLLOWED below: all news while they are open, none while they are hidden, so that
# nobody is asked to fill in what is not seen; written by callbacks/places.py.
MODELS_REGISTRY = "models-registry-store"
MODELS_JOBS = "models-jobs-store"
MODELS_CARDS = "models-cards-store"
MODELS_VOLUME = "models-volume-store"
MODELS_SAVE = "models-save-store"
EXCHANGE_JOBS = "exchange-jobs-store"
EXCHANGE_VOLUME = "exchange-volume-store"
EXCHANGE_SAVE = "exchange-save-store"

ACCEPT_TICK = "accept-tick"
ACCEPT_TICK_MS = 500
JOBS_TICK = "jobs-tick"
JOBS_TICK_MS = 10_000  # until assets/page.js sets the pace
INFRASTRUCTURE_TICK = "infrastructure-tick"
INFRASTRUCTURE_TICK_MS = 5000

FOLLOWED = {
    MODELS_REGISTRY: (REGISTRY, "data"),
    MODELS_JOBS: (JOBS, "data"),
    MODELS_CARDS: (CARDS_STAMP, "data"),
    MODELS_VOLUME: (VOLUME, "data"),
    MODELS_SAVE: (ids.VIEWER, "saveState"),
    EXCHANGE_JOBS: (JOBS, "data"),
    EXCHANGE_VOLUME: (VOLUME, "data"),
    EXCHANGE_SAVE: (ids.VIEWER, "saveState"),
}


def stores(*, volume: str | None) -> html.Div:
    """All of them, with the path of the open volume, and the clock that polls the jobs."""
    return html.Div(
        [
            dcc.Store(VOLUME, data=volume and {"path": volume, "id": volume_id(volume)}),
            dcc.Store(DATASETS),
            dcc.Store(CLASSES),
            dcc.Store(JOBS, data=[]),
            *map(dcc.Store, FOLLOWED),
            dcc.Store(JOBS_STAMP),
            dcc.Store(CARDS_STAMP),
            dcc.Store(REGISTRY),
            dcc.Store(REGISTRY_STAMP),
            dcc.Store(STARTED_JOB),
            dcc.Store(PLACE, data="annotate"),
            dcc.Store(THEME, data="dark", storage_type="local"),
            dcc.Store(MESSAGE),
            dcc.Store(OPEN_LOGS, data=[]),
            dcc.Store(CARED_MODEL),
            dcc.Store(IMPORT),
            dcc.Store(DOWNLOAD),
            dcc.Store(LS_FETCHED),
            dcc.Store(LS_SENT),
            dcc.Store(EXPORT_JOB),
            dcc.Store(OBJECTS_SEEN),
            dcc.Store(OBJECTS_COLUMNS, data=[]),
            dcc.Store(OBJECTS_CUTTING, data=False),
            dcc.Interval(OBJECTS_TICK, interval=OBJECTS_TICK_MS, disabled=True),  # runs while the drawer is open
            dcc.Store(MOMENT),
            dcc.Store(HISTORY_STAMP),
            dcc.Store(HISTORY_SHOWN),
            dcc.Interval(HISTORY_TICK, interval=HISTORY_TICK_MS),
            dcc.Store(LIVE_PARAMETERS, data={}),
            dcc.Store(ACCEPT_ORDER),
            dcc.Store(SUGGESTION),
            dcc.Interval(ACCEPT_TICK, interval=ACCEPT_TICK_MS, disabled=True),
            dcc.Interval(INFRASTRUCTURE_TICK, interval=INFRASTRUCTURE_TICK_MS, disabled=True),  # runs in Models
            dcc.Interval(JOBS_TICK, interval=JOBS_TICK_MS),
        ],
        hidden=True,
    )
