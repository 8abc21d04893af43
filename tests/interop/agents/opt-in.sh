#!/usr/bin/env bash
# Runs real coding agents (Codex, Gemini CLI, OpenCode) against a scripted model on this machine, kept
# by `placet hook`. Opt-in: AGENTS names a folder with the packages of package.json installed (about a
# gigabyte: `npm install --ignore-scripts` beside that file in a folder of your own). An agent that is
# not there is skipped. PLACET names a built `placet`; without it one is built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
if [ -z "${AGENTS:-}" ]; then
  echo "agents: AGENTS names no folder with coding agents, so none was run"
  exit 0
fi
if [ -z "${PLACET:-}" ]; then
  (cd "$root" && cargo build --quiet --package placet-cli)
  PLACET="${CARGO_TARGET_DIR:-$root/target}/debug/placet"
fi
export AGENTS PLACET
exec node --test --test-reporter=tap --test-timeout=1200000 --test-concurrency=1 "$here/agents.mjs"
