# Sourced by start.sh and test.sh: the virtual environment, its packages, and what they need of the system.

missing() { ! command -v "$1" >/dev/null 2>&1; }

debian_package() { # debian_package PACKAGE SENTENCE: install it as root on Debian, else say the sentence
    if [ "$(id -u)" != 0 ] || [ ! -f /etc/debian_version ]; then
        echo "$2" >&2
        return 0
    fi
    echo "Installing Debian's $1"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}

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

# Install a requirements file, unless the files are as they were the last time. Each includes requirements.txt.
install_requirements() {
    activate_environment
    [ "$(cat ".venv/installed-$1" 2>/dev/null)" = "$(fingerprint "$1")" ] && return
    pip install --quiet --disable-pip-version-check -r "$1"
    python -c "import lightgbm" 2>/dev/null || debian_package libgomp1 \
        "LightGBM finds no OpenMP: training a pixel classifier will fail. On Debian: apt-get install libgomp1"
    local file
    for file in requirements.txt "$1"; do
        fingerprint "$file" >".venv/installed-$file"
    done
}

fingerprint() { cat requirements.txt "$1" | sha256sum; }
