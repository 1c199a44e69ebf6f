"""Which module or builtin a name stands for, as far as imports and plain assignments tell."""

import ast
import builtins

from . import rules

_BUILTINS = frozenset(dir(builtins))
_MAX_DEPTH = 20
_ROUNDS = 3
_SAME = {"posix": "os", "nt": "os", "_io": "io", "_pickle": "pickle", "__builtin__": "builtins", "cPickle": "pickle"}


class Names:
    """The names of one tree, whatever scope they are in: a name that means two things means both."""

    def __init__(self, nodes):
        self._stands_for = {}
        self._own = set()
        assignments = []
        for node in nodes:
            kind = type(node)
            if kind is ast.Import:
                self._take_import(node)
            elif kind is ast.ImportFrom:
                self._take_import_from(node)
            elif kind is ast.Assign:
                assignments += [(target.id, node.value) for target in node.targets if type(target) is ast.Name]
            elif kind in (ast.AnnAssign, ast.NamedExpr) and type(node.target) is ast.Name and node.value is not None:
                assignments.append((node.target.id, node.value))
            elif kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
                self._own.add(node.name)
            elif kind is ast.arg:
                self._own.add(node.arg)
            elif kind is ast.ExceptHandler and node.name:
                self._own.add(node.name)
        assigned = {id(value) for _, value in assignments}
        self._take_stores(nodes, {name for name, _ in assignments})
        for _ in range(_ROUNDS if assigned else 0):
            for name, value in assignments:
                dotted = self.resolve(value)
                if dotted is not None and dotted != name:
                    self._stands_for.setdefault(name, set()).add(dotted)
        self._own.update(name for name, _ in assignments if name not in self._stands_for)

    def resolve(self, node):
        """The dotted name that an expression stands for, e.g. ``os.system``; None where that is not known."""
        return self._resolve(node, 0)

    def all_of(self, name):
        """Every dotted name that a plain name stands for."""
        return self._stands_for.get(name, ())

    def _take_import(self, node):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._bind(name, alias.name if alias.asname else name)

    def _take_import_from(self, node):
        if node.level or not node.module:
            return
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias.asname or alias.name, f"{node.module}.{alias.name}")
                continue
            prefix = _canonical(node.module) + "."
            for dotted in (*rules.NAMES, *rules.OPENERS, *rules.DECODERS):
                if dotted.startswith(prefix) and "." not in dotted[len(prefix):]:
                    self._bind(dotted[len(prefix):], dotted)

    def _take_stores(self, nodes, assigned):
        for node in nodes:
            if type(node) is ast.Name and type(node.ctx) is ast.Store and node.id not in assigned:
                self._own.add(node.id)

    def _bind(self, name, dotted):
        self._stands_for.setdefault(name, set()).add(_canonical(dotted))

    def _resolve(self, node, depth):
        if depth > _MAX_DEPTH:
            return None
        kind = type(node)
        if kind is ast.Name:
            return self._resolve_name(node.id)
        if kind is ast.Attribute:
            return self._member(self._resolve(node.value, depth + 1), node.attr)
        if kind is ast.Call:
            return self._resolve_call(node, depth)
        if kind is ast.Subscript:
            return self._resolve_key(node, depth)
        return None

    def _resolve_name(self, name):
        if name == "__builtins__":
            return "builtins"
        if found := self._stands_for.get(name):
            # The worst of what it may be.
            return next((dotted for dotted in sorted(found) if dotted in rules.NAMES), min(found))
        return f"builtins.{name}" if name in _BUILTINS and name not in self._own else None

    def _resolve_call(self, node, depth):
        called = self._resolve(node.func, depth + 1)
        if called is None or not node.args:
            return None
        if called in rules.IMPORTERS:
            module = constant(node.args[0])
            if not isinstance(module, str):
                return None
            return _canonical(module if called == "importlib.import_module" else module.partition(".")[0])
        if called == "builtins.getattr" and len(node.args) > 1 and isinstance(attribute := constant(node.args[1]), str):
            return self._member(self._resolve(node.args[0], depth + 1), attribute)
        return None

    def _resolve_key(self, node, depth):
        key = constant(node.slice)
        if not isinstance(key, str):
            return None
        value = node.value
        if type(value) is ast.Call:
            called = self._resolve(value.func, depth + 1)
            if called in ("builtins.globals", "builtins.locals", "builtins.vars") and not value.args:
                return self._resolve_name(key)
            if called == "builtins.vars":
                return self._member(self._resolve(value.args[0], depth + 1), key)
        if type(value) is ast.Attribute and value.attr == "__dict__":
            return self._member(self._resolve(value.value, depth + 1), key)
        base = self._resolve(value, depth + 1)
        if base == "sys.modules":
            return _canonical(key)
        # In a module that is not __main__, __builtins__ is a dictionary.
        return f"builtins.{key}" if base == "builtins" else None

    @staticmethod
    def _member(base, name):
        return None if base is None else _canonical(f"{base}.{name}")


def constant(node, depth=0):
    """The value of a constant expression of text or bytes, joined with ``+``; None where it is none.

    Of an f-string, the constant beginning.
    """
    kind = type(node)
    if kind is ast.Constant:
        return node.value if isinstance(node.value, (str, bytes)) else None
    if kind is ast.BinOp and type(node.op) is ast.Add and depth < _MAX_DEPTH:
        left, right = constant(node.left, depth + 1), constant(node.right, depth + 1)
        return left + right if left is not None and type(left) is type(right) else None
    if kind is ast.JoinedStr and depth == 0 and node.values and type(node.values[0]) is ast.Constant:
        return node.values[0].value if all(type(part) is ast.Constant for part in node.values) else None
    return None


def _canonical(dotted):
    first, dot, rest = dotted.partition(".")
    return _SAME.get(first, first) + dot + rest
