# The functions that fault scenarios are written with, against a node of the scenario's own. Sourced after node.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # SERVICE, PORT, SECRET and more come from the test; the scenarios use what is set here
SVC_PID=
OLD_SBX=
DATA_DIR=$STATE
declare -A SETTINGS=()

# --- the service -----------------------------------------------------------------------------------------------------

svc_start() {
  local name
  local -a prefix=() environment=(MONKEY_STATE_DIR="$STATE" SANDBOX_PORT="$PORT" SANDBOX_TOKEN_SECRET_FILE="$STATE/secret" Engine__PoolSize=0)
  [ -n "${PREFIX:-}" ] && read -r -a prefix <<<"$PREFIX"
  for name in "${!SETTINGS[@]}"; do environment+=("$name=${SETTINGS[$name]}"); done
  # Whoever ends the scenario by force ends its service too.
  env "${environment[@]}" "${prefix[@]}" setpriv --pdeathsig KILL "$SERVICE" >>"$WORK/service.log" 2>&1 </dev/null &
  SVC_PID=$!
  within 60 alive || { echo "the service did not start" >&2; tail -n 5 "$WORK/service.log" >&2; return 1; }
}

# Where it was told to stop in order, only an exit code of 0 counts as an end.
svc_exited() {
  kill -0 "$SVC_PID" 2>/dev/null && return 1
  [ "$CASE" != FLT-033 ] || wait "$SVC_PID"
}

svc_stop() {
  kill -TERM "$SVC_PID" 2>/dev/null
  within 60 svc_exited
}

svc_restart() {
  svc_stop
  PREFIX=
  SETTINGS=()
  svc_start
}

# svc_restart_with faketime +1d | memlimit 300M | nofile 256 | ip_pool 4
svc_restart_with() {
  case "$1" in
    # The clock of the running service jumps; its lives are what must not.
    faketime) printf '%s\n' "$2" >"$WORK/clock"; return ;;
    memlimit)
      mkdir -p "/sys/fs/cgroup/memory/corpus-$INSTANCE"
      echo "$2" >"/sys/fs/cgroup/memory/corpus-$INSTANCE/memory.limit_in_bytes"
      svc_stop
      PREFIX="$TOOLS/bin/in-memory-group corpus-$INSTANCE"
      # The limit is the service's alone; sandboxes have memory of their own, which it cannot see from in there.
      SETTINGS[Admission__ReservedMemoryMb]=0 SETTINGS[Admission__MemoryOvercommit]=100
      ;;
    nofile) svc_stop; PREFIX="prlimit --nofile=$2:$2" ;;
    # No addresses are handed out here: what sandboxes take one each of are places on the node.
    ip_pool) svc_stop; SETTINGS[Sandboxes__MaxSandboxes]=$2 ;;
    *) echo "no such fault: $1" >&2; return 1 ;;
  esac
  svc_start
}

svc_second_instance() {
  exec env MONKEY_STATE_DIR="$STATE" SANDBOX_PORT=0 SANDBOX_TOKEN_SECRET_FILE="$STATE/secret" "$SERVICE" >"$WORK/second.log" 2>&1 </dev/null
}

svc_fds() { find "/proc/$SVC_PID/fd" -mindepth 1 2>/dev/null | wc -l; }
svc_rss() { awk '/^VmRSS/ { print $2 }' "/proc/$SVC_PID/status"; }

# --- sandboxes -------------------------------------------------------------------------------------------------------

