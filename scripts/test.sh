#!/usr/bin/env bash
# Install what the tests need and run them: style, types, arrows between rooms, the viewer's bundle, pytest.
# Arguments go to pytest: bash scripts/test.sh -k labels
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
missing() { ! command -v "$1" >/dev/null 2>&1; }
on_debian_as_root() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; }

debian_package() { # debian_package PACKAGE COMMAND SENTENCE
    missing "$2" || return 0
    if ! on_debian_as_root; then
        echo "$3" >&2
        return 0
    fi
    say "Installing Debian's $1"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

say "Python packages"
source scripts/environment.sh
install_requirements requirements-dev.txt

missing google-chrome && debian_package chromium chromium \
    "No Chromium found: the browser tests will fail. Install Chromium or Chrome and put it on PATH."
[ -d /usr/lib/postgresql ] || debian_package postgresql initdb \
    "No PostgreSQL found: its tests are skipped. Install PostgreSQL 15 or newer to run them."

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
exec python -m pytest "$@"
