"""Composition: settings -> services -> app. `python app.py` runs it; `gunicorn app:server` takes `server`."""

import logging
import sys
from functools import partial

from callbacks import access, create_app
from core.errors import AppError
from utils.services import build_services
from utils.settings import ROOT, Settings

THREADS = 16  # tiles of one view are asked for six at a time by each browser; one process shares the caches


def compose(settings: Settings) -> "tuple[object, object]":
    raise NotImplementedError
