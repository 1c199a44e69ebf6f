#!/bin/bash
# run-cases.sh DIRECTORY AT_ONCE: runs every case of a directory, ID.sh by bash and ID.py by python3, and leaves what it printed in ID.out.
set -euo pipefail
cd "$1"
run() {
  case "$1" in *.py) interpreter=python3 ;; *) interpreter=bash ;; esac
  # By the text and not the file, as in a sandbox; what it prints is judged, however it ends.
  timeout "${CASE_TIMEOUT:-90}" "$interpreter" -c "$(cat "$1")" >"${1%.*}.out" 2>"${1%.*}.err" </dev/null || true
}
export -f run
printf '%s\n' *.sh *.py | grep -v '^\*' | xargs -P "$2" -I{} bash -c 'run {}'
