#!/usr/bin/env bash
# Runs the tests with other versions of Node, from the npm package `node`: 22 and 24, or those that are named.
#
#     npm run test:node-versions -- 22
set -euo pipefail
cd "$(dirname "$0")/.."

versions=("$@")
if [ "${#versions[@]}" -eq 0 ]; then versions=(22 24); fi

npm run --silent build
status=0
for version in "${versions[@]}"; do
  # npx puts that version first into PATH; tap and its workers then run with it.
  npx --yes --package="node@$version" -- bash -c 'echo "Node $(node --version)" && exec node_modules/.bin/tap' || status=1
done
exit "$status"
