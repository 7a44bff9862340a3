#!/usr/bin/env bash
# Install what the tests need and run them: style, types, arrows between rooms, the viewer's bundle, pytest.
# Arguments go to pytest: bash scripts/test.sh -k labels
# bash scripts/test.sh --labelstudio runs only the tests against a real Label Studio, and installs it apart (docs/label-studio.md),
# bash scripts/test.sh --prefect those against a real Prefect with its workers (docs/prefect.md).
set -euo pipefail
cd "$(dirname "$0")/.."

FEW=5 # tests that may fail beside others if they pass by themselves

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

# tested [pytest's arguments]: run tests; the few that fail are tried once more by themselves (docs/adr/0016-a-failed-test-is-tried-by-itself.md).
tested() {
    local outcome=0 failed
    python -m pytest --cache-clear "$@" || outcome=$?
    [ "$outcome" -gt 0 ] || return 0
    failed="$(python -c 'import json; print(len(json.load(open(".pytest_cache/v/cache/lastfailed"))))')"
    if [ "$outcome" -ne 1 ] || [ "$failed" -gt "$FEW" ]; then
        exit "$outcome"
    fi
    say "Failed: $failed, once more by themselves"
    python -m pytest --last-failed --last-failed-no-failures none
}

# apart NAME MARK FOLDER PROGRAM MODULE [pytest's arguments]: the tests of a mark, against a program in an environment of its own.
apart() {
    if [ ! -x "$3/bin/$4" ]; then
        say "$1, apart"
        python -m venv "$3"
        "$3/bin/pip" install -q -r "requirements-$2.txt"
    fi
    if [ ! -d "$3/template" ]; then
        say "Its database"
        python -m "$5"
    fi
    say "Tests with $1"
    tested -m "$2" "${@:6}"
    exit
}

case "${1:-}" in
--labelstudio)
    export LABELSTUDIO_ENV="${LABELSTUDIO_ENV:-$PWD/.labelstudio-env}"
    apart "Label Studio" labelstudio "$LABELSTUDIO_ENV" label-studio tests.labelstudio_server "${@:2}"
    ;;
--prefect)
    export PREFECT_ENV="${PREFECT_ENV:-$PWD/.prefect-env}"
    apart Prefect prefect "$PREFECT_ENV" prefect tests.prefect_stack "${@:2}"
    ;;
esac

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
tested -m "not alone" -n 2 --dist loadfile # a file's tests share their servers
tested -m alone
