#!/usr/bin/env bash
# Fetches what tests/websites needs: its npm packages, and nginx as Debian packs it, which is unpacked and not installed.
set -euo pipefail
cd "$(dirname "$0")/node"
npm ci --ignore-scripts --loglevel=error
if command -v apt-get >/dev/null && [ ! -x nginx/usr/sbin/nginx ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 755 "$folder"
  (cd "$folder" && { apt-get download -q nginx || { apt-get update -q && apt-get download -q nginx; }; })
  mkdir -p nginx && dpkg -x "$folder"/nginx_*.deb nginx
fi
