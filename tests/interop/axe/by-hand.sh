#!/usr/bin/env bash
# Runs Deque's axe (MPL-2.0, used as it comes, part of nothing that is shipped) over each page of the
# book, in light and dark. Not part of CI: it wants the desktop tests' packages. Installs axe into a
# temporary folder and removes it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/{package.json,package-lock.json,.npmrc} "$work"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --silent)
export PLACET_AXE="$work/node_modules/axe-core/axe.min.js"
cd "$root"
cargo build --quiet --workspace --bins --tests
cargo test --quiet --workspace --test desktop_book_access h20_axe -- --test-threads=1
