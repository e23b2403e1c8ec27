#!/usr/bin/env bash
# Installs the published clients that tests/protocols runs, in the versions of the lock files, and Chromium where it is missing. What is installed
# already is not asked for again: the mark holds the sum of the lock files.
set -euo pipefail
cd "$(dirname "$0")"
readonly venv=../../.venv-protocols

sum=$(cat node/package-lock.json python/requirements.txt | sha256sum | cut -d' ' -f1)
[ "$(cat "$venv/.installed" 2>/dev/null)" != "$sum" ] || exit 0

if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "install chromium first" >&2; exit 1; }
  apt-get update -q && apt-get install -y -q --no-install-recommends chromium
fi

(cd node && npm ci --ignore-scripts --loglevel=error --no-audit --no-fund) & node=$!
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt
wait "$node"
echo "$sum" >"$venv/.installed"
