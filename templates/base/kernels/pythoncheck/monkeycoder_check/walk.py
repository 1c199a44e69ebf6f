"""Looks at a tree, without recursion: code decides how deep it is."""

import ast
import sys

from . import names, rules, source

_MAX_FINDINGS = 100
_PARSER = "python-%d.%d" % sys.version_info[:2]
_WRITERS = {"os.remove", "os.unlink", "os.chmod", "shutil.rmtree", "shutil.move"}


def prepare():
    """What every check needs, done once."""
    source.prepare()


def look(text):
    """Findings in the text of a cell, as they go into the answer."""
    cell = source.Source(text)
    return _report(cell, cell.parse() or cell.parse_magics())


def look_plain(text):
    """The same for plain Python, which is the quick case; None where it is something else."""
    cell = source.Source(text)
    tree = cell.parse()
    return None if tree is None else _report(cell, tree)


def _report(cell, tree):
    report = _Report(cell)
    for line, column, what in cell.oddities():
        report.add(rules.ODD_SOURCE, what, (line, column, line, column + 1))
    if tree is not None:
        _Look(_flatten(tree), report).run()
    return {"parser": _PARSER, "parsed": tree is not None, **report.finish()}


def _flatten(tree):
    nodes = []
    rest = [tree]
    while rest:
        node = rest.pop()
        nodes.append(node)
        for field in node._fields:
            value = getattr(node, field, None)
            if type(value) is list:
                rest += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                rest.append(value)
    return nodes


class _Report:
    """Findings, each place and rule once."""

    def __init__(self, cell):
        self._cell = cell
        self._found = {}
        self._truncated = False

    def add(self, rule, name, place):
        key = (place[0], place[1], rule.id)
        if key in self._found:
            return
        if len(self._found) >= _MAX_FINDINGS:
            self._truncated = True
            return
        self._found[key] = {
            "rule": rule.id, "severity": rule.severity, "message": rule.message.format(name), "line": place[0],
            "column": place[1], "end_line": place[2], "end_column": place[3], "snippet": self._cell.snippet(place[0]),
        }

    def add_at(self, rule, name, node):
        self.add(rule, name, self._cell.place(node))

    def finish(self):
        return {"findings": [self._found[key] for key in sorted(self._found)], "truncated": self._truncated}


