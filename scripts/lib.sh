# Shared by run, test, bench and monkey; sourced from the repository's root with `set -euo pipefail`.
# shellcheck shell=bash disable=SC2034 # what is set here is used by those that source it

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDTERMINALLOGGER=off
export MONKEY_STATE_DIR="${MONKEY_STATE_DIR:-/var/lib/monkeycoder}"
export MONKEY_CACHE_DIR="${MONKEY_CACHE_DIR:-/var/cache/monkeycoder}"

PORT="${SANDBOX_PORT:-8001}"
LOG_DIR=artifacts/log
SERVICE=artifacts/service/monkey-sandbox
CLI=artifacts/bin/MonkeyCoder.Cli/release/monkey
AGENT=artifacts/publish/MonkeyCoder.Agent/release/monkey-agent

# What the node needs to run, and what building the agent needs to link.
NODE_PACKAGES=(ca-certificates runc btrfs-progs mmdebstrap e2fsprogs util-linux mount procps nftables)
BUILD_PACKAGES=(gcc libc6-dev zlib1g-dev)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

require_root() {
  [ "$(id -u)" = 0 ] || fail "Sandboxes need root on the host: run this again as root, e.g. with sudo."
}

require_linux() {
  [ "$(uname -s)" = Linux ] || fail "Sandboxes need Linux; this is $(uname -s)."
  [ "$(uname -m)" = x86_64 ] || fail "Only x86_64 is supported for now; this is $(uname -m)."
  local namespace
  for namespace in user pid mnt net ipc uts cgroup; do
    [ -e "/proc/self/ns/$namespace" ] || fail "This kernel has no $namespace namespaces, which every sandbox needs."
  done
}

require_sdk() {
  command -v dotnet >/dev/null || fail "The .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0 says how to install it."
  dotnet --list-sdks | grep -q '^10\.' || fail "The .NET 10 SDK is missing; this machine has only $(dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')."
}

# step TEXT COMMAND...: runs the command with its output in a log, and shows that time passes.
step() {
  local text=$1 log started pid waited=0 shown=0 status=0
  shift
  mkdir -p "$LOG_DIR"
  log="$LOG_DIR/$(tr -cs 'a-z0-9' '-' <<<"${text,,}").log"
  started=$SECONDS
  # Without the lock of builds: compiler servers outlive the build, and would keep it.
  "$@" >"$log" 2>&1 9>&- &
  pid=$!
  # A background job of a script ignores Ctrl-C by itself.
  trap 'kill "$pid" 2>/dev/null; exit 130' INT
  trap 'kill "$pid" 2>/dev/null; exit 143' TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    waited=$((SECONDS - started))
    if [ -t 2 ]; then
      [ "$waited" -lt 2 ] || printf '\r    %s … %d s ' "$text" "$waited" >&2
    elif [ "$waited" -ge 2 ] && [ $((waited % 15)) = 2 ] && [ "$shown" != "$waited" ]; then
      shown=$waited
      printf '    %s … %d s\n' "$text" "$waited" >&2
    fi
  done
  [ -t 2 ] && printf '\r\033[K' >&2
  wait "$pid" || status=$?
  trap - INT TERM
  if [ "$status" != 0 ]; then
    tail -n 30 "$log" >&2
    fail "Failed: $text. The whole output is in $log."
  fi
}

install_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "Install these packages and try again: ${missing[*]}."
  say "Installing ${missing[*]}"
  step "apt-get update" apt-get update -q
  step "apt-get install" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

hash_of() {
  find "$@" -type f -not -path '*/node_modules/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# Between these two, no other script of this clone builds.
lock_builds() {
  mkdir -p artifacts
  exec 9>artifacts/build.lock
  flock -n 9 || { say "Waiting for another build of this clone" && flock 9; }
}

unlock_builds() { exec 9>&-; }

# when_changed STAMP PATHS... -- COMMAND...: runs the command unless the files are those of the last time it succeeded.
when_changed() {
  local stamp="artifacts/stamps/$1" paths=() hash
  shift
  while [ "$1" != -- ]; do
    paths+=("$1")
    shift
  done
  shift
  hash=$(hash_of "${paths[@]}")
  [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] && return 0
  "$@"
  mkdir -p artifacts/stamps
  printf '%s\n' "$hash" >"$stamp"
}

BUILD_FILES=(Directory.Build.props Directory.Packages.props global.json .editorconfig BannedSymbols.txt)

build_release() {
  lock_builds
  if [ ! -x "$SERVICE" ] || [ ! -x "$CLI" ] || [ ! -x "$AGENT" ]; then rm -f artifacts/stamps/release; fi
  when_changed release src "${BUILD_FILES[@]}" -- build_release_now
  unlock_builds
}

build_release_now() {
  say "Building (only when sources changed; the first time takes a few minutes)"
  step "Building the sandbox service" dotnet build src/MonkeyCoder.Sandbox -c Release -v q
  step "Building the command line" dotnet build src/MonkeyCoder.Cli -c Release -v q
  step "Building the agent" dotnet publish src/MonkeyCoder.Agent -c Release -v q
  # Served from a copy: a build overwrites its files in place, under the feet of a service that runs from them.
  rm -rf "${SERVICE%/*}"
  cp -a artifacts/bin/MonkeyCoder.Sandbox/release "${SERVICE%/*}"
}

# The file with the secret of tokens, made once: whoever can read it can make tokens. The service looks at it while it runs.
ensure_secret() {
  [ -z "${SANDBOX_TOKEN_SECRET:-}" ] && [ -z "${SANDBOX_TOKEN_SECRET_FILE:-}" ] || return 0
  local file="$MONKEY_STATE_DIR/secret"
  if [ ! -s "$file" ]; then
    # Sandboxes pass through the directory on the way to their roots, so all may enter it, and none but root look.
    [ -d "$MONKEY_STATE_DIR" ] || install -d -m 0711 "$MONKEY_STATE_DIR"
    (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
    say "Made the token secret $file"
  fi
  export SANDBOX_TOKEN_SECRET_FILE="$file"
}

# True where something accepts connections on the port.
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }

# True where the service answers that it is healthy.
healthy() {
  local status
  # shellcheck disable=SC2016 # expanded by the inner shell
  status=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3 && head -n 1 <&3' "$PORT" 2>/dev/null) || return 1
  [[ $status == *" 200"* || $status == *" 204"* ]]
}

SERVICE_PID=

# Starts the service and waits until it answers; its log goes to a file.
start_service() {
  local log deadline=$((SECONDS + 60))
  mkdir -p "$LOG_DIR"
  log="$LOG_DIR/sandbox.log"
  "$SERVICE" >"$log" 2>&1 </dev/null &
  SERVICE_PID=$!
  until healthy; do
    if ! kill -0 "$SERVICE_PID" 2>/dev/null; then
      SERVICE_PID=
      tail -n 20 "$log" >&2
      fail "The sandbox service ended at its start; the reason is in the lines above, from $log."
    fi
    [ "$SECONDS" -lt "$deadline" ] || fail "The sandbox service did not answer within 60 s; see $log."
    sleep 0.1
  done
}

# Stops the service that start_service started: it removes its sandboxes and ends.
stop_service() {
  [ -n "$SERVICE_PID" ] || return 0
  local pid=$SERVICE_PID
  SERVICE_PID=
  kill -TERM "$pid" 2>/dev/null || return 0
  wait "$pid" 2>/dev/null || true
}
