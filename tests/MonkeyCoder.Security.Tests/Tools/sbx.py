"""The calls that scenarios make to a node: create, exec, code. Tokens of what was created are kept below $WORK."""
import base64, http.client, json, os, struct, sys

HOST, PORT = os.environ["APIHOST"], int(os.environ["APIPORT"])
TOKENS = os.path.join(os.environ["WORK"], "tokens")
PATIENCE = float(os.environ.get("TMO", "30"))


def request(method, path, body=None, headers=None, timeout=PATIENCE):
    connection = http.client.HTTPConnection(HOST, PORT, timeout=timeout)
    connection.request(method, path, body, headers or {})
    return connection.getresponse()


def keyed(key=None):
    return {"X-API-Key": key or os.environ["KEY_A"], "Content-Type": "application/json"}


def create(body, key=None):
    """Prints the id; the status where there is none goes to stderr."""
    answer = request("POST", "/sandboxes", json.dumps(body), keyed(key), timeout=max(PATIENCE, 60))
    data = answer.read()
    if answer.status != 201:
        print(answer.status, data.decode(errors="replace"), file=sys.stderr)
        return 1
    made = json.loads(data)
    os.makedirs(TOKENS, exist_ok=True)
    with open(os.path.join(TOKENS, made["sandboxID"]), "w") as file:
        file.write(made.get("envdAccessToken") or "")
    print(made["sandboxID"])
    return 0


def routed(sandbox, port):
    try:
        token = open(os.path.join(TOKENS, sandbox)).read()
    except OSError:
        token = ""
    return {"E2b-Sandbox-Id": sandbox, "E2b-Sandbox-Port": str(port), "X-Access-Token": token}


def execute(sandbox, command, user=None, stdin=False, pty=False, timeout=PATIENCE):
    """Runs a command and copies its output through; the exit code is the command's, or 100 where there was no end."""
    start = {"process": {"cmd": "/bin/bash", "args": ["-l", "-c", command], "envs": {}}, "stdin": stdin}
    if pty:
        start["pty"] = {"size": {"cols": 80, "rows": 24}}
    message = json.dumps(start).encode()
    headers = routed(sandbox, 49983)
    headers.update({"Content-Type": "application/connect+json", "Connect-Protocol-Version": "1"})
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:".encode()).decode()
    try:
        answer = request("POST", "/process.Process/Start", b"\0" + struct.pack(">I", len(message)) + message, headers, timeout)
        if answer.status != 200:
            print(answer.status, answer.read().decode(errors="replace"), file=sys.stderr)
            return 100
        while True:
            head = answer.read(5)
            if len(head) < 5:
                print("the stream broke off", file=sys.stderr)
                return 100
            frame = answer.read(struct.unpack(">I", head[1:])[0])
            if head[0] & 2:
                print(frame.decode(errors="replace"), file=sys.stderr)
                return 100
            event = json.loads(frame).get("event", {})
            data = event.get("data", {})
            for name, stream in (("stdout", sys.stdout), ("pty", sys.stdout), ("stderr", sys.stderr)):
                if name in data:
                    stream.buffer.write(base64.b64decode(data[name]))
                    stream.flush()
            if "end" in event:
                return event["end"].get("exitCode", 0) & 127
    except (OSError, http.client.HTTPException) as error:
        print(f"lost: {error}", file=sys.stderr)
        return 100


def code(sandbox, text, timeout=PATIENCE):
    """Runs a cell and prints its events; fails where it raised or was lost."""
    headers = routed(sandbox, 49999)
    headers["Content-Type"] = "application/json"
    failed, ended = 0, False
    try:
        answer = request("POST", "/execute", json.dumps({"code": text, "language": "python"}), headers, timeout)
        if answer.status != 200:
            print(answer.status, answer.read().decode(errors="replace"))
            return 100
        for line in answer:
            print(line.decode(errors="replace"), end="", flush=True)
            kind = json.loads(line).get("type") if line.strip() else None
            failed |= kind == "error"
            ended |= kind == "end_of_execution"
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"lost: {error}")
        return 100
    return 1 if failed or not ended else 0


def main(words):
    if words[0] == "create":
        return create(json.loads(words[1]), *words[2:])
    if words[0] == "exec":
        return execute(words[1], words[2])
    if words[0] == "stream":
        return execute(words[1], words[2], timeout=600)
    if words[0] == "stdin":
        return execute(words[1], words[2], stdin=True)
    if words[0] == "pty":
        return execute(words[1], words[2], pty=True)
    if words[0] == "code":
        return code(words[1], words[2], max(PATIENCE, 60))
    raise SystemExit(f"no such call: {words[0]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
