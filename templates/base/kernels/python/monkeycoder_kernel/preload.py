"""Imports ahead of time what most cells want.

A kernel does it in steps while nobody asks it for anything; a zygote does all of it, once, and forks kernels.
"""

import contextlib
import importlib.util
import os
import sys

# In this order, each step a fraction of a second.
_MODULES = (
    "numpy",
    "pandas",
    "matplotlib",
    "matplotlib.font_manager",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "PIL.Image",
    "PIL.PngImagePlugin",
    "monkeycoder_kernel.charts",
    "monkeycoder_kernel.mpl_backend",
    "asyncio",
)

def is_wanted():
    """``MONKEY_PRELOAD=0`` leaves all imports to the cells."""
    return os.environ.get("MONKEY_PRELOAD", "1") != "0"


_is_done = False


def steps(shell):
    """A generator that does one import per step, nothing where all is done. Missing packages are skipped."""
    global _is_done
    if _is_done:
        return
    for name in _MODULES:
        if name not in sys.modules:
            # A package that is missing or broken is for the cell that wants it.
            with contextlib.suppress(Exception), _NoTraceInHome():
                __import__(name)
        yield name
    _format_one_of_each(shell)
    _is_done = True
    yield "formatters"


def everything(shell):
    """All steps at once."""
    for _ in steps(shell):
        pass


class _NoTraceInHome:
    """Keeps matplotlib from making its directories in the user's home before a cell has asked for it."""

    _FUNCTIONS = ("get_configdir", "get_cachedir")

    def __enter__(self):
        self._saved = {}
        self._has_settings = False
        module = sys.modules.get("matplotlib")
        if module is None:
            # Its own settings file, so that it does not look for the user's.
            spec = importlib.util.find_spec("matplotlib")
            directory = os.path.dirname(spec.origin) if spec else ""
            for path in ("/etc/matplotlibrc", os.path.join(directory, "mpl-data", "matplotlibrc")):
                if os.path.isfile(path):
                    self._settings = os.environ.get("MATPLOTLIBRC")
                    os.environ["MATPLOTLIBRC"] = self._settings or path
                    self._has_settings = True
                    break
            return
        for name, parent in zip(self._FUNCTIONS, (".config", ".cache")):
            self._saved[name] = getattr(module, name)
            directory = os.path.join(os.path.expanduser("~"), parent, "matplotlib")
            setattr(module, name, lambda directory=directory: directory)

    def __exit__(self, *_):
        if self._has_settings and self._settings is None:
            del os.environ["MATPLOTLIBRC"]
        for name, function in self._saved.items():
            setattr(sys.modules["matplotlib"], name, function)


def _format_one_of_each(shell):
    """The first traceback, table and figure cost more than the next ones."""
    pandas, pyplot = sys.modules.get("pandas"), sys.modules.get("matplotlib.pyplot")
    if pandas is not None:
        shell.display_formatter.format(pandas.DataFrame({"a": [1.0]}))
    if pyplot is not None:
        figure = pyplot.figure(figsize=(1, 1))
        figure.add_subplot().plot([0, 1])
        shell.display_formatter.format(figure)
        pyplot.close(figure)
