#!/bin/bash
# weak-container.sh DIRECTORY: runs the cases of DIRECTORY/cases in a container as one must not be: root with all capabilities, no filter, the
# host's processes and devices, a writable root, and leaks of every kind. What a case does there it does to a throw-away layer: the host's files lie
# below it, settings of the kernel are read-only, and network and IPC are its own.
set -euo pipefail
mount --make-rprivate /
script=$(cat "$(dirname "$(realpath "$0")")/run-cases.sh")
mount -t tmpfs -o size=64m,mode=0755 weak "$1/layer"
cd "$1/layer"
mkdir upper work root outside outside/open
echo "CANARY-0123456789abcdef0123456789abcdef" >outside/canary-host.txt
mount -t overlay -o "lowerdir=/,upperdir=$1/layer/upper,workdir=$1/layer/work" weak root
# Leaks: a directory outside that is still open, a credential, a neighbour's memory, the network card of another.
exec 9<outside/open
mount -t tmpfs -o size=16m weak root/run
mkdir -p root/run/secrets root/run/old root/run/cases
echo planted >root/run/secrets/token
mount --rbind /dev root/dev
mount -t tmpfs -o size=1m weak root/dev/shm
echo planted >root/dev/shm/sbx-canary
mount -t tmpfs -o size=16m weak root/tmp
mount --bind /proc root/proc
for part in sys sysrq-trigger irq bus; do
  # Not every kernel has each.
  [ -e "/proc/$part" ] || continue
  mount --bind "/proc/$part" "root/proc/$part"
  mount -o remount,bind,ro "root/proc/$part"
done
mount --bind /sys root/sys
mount -o remount,bind,ro root/sys
mount --bind "$1/cases" root/run/cases
ip link add veth0 type veth peer name veth1
cd root
pivot_root . run/old
umount -l /run/old
cd /
export APP_SECRET=planted HTTP_PROXY=http://user:planted@127.0.0.1:3128
exec bash -c "$script" run-cases /run/cases 4
