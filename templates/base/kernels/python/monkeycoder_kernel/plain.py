"""Python values as JSON values, and JSON as bytes that every strict reader takes."""

import datetime
import decimal
import enum
import json
import math
import re
import sys
import uuid

# A value with more parts than this is shown as text only.
MAX_NODES = 2_000_000
_MAX_DEPTH = 100

_SCALARS = (str, bool, type(None))
_ESCAPES = re.compile(
    rb"\\\\"
    rb"|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}"
    rb"|(\\ud[89a-f][0-9a-f]{2})")


class NotPlain(Exception):
    """The value has a part that JSON has no form for."""


def to_plain(value, fallback=None):
    """``value`` as dict, list, str, int, float, bool and None.

    NaN and infinities become null, dates ISO 8601 text, numpy values what they hold. Raises NotPlain for anything
    else, unless ``fallback`` (object -> plain value) is given.
    """
    return _Conversion(fallback).convert(value, 0)


def to_json(value):
    """Plain ``value`` as ASCII JSON bytes. Lone surrogates become U+FFFD."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    if b"\\ud" in text:
        text = _ESCAPES.sub(lambda match: rb"\ufffd" if match[1] else match[0], text)
    return text


class _Conversion:
    def __init__(self, fallback):
        self._fallback = fallback
        self._nodes = 0

    def convert(self, value, depth):
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > _MAX_DEPTH:
            raise NotPlain
        kind = type(value)
        if kind in _SCALARS:
            return value
        if kind is int:
            return self._integer(value)
        if kind is float:
            return value if math.isfinite(value) else None
        if isinstance(value, dict):
            return {self._key(key): self.convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.convert(item, depth + 1) for item in value]
        return self._other(value, depth)

    @staticmethod
    def _integer(value):
        # json writes integers of any size; str() refuses the huge ones.
        if value.bit_length() > 1024:
            raise NotPlain
        return int(value)

    def _key(self, key):
        if isinstance(key, str):
            return str(key)
        plain = self._other(key, 0) if not isinstance(key, (int, float, bool, type(None))) else key
        if plain is None or isinstance(plain, (bool, int, float)):
            return json.dumps(plain)
        if isinstance(plain, str):
            return plain
        raise NotPlain

    def _other(self, value, depth):
        if isinstance(value, enum.Enum):
            return self.convert(value.value, depth + 1)
        if isinstance(value, bool):
            return bool(value)
        if isinstance(value, int):
            return self._integer(int(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if isinstance(value, str):
            return str.__str__(value)
        pandas = sys.modules.get("pandas")
        if pandas is not None and (value is getattr(pandas, "NaT", self) or value is getattr(pandas, "NA", self)):
            return None
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, (uuid.UUID, decimal.Decimal)):
            return str(value)
        return self._numpy(value, depth)

    def _numpy(self, value, depth):
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.datetime64):
            return None if numpy.isnat(value) else str(value)
        if numpy is not None and isinstance(value, numpy.ma.core.MaskedConstant):
            return None
        if numpy is not None and isinstance(value, numpy.generic):
            item = value.item()
            if not isinstance(item, numpy.generic) and not isinstance(item, (bytes, complex)):
                return self.convert(item, depth + 1)
        if numpy is not None and isinstance(value, numpy.ndarray) and value.size <= MAX_NODES:
            return self.convert(value.tolist(), depth + 1)
        if self._fallback is not None:
            return self._fallback(value)
        raise NotPlain
