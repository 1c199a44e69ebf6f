"""The wire between the agent and this driver: one ASCII header line, then as many bytes as it says."""

import fcntl
import os
import select
import threading

from . import interrupts

# Where the socket is kept, out of the way of the small numbers that a cell's own files get.
_KEPT_AT_LEAST = 200
_READ_BYTES = 1 << 16


class Channel:
    """The protocol socket of a kernel.

    Sending is atomic with respect to SIGINT and to other threads of the cell. After ``fork`` the child has no channel:
    what it sends is dropped.
    """

    def __init__(self, fd):
        try:
            self._fd = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _KEPT_AT_LEAST)
            os.close(fd)
        except OSError:
            # RLIMIT_NOFILE leaves no room up there.
            self._fd = fd
            os.set_inheritable(fd, False)
        self._read = bytearray()
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self):
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    @property
    def is_open(self):
        """False in a process forked by a cell."""
        return self._fd is not None

    def has_input(self, timeout_ms):
        """True when a request, or the end of the stream, can be read within ``timeout_ms`` (None: wait)."""
        if self._read:
            return True
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(timeout_ms))

    def receive(self):
        """The next request as ``(words of its header, body bytes)``; None when the agent has closed the socket."""
        while (end := self._read.find(b"\n")) < 0:
            if not self._fill(_READ_BYTES):
                return None
        words = self._read[:end].decode("ascii").split(" ")
        del self._read[: end + 1]
        length = int(words[-1])
        while len(self._read) < length:
            if not self._fill(max(_READ_BYTES, length - len(self._read))):
                return None
        body = bytes(self._read[:length])
        del self._read[:length]
        return words, body

    def send(self, header, body=b""):
        """Sends ``header`` (str, without its newline) and ``body``, whole."""
        with interrupts.shield, self._lock:
            if self._fd is None:
                return
            parts = memoryview(header.encode("ascii") + b"\n" + body)
            while parts:
                parts = parts[os.write(self._fd, parts):]

    def send_message(self, kind, body):
        """Sends ``message KIND BYTES`` with a body of ASCII JSON bytes."""
        self.send(f"message {kind} {len(body)}", body)

    def _fill(self, size):
        data = os.read(self._fd, size)
        self._read += data
        return bool(data)
