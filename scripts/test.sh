#!/usr/bin/env bash
# Install what the tests need and run them: style, types, arrows between rooms, the viewer's bundle, pytest.
# Arguments go to pytest: bash scripts/test.sh -k labels
# bash scripts/test.sh --labelstudio runs only the tests against a real Label Studio, and installs it apart (docs/label-studio.md),
# bash scripts/test.sh --prefect those against a real Prefect with its workers (docs/prefect.md).
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

say "Python packages"
source scripts/environment.sh
install_requirements requirements-dev.txt

if missing chromium && missing google-chrome; then
    debian_package chromium \
        "No Chromium found: the browser tests will fail. Install Chromium or Chrome and put it on PATH."
fi
if [ ! -d /usr/lib/postgresql ] && missing initdb; then
    debian_package postgresql \
        "No PostgreSQL found: its tests are skipped. Install PostgreSQL 15 or newer to run them."
fi

if [ "${1:-}" = --labelstudio ]; then
    export LABELSTUDIO_ENV="${LABELSTUDIO_ENV:-$PWD/.labelstudio-env}"
    if [ ! -x "$LABELSTUDIO_ENV/bin/label-studio" ]; then
        say "Label Studio, apart"
        python -m venv "$LABELSTUDIO_ENV"
        "$LABELSTUDIO_ENV/bin/pip" install -q -r requirements-labelstudio.txt
    fi
    if [ ! -d "$LABELSTUDIO_ENV/template" ]; then
        say "Its database"
        python -m tests.labelstudio_server
    fi
    say "Tests with Label Studio"
    exec python -m pytest -m labelstudio "${@:2}"
fi

if [ "${1:-}" = --prefect ]; then
    export PREFECT_ENV="${PREFECT_ENV:-$PWD/.prefect-env}"
    if [ ! -x "$PREFECT_ENV/bin/prefect" ]; then
        say "Prefect, apart"
        python -m venv "$PREFECT_ENV"
        "$PREFECT_ENV/bin/pip" install -q -r requirements-prefect.txt
    fi
    if [ ! -d "$PREFECT_ENV/template" ]; then
        say "Its database"
        python -m tests.prefect_stack
    fi
    say "Tests with Prefect"
    exec python -m pytest -m prefect "${@:2}"
fi

say "Style, types, arrows"
ruff check .
ruff format --check .
mypy
lint-imports

if ! missing npm; then
    say "The viewer's bundle is what its source builds"
    bash scripts/build_viewer.sh --check
fi

say "Tests"
if [ $# -gt 0 ]; then
    exec python -m pytest "$@"
fi
python -m pytest -m "not alone" -n 2 --dist loadfile # a file's tests share their servers
exec python -m pytest -m alone
