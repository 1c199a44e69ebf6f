#!/usr/bin/env bash
# The command line, built first where its sources changed.
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")
program=$root/artifacts/bin/MonkeyCoder.Cli/release/monkey

if command -v dotnet >/dev/null && [ -w "$root" ]; then (
  cd "$root"
  # shellcheck source=scripts/lib.sh
  . scripts/lib.sh
  lock_builds
  [ -x "$program" ] || rm -f artifacts/stamps/cli
  when_changed cli src "${BUILD_FILES[@]}" -- step "Building the command line" dotnet build src/MonkeyCoder.Cli -c Release -v q
); fi

exec "$program" "$@"
