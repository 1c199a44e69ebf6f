"""What raised in a cell, as the body of an ``error`` message. Nothing a cell raises can make this fail."""

import os
import traceback

from . import plain

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MAX_VALUE_CHARS = 1 << 20
_MAX_TRACEBACK_CHARS = 4 << 20


def encode(kind, value, lines):
    """The body (bytes) for an exception of class ``kind``; ``lines`` is the formatted traceback."""
    return plain.to_json({
        "name": _name(kind),
        "value": _cut(_text(value), _MAX_VALUE_CHARS),
        "traceback": _cut("\n".join(lines), _MAX_TRACEBACK_CHARS),
    })


def format_plainly(value):
    """Lines of a traceback by Python's own formatter, or the bare name when that fails too."""
    try:
        return "".join(traceback.format_exception(type(value), value, value.__traceback__)).splitlines()
    except Exception:  # whatever an exception's own methods raise
        return [_name(type(value))]


def without_driver_frames(trace):
    """``trace`` cut where the driver's own code begins: an interrupt shows where the cell was."""
    previous, current = None, trace
    while current is not None:
        if previous is not None and current.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            previous.tb_next = None
            break
        previous, current = current, current.tb_next


def _name(kind):
    name = getattr(kind, "__name__", None)
    return name if isinstance(name, str) else "Exception"


def _text(value):
    try:
        return str(value)
    except Exception:  # an exception whose __str__ raises
        return f"<unprintable {_name(type(value))} object>"


def _cut(text, limit):
    return text if len(text) <= limit else f"{text[:limit]}\n[cut: {len(text)} characters]"
