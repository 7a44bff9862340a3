#!/usr/bin/env bash
# Serves a writable Tiled catalogue for painted masks and predicted results: the place MASK_TILED_URI and SEG_TILED_URI
# name when nothing else is set up.
#
#   bash scripts/serve_results.sh
#
# Files and catalogue live in STATE_DIR/tiled (.state/tiled). The key is MASK_TILED_API_KEY, else SEG_TILED_API_KEY, else
# DATA_TILED_API_KEY, from the environment or from .env. TILED_PORT (8001) and TILED_HOST (127.0.0.1) say where it
# listens. It is a process of its own so that the server of the images can never write.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
source "$root/scripts/tiled_env.sh"

key="$(need_key MASK_TILED_API_KEY SEG_TILED_API_KEY DATA_TILED_API_KEY)"
tiled="$(find_tiled)"
state="${STATE_DIR:-$root/.state}"
mkdir -p "$state/tiled/files"
state="$(cd "$state/tiled" && pwd)"

export TILED_SINGLE_USER_API_KEY="$key"
exec "$tiled" serve catalog "$state/catalog.db" --init --write "$state/files" \
    --host "${TILED_HOST:-127.0.0.1}" --port "${TILED_PORT:-8001}"
