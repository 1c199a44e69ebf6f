# What scenarios share: looking at a node from its host. Sourced after http_prelude.sh.
# shellcheck shell=bash disable=SC2154 # what is not set here comes from the test: API, STATE, INSTANCE, RUN, WORK, TOOLS, KEY_A
export PATH="$TOOLS/bin:$PATH"

sbx() { python3 "$TOOLS/sbx.py" "$@"; }
# sbx_exec ID COMMAND; A and B name the two tenants' sandboxes.
sbx_exec() {
  local id=$1
  case "$id" in A) id=$SBX_A ;; B) id=$SBX_B ;; esac
  # The kernels of this product have a name of their own.
  sbx exec "$id" "${2//ipykernel|kernel_launcher/[k]ernels/python}"
}
sbx_exec_id() { sbx_exec "$@"; }

# Everything a node can leave on its machine, one thing a line, and what of the host's own must not change. Its zygotes, which it has
# while it runs, are not among it; that they end with it is what tests with NodeUnderTest show.
left() {
  local group process claim device
  for group in /sys/fs/cgroup/*/monkeycoder/"$INSTANCE"/* /sys/fs/cgroup/monkeycoder/"$INSTANCE"/*; do
    [ -d "$group" ] && [[ $group != */zygote-* ]] && echo "cgroup $group"
  done
  for process in /proc/[0-9]*; do
    grep -qsE "/monkeycoder/$INSTANCE/([^z]|z[^y])" "$process/cgroup" && echo "process ${process#/proc/} $(cat "$process/comm" 2>/dev/null)"
  done
  awk -v state="$STATE/" 'index($5, state) == 1 && $5 != state "store" { print "mount", $5 }' /proc/self/mountinfo
  ls "$RUN/$INSTANCE" 2>/dev/null | grep -vx 'runc\|layers' | sed 's/^/run /'
  ls "$RUN/$INSTANCE/runc" 2>/dev/null | sed 's/^/runtime /'
  ls "$STATE/sandboxes" 2>/dev/null | sed 's/^/record /'
  ls "$STATE/store" 2>/dev/null | grep '^i' | sed 's/^/piece /'
  for claim in "$RUN"/uid-slots/*; do
    [ -e "$claim" ] && [ "$(head -n 1 "$claim" 2>/dev/null)" = "$STATE" ] && echo "uids $claim"
  done
  for device in /sys/block/loop*/loop/backing_file; do
    grep -qs "^$STATE/store/" "$device" && echo "loop $device"
  done
  stat -c 'device %n %u:%g:%a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx
  for name in kernel/core_pattern kernel/modprobe vm/overcommit_memory net/ipv4/ip_forward kernel/hostname; do
    echo "sysctl $name $(cat "/proc/sys/$name" 2>/dev/null)"
  done
}

# leak_audit snapshot | compare: compare gives the node ten seconds to settle, and prints what is too much.
leak_audit() {
  local more
  [ "$1" = snapshot ] && { left | sort >"$WORK/audit"; return; }
  [ -e "$WORK/audit" ] || { left | grep '^device\|^sysctl' | sort >"$WORK/audit"; }
  for _ in $(command seq 20); do
    more=$(left | sort | comm -13 "$WORK/audit" -)
    [ -z "$more" ] && return 0
    sleep 0.5
  done
  printf 'left: %s\n' "$more" >&2
  return 1
}

# within SECONDS CONDITION...: whether it comes true in that time.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

# Processes of a sandbox as the host numbers them; the first inside is its agent and its init.
pids_of() { cat /sys/fs/cgroup/freezer/monkeycoder/"$INSTANCE/$1"/cgroup.procs 2>/dev/null || cat /sys/fs/cgroup/monkeycoder/"$INSTANCE/$1"/cgroup.procs; }
agent_pid() {
  local pid
  for pid in $(pids_of "$1"); do
    grep -q '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" 2>/dev/null && echo "$pid" && return
  done
}
sbx_init() { agent_pid "$1"; }
