"""stdout and stderr of a cell: text over fd 1 and 2, written at the end of every line."""

import ctypes
import io
import sys

_BUFFER_BYTES = 1 << 16
_libc = ctypes.CDLL(None)


def install():
    """Replaces ``sys.stdout`` and ``sys.stderr`` where they are missing, closed or not ours."""
    for name, fd in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, f"__{name}__")
        if not isinstance(stream, _CellStream) or stream.closed:
            stream = _CellStream(fd, f"<{name}>")
            setattr(sys, f"__{name}__", stream)
            setattr(sys, name, stream)
        elif _is_closed(getattr(sys, name)):
            setattr(sys, name, stream)


def flush():
    """Everything that Python and C code of the cell has written reaches the pipes."""
    for stream in {sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__}:
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Closed, or no stream at all: whatever a cell puts there.
            pass
    _libc.fflush(None)


def _is_closed(stream):
    return bool(getattr(stream, "closed", stream is None))


class _CellStream(io.TextIOWrapper):
    """Text that can always be written: what UTF-8 cannot carry is written as an escape.

    ``print("hello")`` is one write of ``hello\\n``. Closing the stream leaves the descriptor open.
    """

    def __init__(self, fd, name):
        raw = io.FileIO(fd, "wb", closefd=False)
        super().__init__(io.BufferedWriter(raw, _BUFFER_BYTES), encoding="utf-8", errors="backslashreplace",
                         newline="\n", line_buffering=True)
        self.mode = "w"
        self._name = name

    @property
    def name(self):
        return self._name

    def isatty(self):
        return False
