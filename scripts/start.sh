#!/usr/bin/env bash
# Set everything up and open the app: on sample data, or on a folder of your own images.
#
#   bash scripts/start.sh [FOLDER]
#
# Ctrl-C stops all that it started. Labels, models, results and logs stay in STATE_DIR (.state). The ports are PORT
# (8075) for the page, IMAGES_PORT (8000) and RESULTS_PORT (8001) for the two Tiled servers. Other settings: .env.example.
set -euo pipefail

began="$PWD"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"
source scripts/tiled_env.sh
source scripts/environment.sh

say() { printf '== %s\n' "$*"; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
pids=()

need_free() { # need_free PORT SETTING
    ! answers "$1" || fail "Port $1 is taken. Stop what listens there, or choose another: $2=<port> bash scripts/start.sh"
}

start() { # start NAME PORT COMMAND...: run in the background, wait until it listens
    local name="$1" port="$2"
    shift 2
    "$@" >"$logs/$name.log" 2>&1 &
    pids+=("$!")
    until answers "$port"; do
        kill -0 "${pids[-1]}" 2>/dev/null || {
            tail -n 20 "$logs/$name.log" >&2
            fail "The $name server did not start. Its log is above, and in $logs/$name.log"
        }
        sleep 0.2
    done
}

stop() { # the newest first: jobs need the app, the app needs the servers
    trap - EXIT INT TERM
    ((${#pids[@]})) || return 0
    say "Stopping"
    python -m scripts.stop_jobs || true
    local at
    for ((at = ${#pids[@]} - 1; at >= 0; at--)); do
        kill "${pids[at]}" 2>/dev/null || true
        wait "${pids[at]}" 2>/dev/null || true
    done
    for at in {1..50}; do # a worker may outlive its master by a moment
        answers "$PORT" || break
        sleep 0.1
    done
}

folder="data"
if [ $# -gt 0 ]; then
    folder="$(cd "$began" && cd "$1" 2>/dev/null && pwd)" || fail "The folder $1 does not exist."
fi
export PORT="${PORT:-8075}"
images_port="${IMAGES_PORT:-8000}" results_port="${RESULTS_PORT:-8001}"
need_free "$PORT" PORT
need_free "$images_port" IMAGES_PORT
need_free "$results_port" RESULTS_PORT

say "Python packages (the first time takes minutes)"
install_requirements requirements.txt

export STATE_DIR="${STATE_DIR:-.state}"
logs="$STATE_DIR/logs"
mkdir -p "$logs"
[ -s "$STATE_DIR/key" ] || (umask 077 && python -c "import secrets; print(secrets.token_hex(32))" >"$STATE_DIR/key")
key="$(cat "$STATE_DIR/key")"
export DATA_TILED_API_KEY="$key" MASK_TILED_API_KEY="$key" SEG_TILED_API_KEY="$key"
export DATA_TILED_URI="http://127.0.0.1:$images_port/"
export MASK_TILED_URI="http://127.0.0.1:$results_port/" SEG_TILED_URI="http://127.0.0.1:$results_port/"
export HOST=127.0.0.1
[ -n "${USER_NAME:-}" ] || export DASH_DEPLOYMENT_LOC=Local # nobody but this machine can reach it

if [ $# -eq 0 ]; then
    say "Sample data in data/"
    python utils/download_sample_data.py
fi

trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
say "Tiled serves $folder"
start images "$images_port" env TILED_PORT="$images_port" TILED_HOST=127.0.0.1 bash tiled_serve_dir.sh "$folder"
say "Tiled keeps masks and results in $STATE_DIR/tiled"
start results "$results_port" env TILED_PORT="$results_port" TILED_HOST=127.0.0.1 bash scripts/serve_results.sh
say "Algorithms in the MLflow registry"
python -m scripts.save_mlflow_algorithm
say "The app"
start app "$PORT" python app.py
say "Open http://127.0.0.1:$PORT/  (Ctrl-C stops everything)"
wait "${pids[-1]}"
