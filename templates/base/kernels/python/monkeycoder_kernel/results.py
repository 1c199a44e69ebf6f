"""A MIME bundle of IPython as a ``result`` message."""

import base64

from . import plain

# One message at most; a format that does not fit is left out, and ``text`` says so.
MAX_BODY_BYTES = 32 << 20
# Room for the notes about what was left out.
_SPARE_BYTES = 4096

_FIELDS = {
    "text/plain": "text",
    "text/html": "html",
    "text/markdown": "markdown",
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/jpeg": "jpeg",
    "application/pdf": "pdf",
    "text/latex": "latex",
    "application/json": "json",
    "application/javascript": "javascript",
    "e2b/data": "data",
    "e2b/chart": "chart",
}
_BASE64 = {"png", "jpeg", "pdf"}
_VALUES = {"json", "data", "chart"}


def encode(bundle, is_main_result):
    """The body (bytes) of a ``result`` message for ``bundle``: MIME type -> text, bytes or JSON value."""
    fields, notes = {}, []
    for mime, value in bundle.items():
        name = _FIELDS.get(mime)
        try:
            if name is None:
                fields.setdefault("extra", {})[str(mime)] = _extra(value)
            else:
                fields[name] = _field(name, value)
        except plain.NotPlain:
            notes.append(f"[{name or mime} left out: not a JSON value, or one with too many parts]")
    encoded = {name: plain.to_json(value) for name, value in fields.items()}
    return _assemble(fields, encoded, notes, is_main_result)


def _assemble(fields, encoded, notes, is_main_result):
    """Joins the encoded fields, the largest left out first until the rest fits."""
    budget = MAX_BODY_BYTES - _SPARE_BYTES
    while sum(map(len, encoded.values())) > budget:
        largest = max(encoded, key=lambda name: len(encoded[name]))
        size = f"{len(encoded[largest]) / (1 << 20):.1f} MiB; one result holds {MAX_BODY_BYTES >> 20} MiB"
        if largest == "text":
            # Six bytes is the longest form of one UTF-16 unit, and twelve of one character.
            fields["text"] = fields["text"][: budget // 32]
            encoded["text"] = plain.to_json(fields["text"])
            notes.append(f"[text cut: {size}]")
        else:
            del encoded[largest]
            notes.append(f"[{largest} left out: {size}]")
    if notes:
        encoded["text"] = plain.to_json("\n".join([fields.get("text") or "", *notes]).strip("\n"))
    head = b'{"is_main_result":' + (b"true" if is_main_result else b"false")
    return b"".join([head, *(b',"%s":%s' % (name.encode(), value) for name, value in encoded.items()), b"}"])


def _field(name, value):
    if name in _VALUES:
        return plain.to_plain(value)
    if name in _BASE64:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return base64.b64encode(value).decode("ascii")
        return "".join(str(value).split())
    text = value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else str(value)
    return _without_quotes(text) if name == "text" else text


def _without_quotes(text):
    """A string is shown as what it says, not as its literal."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _extra(value):
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    return plain.to_plain(value)