# mk N [timeout=SECONDS]: ids on stdout.
mk() {
  local count=$1 timeout=300 word
  shift
  for word in "$@"; do case "$word" in timeout=*) timeout=${word#*=} ;; esac; done
  for _ in $(command seq "$count"); do sbx create "{\"templateID\":\"base\",\"timeout\":$timeout,\"secure\":true}"; done
}
mk_async() { (TMO=20 mk 1 >/dev/null 2>&1 &) ; }
# The status of one create; what it makes is deleted again.
mk_code() {
  local answer id
  answer=$(curl -gsS -m "${TMO:-60}" -w '\n%{http_code}' -X POST -H "X-API-Key: $KEY_A" -H 'Content-Type: application/json' \
    -d '{"templateID":"base","timeout":60}' "$API/sandboxes" 2>/dev/null)
  id=$(grep -o '"sandboxID":"[^"]*"' <<<"$answer" | cut -d'"' -f4)
  [ -n "$id" ] && del "$id"
  tail -n 1 <<<"$answer"
}
create_ok() { is2 "$(mk_code)"; }
first() { echo "$1"; }
del() { c -X DELETE -H "X-API-Key: $KEY_A" "$API/sandboxes/$1" >/dev/null; }
list() { j -H "X-API-Key: $KEY_A" "$API/sandboxes" | grep -o '"sandboxID":"[^"]*"' | cut -d'"' -f4; }
list_state() { j -H "X-API-Key: $KEY_A" "$API/v2/sandboxes?limit=100" | grep -o "\"state\":\"$1\""; }
count_running() { list | wc -l; }
listed() { [ "$(c -H "X-API-Key: $KEY_A" "$API/sandboxes/$1")" = 200 ]; }
# Asked for it is not found, it is in no list, and a command in it is refused with a sentence.
reported_dead() {
  [ "$(c -H "X-API-Key: $KEY_A" "$API/sandboxes/$1")" = 404 ] && ! list | grep -qx "$1" &&
    TMO=10 sbx exec "$1" true 2>&1 | grep -q 'The sandbox was not found'
}
gone() { reported_dead "$1" && ! left | grep -q "$1"; }
none_running() { [ -z "$(list)" ]; }
usable() { TMO=10 sbx_exec "$1" 'echo usable' 2>/dev/null | grep -qx usable; }
usable_or_reported_dead() { usable "$1" || reported_dead "$1"; }
all_listed_or_reported() {
  local id
  for id in "$@"; do usable_or_reported_dead "$id" || return 1; done
}
true_when() { eval "$1"; }
extend_code() { c -X POST -H "X-API-Key: $KEY_A" -H 'Content-Type: application/json' -d "{\"timeout\":$2}" "$API/sandboxes/$1/timeout"; }

# --- what runs in them -----------------------------------------------------------------------------------------------

stream_exec() { exec python3 "$TOOLS/sbx.py" stream "$1" "$2" >>"$WORK/streams" 2>&1; }
run_code() { sbx code "$1" "$2" 2>&1; }
run_code_bg() { exec python3 "$TOOLS/sbx.py" code "$1" "$2" >>"$WORK/streams" 2>&1; }
# wait_fail PID SECONDS: whether it ends in that time, and not well.
wait_fail() {
  ended() { ! kill -0 "$1" 2>/dev/null; }
  within "$2" ended "$1" || return 1
  ! wait "$1"
}
mk_stdio() {
  local id kind=exec
  id=$(mk 1)
  case "$1" in pipe) kind=stdin ;; pty) kind=pty ;; esac
  TMO=10 sbx "$kind" "$id" 'chmod 666 /dev/null /dev/zero /dev/tty; ls -l /dev/null /dev/zero; exit 0' >/dev/null 2>&1
}
flood_outputs() {
  local id
  for id in $(mk "$1"); do
    (TMO=60 sbx_exec "$id" "head -c $2 /dev/zero" >/dev/null 2>&1 &)
  done
}

# --- clients ---------------------------------------------------------------------------------------------------------

