"""What a cell says: its tree, and where in its text a node stands."""

import ast
import importlib.util
import os
import re
import sys
import warnings

_MAX_SNIPPET = 120

# PEP 263, which counts in the first two lines only.
_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_UTF8 = {"utf-8", "utf8", "u8", "utf", "utf8-ucs2", "utf8-ucs4", "cp65001"}

_transform = None


def prepare():
    """Loads IPython's transformer of input, without the rest of IPython."""
    global _transform
    package = importlib.util.find_spec("IPython")
    if package is None or not package.submodule_search_locations:
        return
    path = os.path.join(package.submodule_search_locations[0], "core", "inputtransformer2.py")
    spec = importlib.util.spec_from_file_location("inputtransformer2", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        _transform = module.TransformerManager().transform_cell
    except (OSError, ImportError, AttributeError) as failure:
        print(f"Magics are not understood: {failure}", file=sys.stderr)


class Source:
    """The text of one cell."""

    def __init__(self, text):
        self.text = text
        self._shown = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._parsed = self._shown

    def parse(self):
        """The tree; None where the text is no plain Python."""
        return _parse(self.text)

    def parse_magics(self):
        """The same for magics, shell escapes, prompts and indentation, as the kernel reads them.

        None where it is not that either, which is for the kernel to report.
        """
        if _transform is None:
            return None
        try:
            plain = _transform(self.text)
        except (SyntaxError, ValueError):
            return None
        tree = _parse(plain)
        if tree is not None:
            self._parsed = plain.split("\n")
        return tree

    def oddities(self):
        """Where the text is not what it looks like: ``(line, column, what)``."""
        if self.text.startswith("\ufeff"):
            yield 1, 1, "a byte order mark"
        if (at := self.text.find("\0")) >= 0:
            before = self.text[:at].replace("\r\n", "\n").replace("\r", "\n")
            yield before.count("\n") + 1, at - self.text.rfind("\n", 0, at), "a NUL character"
        for number, line in enumerate(self._shown[:2], 1):
            found = _COOKIE.match(line)
            if found and found.group(1).lower().replace("_", "-") not in _UTF8:
                yield number, found.start(1) + 1, f"the declared encoding {found.group(1)[:40]}"

    def place(self, node):
        """``(line, column, end line, end column)`` of a node, in characters from 1; the end is behind the last."""
        return (node.lineno, self._column(node.lineno, node.col_offset),
                node.end_lineno, self._column(node.end_lineno, node.end_col_offset))

    def snippet(self, line):
        """The line as it is shown in a report."""
        text = self._shown[line - 1] if 0 < line <= len(self._shown) else ""
        text = "".join(c if c.isprintable() else " " for c in text.strip())
        return text if len(text) <= _MAX_SNIPPET else text[: _MAX_SNIPPET - 1] + "…"

    def _column(self, line, offset):
        text = self._parsed[line - 1] if 0 < line <= len(self._parsed) else ""
        return len(text.encode("utf-8", "replace")[:offset].decode("utf-8", "replace")) + 1


def _parse(text):
    with warnings.catch_warnings():
        # Invalid escapes and the like are the kernel's to tell.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError):
            # ValueError: NUL characters, and halves of surrogate pairs.
            return None
