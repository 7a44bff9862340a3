"""How gunicorn serves the app: `gunicorn app:server` reads this file; what its command line says goes before it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # gunicorn may be started from anywhere

from utils.settings import read_settings

bind = read_settings().bind
worker_class = "gthread"
workers = 1  # so that all share the caches and what is kept in memory; more would not see each other's work
threads = 48  # waiting for Tiled takes one: 16 stand still when eight pages look at a slow server
graceful_timeout = 3
control_socket_disable = True
