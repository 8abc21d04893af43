#!/usr/bin/env bash
# Checks the stage's authorization server with clients that are not ours: oauth4webapi and pyotp; and
# the vectors of action-bound challenges with another JCS: rfc8785. Installs all into a
# temporary folder and removes it; prints the summary of node's test runner.
# STAGE_AS names a built stage-as; without it one is built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

if [ -z "${STAGE_AS:-}" ]; then
  (cd "$root" && cargo build --quiet --package placet-stage --bin stage-as)
  STAGE_AS="${CARGO_TARGET_DIR:-$root/target}/debug/stage-as"
fi
[ -x "$STAGE_AS" ] || { echo "run.sh: $STAGE_AS is not there" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/{package.json,package-lock.json,.npmrc,requirements.txt,codes.py,approval-vectors.py,approval-vectors.json,stage.mjs,stage.test.mjs} "$work"
cd "$work"

npm ci --ignore-scripts --no-audit --no-fund --silent
python3 -m venv venv || { echo "run.sh: python3 with its venv module is needed (Debian: python3-venv)" >&2; exit 1; }
venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
# The vectors that the tests read are still what the other implementation makes.
venv/bin/python approval-vectors.py --check

# Not `exec`: the trap has to run.
STAGE_AS=$STAGE_AS PYTHON="$work/venv/bin/python" node --test --test-reporter=tap --test-timeout=50000
