# Sourced by start.sh and test.sh: the virtual environment and its packages.

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed and was not found. Install it and run this again." >&2
    return 1
}

activate_environment() {
    if [ ! -x .venv/bin/python ]; then
        local python
        python="$(find_python)" || exit 1
        "$python" -m venv .venv || {
            echo "Python cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2
            exit 1
        }
    fi
    source .venv/bin/activate
}

# Install a requirements file, unless the files are as they were the last time.
install_requirements() {
    activate_environment
    local stamp=".venv/installed-$1" now
    now="$(cat requirements.txt "$1" | sha256sum)"
    [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return
    pip install --quiet --disable-pip-version-check -r "$1"
    echo "$now" >"$stamp"
}