class _Look:
    """One look at the nodes of a tree."""

    def __init__(self, nodes, report):
        self._nodes = nodes
        self._report = report
        self._names = names.Names(nodes)
        self._looks = {
            ast.Import: self._import, ast.ImportFrom: self._import_from, ast.Name: self._name, ast.Attribute: self._attribute,
            ast.Subscript: self._subscript, ast.Call: self._call, ast.Constant: self._constant,
        }

    def run(self):
        looks = self._looks
        for node in self._nodes:
            if (look_at := looks.get(type(node))) is not None:
                look_at(node)

    # -- imports ------------------------------------------------------------------------------------------------

    def _import(self, node):
        for alias in node.names:
            self._module(alias.name, node)

    def _import_from(self, node):
        if node.level or not node.module:
            return
        for alias in node.names:
            dotted = f"{node.module}.{alias.name}"
            if (rule := rules.NAMES.get(dotted)) is not None:
                self._report.add_at(rule, dotted, alias)
            elif dotted in rules.HARMLESS_MODULES:
                return
        self._module(node.module, node)

    def _module(self, name, node):
        if name in rules.HARMLESS_MODULES or name.startswith(tuple(module + "." for module in rules.HARMLESS_MODULES)):
            return
        if (rule := rules.MODULES.get(name.partition(".")[0])) is not None:
            self._report.add_at(rule, name, node)

    # -- names --------------------------------------------------------------------------------------------------

    def _name(self, node):
        if type(node.ctx) is not ast.Load:
            return
        if node.id in rules.INTERNAL_NAMES:
            self._report.add_at(rules.INTERNALS, node.id, node)
        else:
            self._used(node)

    def _attribute(self, node):
        if (rule := rules.ATTRIBUTES.get(node.attr)) is not None:
            self._report.add_at(rule, node.attr, node)
        else:
            self._used(node)

    def _subscript(self, node):
        key = names.constant(node.slice)
        if isinstance(key, str) and (rule := rules.ATTRIBUTES.get(key)) is not None:
            self._report.add_at(rule, key, node)
        else:
            self._used(node)

    def _used(self, node):
        dotted = self._names.resolve(node)
        if dotted is not None and (rule := rules.NAMES.get(dotted)) is not None:
            self._report.add_at(rule, dotted.removeprefix("builtins."), node)

    # -- calls --------------------------------------------------------------------------------------------------

    def _call(self, node):
        called = self._names.resolve(node.func)
        if called is None:
            self._magic(node)
            return
        if called in rules.IMPORTERS:
            self._import_call(node, called)
        elif called in rules.ATTRIBUTE_CALLS:
            self._attribute_call(node, called)
        elif called in ("builtins.eval", "builtins.exec"):
            self._run_decoded(node, called)
        elif called in rules.OPENERS:
            self._path(node, called)
        else:
            self._magic(node)

    def _import_call(self, node, called):
        module = names.constant(node.args[0]) if node.args else None
        if isinstance(module, str):
            self._module(module, node)
        else:
            self._report.add_at(rules.DYNAMIC_IMPORT, called.removeprefix("builtins."), node)

    def _attribute_call(self, node, called):
        index = 0 if called.startswith("operator.") else 1
        if len(node.args) <= index:
            return
        name = names.constant(node.args[index])
        short = called.removeprefix("builtins.")
        if isinstance(name, str):
            if (rule := rules.ATTRIBUTES.get(name)) is not None:
                self._report.add_at(rule, name, node)
            else:
                self._used(node)
        elif short != "hasattr":
            self._report.add_at(rules.DYNAMIC_ATTRIBUTE, short, node)

    def _run_decoded(self, node, called):
        for argument in node.args[:1]:
            for inner in _flatten(argument):
                if type(inner) is ast.Call and (
                        self._names.resolve(inner.func) in rules.DECODERS
                        or type(inner.func) is ast.Attribute and inner.func.attr in ("fromhex", "b64decode", "decompress")):
                    self._report.add_at(rules.OBFUSCATION, called.removeprefix("builtins."), node)
                    return

    def _path(self, node, called):
        if not node.args:
            return
        path = names.constant(node.args[0])
        if path is None and type(node.args[0]) is ast.JoinedStr and node.args[0].values:
            path = names.constant(node.args[0].values[0])
        if isinstance(path, bytes):
            path = path.decode("utf-8", "replace")
        if path is None or not path.startswith("/"):
            return
        path = "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
        shown = path if len(path) <= 60 else path[:60] + "…"
        if rules.SENSITIVE_PATHS.fullmatch(path) or called in _WRITERS and _is_system(path) or _is_system(path) and _writes(node):
            self._report.add_at(rules.SENSITIVE_PATH, shown, node)
        elif _is_system(path):
            self._report.add_at(rules.SYSTEM_PATH, shown, node)

    def _magic(self, node):
        method = node.func
        if type(method) is not ast.Attribute or type(method.value) is not ast.Call or not _is_shell(method.value.func):
            return
        if method.attr in rules.SHELL_METHODS:
            self._report.add_at(rules.SHELL, "!", node)
        elif method.attr in rules.MAGIC_METHODS and node.args:
            magic = names.constant(node.args[0])
            if magic in rules.SHELL_MAGICS:
                self._report.add_at(rules.SHELL, f"%{magic}", node)

    # -- literals -----------------------------------------------------------------------------------------------

    def _constant(self, node):
        value = node.value
        if type(value) not in (str, bytes) or len(value) < rules.LONG_LITERAL_CHARACTERS:
            return
        text = value.decode("latin-1") if type(value) is bytes else value
        if rules.ENCODED.match(text):
            self._report.add_at(rules.LONG_LITERAL, len(value), node)


def _is_shell(function):
    return type(function) is ast.Name and function.id == "get_ipython"


def _is_system(path):
    return not rules.HARMLESS_PATHS.fullmatch(path) and any(
        path == directory or path.startswith(directory + "/") for directory in rules.SYSTEM_DIRECTORIES)


def _writes(node):
    mode = names.constant(node.args[1]) if len(node.args) > 1 else next(
        (names.constant(keyword.value) for keyword in node.keywords if keyword.arg == "mode"), None)
    return isinstance(mode, str) and any(letter in mode for letter in "wax+")
