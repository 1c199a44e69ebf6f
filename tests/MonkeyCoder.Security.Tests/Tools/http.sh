# What http cases call beside the prelude. Sourced after node.sh.
# shellcheck shell=bash disable=SC2154
canary_host_intact() { [ "$(wc -c </canary-host.txt)" = 40 ] && grep -Eqx 'CANARY-[0-9a-f]{32}' /canary-host.txt; }
# The test compares the hits of the host's listener itself; from here it is the listener's own word.
canary_http_hits() { [ "$1" = 0 ]; }
