#!/usr/bin/env bash
# Checks the stage's played key with a client that is not ours: python-fido2. Not part of CI: its
# packages are pinned for CPython 3.11 on x86-64 Linux. Installs all into a temporary folder.
# STAGE_KEY names a built stage-key; without it one is built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

if [ -z "${STAGE_KEY:-}" ]; then
  (cd "$root" && cargo build --quiet --package placet-stage --bin stage-key)
  STAGE_KEY="${CARGO_TARGET_DIR:-$root/target}/debug/stage-key"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$here/key-requirements.txt"
"$work/venv/bin/python" "$here/key.py" "$STAGE_KEY"
