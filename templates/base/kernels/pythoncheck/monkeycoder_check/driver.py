"""Takes source, looks at it, and says what was found.

Short source of plain Python, which is most of it, is looked at here. Anything else goes to a forked child with limits,
which may die of what it reads (nesting, memory, time); the parent then says ``limit`` and takes the next source.
"""

import gc
import json
import os
import resource
import select
import signal
import time

from . import walk

_PROTOCOL_FD = 3
_READ_BYTES = 1 << 16
_MAX_ANSWER_BYTES = 1 << 18
_CPU_SECONDS = 2
_WALL_SECONDS = 8
_DATA_BYTES = 64 << 20
_LIMIT = b'{"limit":"%s"}'

# So little cannot take much time or memory, whatever it is.
_SHORT_BYTES = 8 << 10


def main():
    """Serves the agent on fd 3 until it closes the socket."""
    # An interrupt ends the child of the running check; the parent goes on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(_PROTOCOL_FD, False)
    walk.prepare()
    # What is here now is shared with every child as long as nobody writes to it.
    gc.collect()
    gc.freeze()
    wire = _Wire(_PROTOCOL_FD)
    try:
        wire.send(b"ready\n")
        while (request := wire.receive()) is not None:
            words, body = request
            if words[0] == b"execute":
                answer = _check(body)
                wire.send(b"message findings %d\n%s" % (len(answer), answer) + b"idle\n")
    except BrokenPipeError:
        # The agent is gone.
        pass


class _Wire:
    """The protocol socket: a header line, then as many bytes as it says."""

    def __init__(self, fd):
        self._fd = fd
        self._read = bytearray()

    def receive(self):
        while (end := self._read.find(b"\n")) < 0:
            if not self._fill():
                return None
        words = bytes(self._read[:end]).split(b" ")
        del self._read[: end + 1]
        length = int(words[-1])
        while len(self._read) < length:
            if not self._fill():
                return None
        body = bytes(self._read[:length])
        del self._read[:length]
        return words, body

    def send(self, data):
        parts = memoryview(data)
        while parts:
            parts = parts[os.write(self._fd, parts):]

    def _fill(self):
        data = os.read(self._fd, _READ_BYTES)
        self._read += data
        return bool(data)


def _check(source):
    if len(source) <= _SHORT_BYTES and (answer := _look(source, walk.look_plain)) is not None:
        return answer
    return _check_in_child(source)


def _check_in_child(source):
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return _LIMIT % b"memory"
    if child == 0:
        _be_child(source, reader, writer)
    os.close(writer)
    try:
        answer = _read_answer(reader)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if answer is not None and os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL):
        return answer
    return _LIMIT % (b"time" if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else b"crash")


def _read_answer(reader):
    """What the child says up to the end of its line; None where that does not come in time, or is too long."""
    deadline = time.monotonic() + _WALL_SECONDS
    answer = bytearray()
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while not answer.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or len(answer) > _MAX_ANSWER_BYTES or not poll.poll(left * 1000):
            return None
        data = os.read(reader, _READ_BYTES)
        if not data:
            return None
        answer += data
    return bytes(answer[:-1])


def _be_child(source, reader, writer):
    code = 1
    try:
        gc.disable()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.close(reader)
        os.close(_PROTOCOL_FD)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_DATA, (_DATA_BYTES, _DATA_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        answer = _look(source, walk.look)
        parts = memoryview(answer + b"\n")
        while parts:
            parts = parts[os.write(writer, parts):]
        code = 0
    finally:
        # Whatever it was, the child never comes back into the parent's loop.
        os._exit(code)


def _look(source, look):
    try:
        found = look(source.decode("utf-8", "replace"))
        return None if found is None else json.dumps(found).encode("ascii")
    except MemoryError:
        return _LIMIT % b"memory"
    except RecursionError:
        return _LIMIT % b"depth"
