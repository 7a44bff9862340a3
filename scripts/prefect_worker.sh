#!/usr/bin/env bash
# A worker of the Prefect server at PREFECT_API_URL. It makes the work pool and deploys our flows, then does one flow run at a time until it is stopped (docs/prefect.md).
#
#   PREFECT_API_URL=http://127.0.0.1:4200/api bash scripts/prefect_worker.sh [arguments of `prefect worker start`]
#
# Prefect is that of .prefect-env, or the one on PATH. The work itself is done in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
export PROJECT="$PWD" PATH="$PWD/.prefect-env/bin:$PATH"
POOL=segmentation

has_pool() { prefect work-pool inspect "$POOL" >/dev/null 2>&1; }

if [ -z "${PREFECT_API_URL:-}" ]; then
    echo "PREFECT_API_URL is not set. Give the address of the server, which ends with /api." >&2
    exit 2
fi
has_pool || prefect work-pool create "$POOL" --type process || has_pool # another worker may have been quicker
prefect --no-prompt deploy --all --prefect-file docs/prefect/process.yaml
exec prefect worker start --pool "$POOL" --limit 1 "$@"
