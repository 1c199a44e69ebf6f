"""A kernel driver for tests: cells are Python, run with exec in one namespace. See templates/base/kernels/PROTOCOL.md."""
import json
import os
import signal
import socket
import sys
import time

channel = socket.socket(fileno=3)
channel.set_inheritable(False)
stream = channel.makefile("rwb")
running = False


def raw(data):
    stream.write(data)
    stream.flush()


def message(kind, body):
    raw(b"message %s %d\n" % (kind.encode(), len(body)) + body)


def on_interrupt(_signal, _frame):
    if running:
        raise KeyboardInterrupt


signal.signal(signal.SIGINT, on_interrupt)
namespace = {"message": message, "raw": raw, "os": os, "sys": sys, "time": time, "signal": signal}
count = 0
changed = {}
raw(b"ready\n")
while True:
    header = stream.readline().split()
    if not header:
        break
    if header[0] == b"setenv":
        key = header[1].decode()
        changed[key] = os.environ.get(key)
        os.environ[key] = stream.read(int(header[2])).decode()
        continue
    if header[0] == b"putenv":
        os.environ[header[1].decode()] = stream.read(int(header[2])).decode()
        continue
    code = stream.read(int(header[1])).decode()
    count += 1
    namespace["code"] = code
    try:
        running = True
        message("count", json.dumps({"execution_count": count}).encode())
        exec(code.replace("\0", ""), namespace)
    except BaseException as error:
        running = False
        if isinstance(error, SystemExit):
            raise
        body = {"name": type(error).__name__, "value": str(error), "traceback": ""}
        message("error", json.dumps(body).encode())
    finally:
        running = False
    sys.stdout.flush()
    for key, value in changed.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
    changed = {}
    raw(b"idle\n")
