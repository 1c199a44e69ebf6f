#!/bin/bash
# internet.sh up | down NAME: two network namespaces, NAME-node for a node and NAME-world for what it takes for the internet, with a
# veth between them. Nothing of them is in the network of the host; down removes all, also what is only half there.
set -euo pipefail

# Sites, name server, attacker; then what no sandbox may reach: metadata services, private and other public addresses.
ADDRESSES="203.0.113.10 203.0.113.11 203.0.113.53 203.0.113.66 169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192 168.63.129.16
  10.0.0.5 100.64.0.1 1.1.1.1 8.8.8.8 93.184.216.34"

up() {
  ip netns add "$1-node"
  ip netns add "$1-world"
  ip -n "$1-node" link set lo up
  ip -n "$1-world" link set lo up
  ip -n "$1-node" link add outside type veth peer name inside netns "$1-world"
  ip -n "$1-node" address add 198.18.0.2/30 dev outside
  ip -n "$1-world" address add 198.18.0.1/30 dev inside
  for address in $ADDRESSES; do ip -n "$1-world" address add "$address/32" dev lo; done
  ip -n "$1-node" link set outside up
  ip -n "$1-world" link set inside up
  ip -n "$1-node" route add default via 198.18.0.1
}

down() {
  local namespace
  for namespace in "$1-node" "$1-world"; do
    [ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace"
  done
}

case "$1" in
  up | down) "$1" "$2" ;;
  *) echo "usage: internet.sh up | down NAME" >&2 && exit 2 ;;
esac
