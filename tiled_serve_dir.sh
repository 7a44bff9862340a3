#!/usr/bin/env bash
# Serves a folder of images with Tiled, for the page and for anybody with the key.
#
#   bash tiled_serve_dir.sh [FOLDER]     FOLDER is `data` beside this file unless given
#
# The key is DATA_TILED_API_KEY, from the environment or from .env. TILED_PORT (8000) and TILED_HOST (127.0.0.1) say
# where it listens. New files appear by themselves. Ctrl-C stops it.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
source "$root/scripts/tiled_env.sh"

folder="${1:-$root/data}"
[ -d "$folder" ] || fail "The folder $folder does not exist. Make it, or run: python3 utils/download_sample_data.py"
key="$(need_key DATA_TILED_API_KEY)"

export SERVED_FOLDER="$(cd "$folder" && pwd)"
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
export TILED_SINGLE_USER_API_KEY="$key"
exec "$(find_tiled)" serve config "$root/utils/served/tiled_folder.yml" \
    --host "${TILED_HOST:-127.0.0.1}" --port "${TILED_PORT:-8000}"