herd_create() {
  rm -f "$WORK"/herd.*
  for _ in $(command seq "$1"); do
    (c -X POST -H "X-API-Key: $KEY_A" -H 'Content-Type: application/json' -d '{"templateID":"base","timeout":300}' "$API/sandboxes" >>"$WORK/herd.$BASHPID") &
    HERD+=("$!")
  done
}
settled() {
  local client
  for client in "${HERD[@]}"; do kill -0 "$client" 2>/dev/null && return 1; done
  return 0
}
no_5xx_other_than() { ! cat "$WORK"/herd.* | fold -w 3 | grep '^5' | grep -vqx "$1"; }
herd_requests() {
  local -a herd=()
  for _ in $(command seq "$1"); do
    (exec 3<>"/dev/tcp/$APIHOST/$APIPORT" && printf 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n' >&3 && sleep 5) 2>/dev/null &
    herd+=("$!")
  done
  wait "${herd[@]}"
}

# Clients in a network of their own, from which nothing comes any more.
client_network() {
  ip netns add "corpus-$INSTANCE"
  ip link add "cor$INSTANCE" type veth peer name client netns "corpus-$INSTANCE"
  ip addr add 198.18.77.1/30 dev "cor$INSTANCE"
  ip link set "cor$INSTANCE" up
  ip -n "corpus-$INSTANCE" addr add 198.18.77.2/30 dev client
  ip -n "corpus-$INSTANCE" link set client up
}
# Half of the clients listen to silence, half to a sandbox that speaks: its words are under way when the client vanishes.
half_open_stream() {
  local command='sleep 1000'
  [ $((k % 2)) = 0 ] || command='while echo tick; do sleep 1; done'
  exec nsenter "--net=/run/netns/corpus-$INSTANCE" python3 -c '
import os, sys; sys.path.insert(0, os.environ["TOOLS"]); os.environ["APIHOST"] = "198.18.77.1"
import sbx; sbx.execute(sys.argv[1], sys.argv[2], timeout=600)' "$1" "$command" >/dev/null 2>&1
}
drop_client_packets() {
  within 60 clients_connected || echo "BREACH the clients did not connect"
  ip netns exec "corpus-$INSTANCE" nft -f - <<<'table inet cut { chain in { type filter hook input priority 0; policy drop; }; chain out { type filter hook output priority 0; policy drop; }; }'
}
clients_connected() { [ "$(svc_fds)" -ge "$((f0 + 95))" ]; }
clients_gone() { [ "$(svc_fds)" -le "$((f0 + 10))" ]; }
# Only then may the clients end: their farewells must not be what the service notices.
undrop() { :; }

# --- tokens ----------------------------------------------------------------------------------------------------------

claims() { printf '{"sub":"scenario","tenant":"%s","scopes":["sandboxes"],"iat":%d,"exp":%d}' "$TENANT_A" "$(($(date +%s) + $1))" "$(($(date +%s) + $2))"; }
token() { SANDBOX_TOKEN_SECRET=$SECRET mint "$(claims 0 600)"; }
# One that held until the service's clock jumped a day ahead.
old_token() { echo "$OLD_TOKEN"; }
secret() {
  MONKEY_STATE_DIR=$STATE "$CLI" secret "$1" >/dev/null || echo "BREACH monkey secret $1"
  SECRET=$(head -n 1 "$STATE/secret")
}
rotate_key() { secret rotate; }
retire_old_key() { secret retire; }

# --- the host --------------------------------------------------------------------------------------------------------

fill_disk() {
  fallocate -l "$(($(stat -f -c '%a * %S' "$1")))" "$1/ballast" 2>/dev/null || true
  dd if=/dev/zero of="$1/ballast2" bs=64k 2>/dev/null || true
}
free_disk() { rm -f "$DATA_DIR/ballast" "$DATA_DIR/ballast2"; }
oom_victims() { dmesg 2>/dev/null | tail -n 200 | grep -o 'Killed process [0-9]* ([^)]*)'; }

plant_orphans() {
  svc_start
  mk 3 >"$WORK/orphans"
  kill -9 "$SVC_PID"
  within 10 svc_exited
  left | grep -q '^process' || echo "no orphans to find" >&2
}
orphans_gone() { ! left | grep -q '^process\|^cgroup\|^record\|^uids\|^run'; }
plant_foreign() {
  FOREIGN=(/sys/fs/cgroup/memory/process_api-corpus /sys/fs/cgroup/memory/runsc-corpus /sys/fs/cgroup/memory/monkeycoder-corpus)
  mkdir -p "${FOREIGN[@]}" "$WORK/foreign/sandboxes"
  mount -t tmpfs foreign "$WORK/foreign"
  sleep 1000 &
  FOREIGN_PID=$!
  disown
  echo "$FOREIGN_PID" >/sys/fs/cgroup/memory/runsc-corpus/cgroup.procs
  printf '/elsewhere\nifffffffffffffffffff\n' >"$RUN/uid-slots/corpus-$INSTANCE"
}
foreign_intact() {
  local group intact=0
  for group in "${FOREIGN[@]}"; do [ -d "$group" ] || intact=1; done
  grep -qs "$FOREIGN_PID" /sys/fs/cgroup/memory/runsc-corpus/cgroup.procs || intact=1
  mountpoint -q "$WORK/foreign" || intact=1
  [ -e "$RUN/uid-slots/corpus-$INSTANCE" ] || intact=1
  return $intact
}

# What a reboot leaves: what is on disk. Processes, mounts, loop devices, control groups and /run are gone, and not in order.
simulate_reboot() {
  local point device group
  kill -9 "$SVC_PID"
  within 10 svc_exited
  for group in /sys/fs/cgroup/*/monkeycoder/"$INSTANCE"/*/ /sys/fs/cgroup/monkeycoder/"$INSTANCE"/*/; do
    [ -d "$group" ] || continue
    within 10 empty_group "$group"
    within 10 rmdir "$group"
  done
  for point in $(awk -v state="$STATE/" 'index($5, state) == 1 { print $5 }' /proc/self/mountinfo | tac); do umount -l "$point"; done
  rm -rf "${RUN:?}/$INSTANCE"
  for group in $(grep -lsx "$STATE" "$RUN"/uid-slots/*); do rm -f "$group"; done
} 2>/dev/null
empty_group() {
  local pids
  pids=$(cat "$1/cgroup.procs")
  [ -z "$pids" ] && return
  kill -9 $pids
  return 1
}
# What tenants have on a node that outlives its sandboxes are their keys.
vol_write_canary() { MONKEY_STATE_DIR=$STATE "$CLI" keys create --name canary --tenant "$TENANT_A"; }
vol_canary_intact() { is2 "$(c -H "X-API-Key: $1" "$API/v2/sandboxes")"; }

# runtime_stub MODE: what the OCI runtime does from now on; see bin/runtime.
runtime_stub() { echo "$1" >"$WORK/runtime-mode"; }

pause() {
  local status
  status=$(c -X POST -H "X-API-Key: $KEY_A" "$API/sandboxes/$1/pause")
  [ "$status" = 204 ] || echo "BREACH pausing answered $status"
  [ "$(cat "$(freezer_of "$1")")" = FROZEN ] || echo "BREACH the paused sandbox is not frozen"
}
# It is frozen already; this is how somebody else would do it.
freeze_cgroup() { echo FROZEN >"$(freezer_of "$1")"; }
freezer_of() { echo "/sys/fs/cgroup/freezer/monkeycoder/$INSTANCE/$1/freezer.state"; }
hold_open_file() {
  local pid
  pid=$(agent_pid "$1")
  sleep 1000 <"/proc/$pid/root/home/user" &
  HOLDER=$!
  (cd "/proc/$pid/root/home/user" && exec sleep 1000) &
  HOLDER="$HOLDER $!"
}
release_held() {
  [ -n "${HOLDER:-}" ] || return 0
  kill $HOLDER
  wait $HOLDER
  HOLDER=
} 2>/dev/null

# --- before and after ------------------------------------------------------------------------------------------------

scenario_begin() {
  mkdir -p "$WORK"
  (umask 077 && printf '%s\n' "$SECRET" >"$STATE/secret")
  trap scenario_end EXIT
  case "$CASE" in
    FLT-015)
      printf '+0\n' >"$WORK/clock"
      SETTINGS=([LD_PRELOAD]=$CLOCK_LIBRARY [FAKETIME_TIMESTAMP_FILE]=$WORK/clock [FAKETIME_NO_CACHE]=1 [FAKETIME_DONT_FAKE_MONOTONIC]=1)
      ;;
    FLT-021)
      client_network
      SETTINGS=([Hosting__Host]=0.0.0.0)
      # No longer than it takes.
      sleep() { if [ "$1" = 120 ]; then within 120 clients_gone; else command sleep "$1"; fi; }
      ;;
    # The client must outwait the service, so that it is the service's word that ends the call.
    FLT-009) TMO=60 && export TMO ;;
    FLT-022) SETTINGS=([Sandboxes__MaxSandboxes]=$MAX_SANDBOXES) ;;
    FLT-027)
      runtime_stub off
      # The service hands no environment on to its runtime.
      printf '#!/bin/bash\nexport RUNTIME_MODE_FILE=%q\nexec %q "$@"\n' "$WORK/runtime-mode" "$TOOLS/bin/runtime" >"$WORK/runtime"
      chmod +x "$WORK/runtime"
      SETTINGS=([Engine__Launcher]=runc [Engine__RuntimePath]=$WORK/runtime [Engine__LaunchTimeout]=00:00:10)
      ;;
  esac
  [ "$CASE" = FLT-025 ] || svc_start || exit 1
  case "$CASE" in FLT-010 | FLT-021) OLD_SBX=$(mk 1) ;; esac
  if [ "$CASE" = FLT-015 ]; then
    OLD_TOKEN=$(token)
    is2 "$(c -H "Authorization: Bearer $OLD_TOKEN" "$API/sandboxes")" || exit 1
  fi
}

# shares N: runs the scenario that the function attempt has N times at once, each with a share of its rounds.
shares() {
  local share
  local -a running=()
  for share in $(command seq "$1"); do
    attempt >"$WORK/share.$share" &
    running+=("$!")
  done
  wait "${running[@]}"
  cat "$WORK"/share.*
  [ "$(grep -lx HELD "$WORK"/share.* | wc -l)" = "$1" ] || echo "BREACH a share came to no verdict"
}

# Whatever the scenario left behind that is not the node's to remove, and the node itself.
scenario_end() {
  local job
  trap - EXIT
  release_held
  free_disk
  [ -n "${FOREIGN_PID:-}" ] && kill -9 "$FOREIGN_PID"
  rm -f "$RUN/uid-slots/corpus-$INSTANCE"
  mountpoint -q "$WORK/foreign" && umount "$WORK/foreign"
  [ -e "/run/netns/corpus-$INSTANCE" ] && ip netns del "corpus-$INSTANCE"
  ip link del "cor$INSTANCE" 2>/dev/null
  for job in $(jobs -p); do [ "$job" = "$SVC_PID" ] || kill "$job"; done
  if svc_exited; then
    # A scenario may end with its service killed: the next start removes what is left.
    PREFIX= SETTINGS=()
    svc_start
  fi
  svc_stop
  within 10 rmdir_all "${FOREIGN[@]}" "/sys/fs/cgroup/memory/corpus-$INSTANCE"
} 2>/dev/null
rmdir_all() {
  local group
  for group in "$@"; do [ ! -d "$group" ] || rmdir "$group" || return 1; done
}
