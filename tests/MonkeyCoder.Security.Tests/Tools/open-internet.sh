#!/bin/bash
# open-internet.sh DIRECTORY FAKE_INTERNET: runs the cases of DIRECTORY/cases where their network is the fake internet itself, with a
# naive proxy and no gateway. In namespaces of its own, where names and /tmp are not the host's.
set -euo pipefail
mount --make-rprivate /
mkdir "$1/tmp"
# All that lies below /tmp is out of sight soon.
cp "$2" "$1/tmp/internet.py"
script=$(cat "$(dirname "$(realpath "$0")")/run-cases.sh")
cp /etc/hosts "$1/hosts"
echo "nameserver 127.0.0.1" >"$1/resolv.conf"
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/cases" /mnt
cd /
mount --bind "$1/tmp" /tmp
python3 /tmp/internet.py 300 >/tmp/ready &
until grep -qs READY /tmp/ready; do
  kill -0 $! || exit 1
  sleep 0.1
done
bash -c "$script" run-cases /mnt 8
