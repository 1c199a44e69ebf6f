"""Acts once a module has been imported, however late that is."""

import importlib.util
import sys


def when_imported(name, action):
    """Calls ``action(module)`` right after ``name`` has been imported; now, if it is there already."""
    if name in sys.modules:
        action(sys.modules[name])
    else:
        sys.meta_path.insert(0, _Finder(name, action))


class _Finder:
    """Finds its one module through the other finders, and removes itself when the module has been executed."""

    def __init__(self, name, action):
        self._name = name
        self._action = action
        self._searching = False

    def find_spec(self, name, path=None, target=None):
        if name != self._name or self._searching:
            return None
        self._searching = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = self._then_act(spec.loader.exec_module)
        return spec

    def _then_act(self, execute):
        def exec_module(module):
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                self._action(module)

        return exec_module
