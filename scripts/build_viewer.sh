#!/usr/bin/env bash
# Build components/slice_viewer/bundle.js from its TypeScript: types, tests, bundle. Needs Node 20 and npm; users need neither.
# With --check the committed bundle stays as it is, and the script fails when a fresh one differs.
set -euo pipefail
cd "$(dirname "$0")/../components/slice_viewer"

npm ci --no-audit --no-fund --loglevel=error
npm run --silent typecheck
npm run --silent test

if [[ "${1:-}" == "--check" ]]; then
    fresh=$(mktemp)
    trap 'rm -f "$fresh"' EXIT
    node build.mjs "$fresh"
    cmp "$fresh" bundle.js || {
        echo "components/slice_viewer/bundle.js is out of date. Run: bash scripts/build_viewer.sh" >&2
        exit 1
    }
else
    node build.mjs
fi
