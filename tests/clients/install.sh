#!/usr/bin/env bash
# Installs the published clients that tests/clients runs, in the versions of the lock files: of npm, PyPI, the Go proxy and Maven Central. What is
# installed already is not asked for again: the mark holds the sum of the lock files.
set -euo pipefail
cd "$(dirname "$0")"
readonly venv=../../.venv-clients

sum=$(cat node/package-lock.json python/requirements.txt go/go.sum java/pom.xml | sha256sum | cut -d' ' -f1)
[ "$(cat "$venv/.installed" 2>/dev/null)" != "$sum" ] || exit 0

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v mvn >/dev/null || missing+=(maven default-jdk-headless)
if [ ${#missing[@]} != 0 ]; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "install ${missing[*]} first" >&2; exit 1; }
  apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

(cd node && npm ci --ignore-scripts --loglevel=error) & node=$!
(cd go && go mod download) & go=$!
python3 -m venv "$venv"
(cd java && mvn -q -B dependency:copy-dependencies -DoutputDirectory="../$venv/java") & java=$!
"$venv/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt
wait "$node"
wait "$go"
wait "$java"
echo "$sum" >"$venv/.installed"
