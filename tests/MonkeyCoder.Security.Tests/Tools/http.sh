# What http cases call beside the prelude. Sourced after node.sh.
# shellcheck shell=bash disable=SC2154
canary_host_intact() { [ "$(wc -c </canary-host.txt)" = 40 ] && grep -Eqx 'CANARY-[0-9a-f]{32}' /canary-host.txt; }
# The test compares the hits of the host's listener itself; from here it is the listener's own word.
canary_http_hits() { [ "$1" = 0 ]; }

# code_run LEVEL FILE: runs the Python in the file, and prints the status on a line of its own, then the body. The cases
# call "strict" what is "enforce" here. Left out are ids, in whose random digits a case could find what it looks for.
code_run() {
  local level=${1/strict/enforce} answer
  answer=$(python3 -c 'import json, sys; json.dump({"code": open(sys.argv[2]).read(), "code_checks": sys.argv[1]}, sys.stdout)' "$level" "$2" |
    curl -s -w '\n%{http_code}' "$API/sandbox/execute" -H "Authorization: Bearer $KEY_A" -H 'Content-Type: application/json' --data-binary @-)
  printf '%s\n' "${answer##*$'\n'}"
  python3 -c 'import json, sys; print(json.dumps({k: v for k, v in json.load(sys.stdin).items() if k not in ("traceId", "execution_id", "sandbox_id")}))' \
    <<<"${answer%$'\n'*}"
}
