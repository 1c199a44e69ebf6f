"""IPython as one cell after the other needs it: no terminal, no history file, no profile, nothing written to disk."""

import asyncio
import builtins
import os
import re
import sys
import warnings

from IPython.core import interactiveshell
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import UsageError
from IPython.core.profiledir import ProfileDir
from IPython.utils.text import LSString, SList
from traitlets import Any, Type
from traitlets.config import Config

from . import errors, processes, streams

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Outbox:
    """Where the shell puts what a cell shows. The kernel plugs itself in here."""

    def result(self, bundle, is_main_result):
        """Takes a MIME bundle."""

    def error(self, kind, value, lines):
        """Takes an exception: its class, itself, and its formatted traceback."""


class CellPublisher(DisplayPublisher):
    """``display(...)``."""

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
        # What a display shows later in its place has no form in the protocol; the first showing stands.
        if data and not update:
            self.shell.outbox.result(data, is_main_result=False)

    def clear_output(self, wait=False):
        """Output that has been sent stays."""


class CellDisplayHook(DisplayHook):
    """The value of the last expression."""

    def write_output_prompt(self):
        """There is no prompt."""

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.outbox.result(format_dict, is_main_result=True)

    def finish_displayhook(self):
        """Nothing was printed."""

    def quiet(self):
        try:
            return super().quiet()
        except Exception:  # a cell that does not tokenize as Python, such as %%magic
            return False


class CellShell(interactiveshell.InteractiveShell):
    """The shell of one kernel. ``run`` runs one cell, and never raises but for an interrupt."""

    displayhook_class = Type(CellDisplayHook)
    display_pub_class = Type(CellPublisher)
    outbox = Any()

    def __init__(self, **kwargs):
        self._loop = None
        self._reported = self._cancelled = False
        with _NothingOnDisk():
            super().__init__(
                config=Config({
                    "HistoryManager": {"enabled": False, "hist_file": ":memory:"},
                    "CellShell": {"colors": "NoColor", "xmode": "Context", "autoindent": False},
                }),
                ipython_dir=os.path.join(os.path.expanduser("~"), ".ipython"),
                profile_dir=_NoProfile(location=os.path.join(os.path.expanduser("~"), ".ipython", "profile_default")),
                outbox=Outbox(), **kwargs)
        self.loop_runner = self._run_in_loop
        self.magics_manager.register(processes.DirectScriptMagics)
        self.set_hook("show_in_pager", lambda _self, text, start=0, screen_lines=0, pager_cmd=None: _page(text))
        self.display_formatter.active_types = self.display_formatter.format_types
        builtins.input = _no_input
        self.user_ns["exit"] = self.user_ns["quit"] = _exit
        warnings.filterwarnings("ignore", message="To exit: use 'exit'")

    def run(self, code, count):
        """Runs cell number ``count``; whatever it shows or raises goes to the outbox."""
        self.execution_count = count
        self.displayhook.exec_result = None
        self.history_manager.db_input_cache.clear()
        self._reported = False
        self._cancelled = False
        asyncio.set_event_loop(self._event_loop())
        result = self.run_cell(code, store_history=True)
        self.history_manager.db_output_cache.clear()
        failure = result.error_before_exec or result.error_in_exec
        if failure is not None and not self._reported:
            self.report(failure)

    def report(self, failure):
        """Reports what was raised around a cell, unless the cell has had its error."""
        self._report(type(failure), failure, errors.format_plainly(failure))

    # -- what IPython calls -------------------------------------------------------------------------------------

    def _showtraceback(self, etype, evalue, stb):
        lines = [_ANSI.sub("", str(line)) for line in stb]
        if self._cancelled and etype is asyncio.CancelledError:
            etype, evalue = KeyboardInterrupt, ""
            lines = [line.replace("CancelledError", "KeyboardInterrupt") for line in lines]
        self._report(etype, evalue, lines)

    def showtraceback(self, exc_tuple=None, *args, **kwargs):
        kind, value, trace = self._get_exc_info(exc_tuple) if exc_tuple else sys.exc_info()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            errors.without_driver_frames(trace)
        if kind is UsageError:
            self.show_usage_error(value)
            self._report(kind, value, [f"UsageError: {value}"])
            return
        super().showtraceback(exc_tuple, *args, **kwargs)

    def system(self, cmd):
        streams.flush()
        self.user_ns["_exit_code"] = processes.system(self.var_expand(cmd, depth=1))

    system_raw = system_piped = system

    def getoutput(self, cmd, split=True, depth=0):
        text = processes.get_output(self.var_expand(cmd, depth=depth + 1))
        return SList(text.splitlines()) if split else LSString(text)

    def enable_gui(self, gui=None):
        """There is no GUI event loop to join."""

    def enable_matplotlib(self, gui=None):
        """Figures are shown in the cell's results whatever ``%matplotlib`` asks for."""
        return "inline", "inline"

    def enable_pylab(self, gui=None, import_all=True, welcome_message=False):
        from IPython.core.pylabtools import import_pylab

        namespace = {}
        import_pylab(namespace, import_all)
        self.user_ns.update(namespace)
        return "inline", "inline", set()

    def init_completer(self):
        """Nobody presses Tab here."""

    def init_virtualenv(self):
        """The interpreter is the template's."""

    def ask_exit(self):
        raise SystemExit

    # -- inside -------------------------------------------------------------------------------------------------

    def _ipython_dir_changed(self, change):
        """Without the directory that IPython would make."""

    def _report(self, kind, value, lines):
        # A cell has one error: the first.
        if not self._reported:
            self._reported = True
            self.outbox.error(kind, value, lines)

    def _event_loop(self):
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        return self._loop

    def _run_in_loop(self, coroutine):
        """Runs a cell with a top-level ``await``. After an interrupt its ``finally`` blocks run, then it is over."""
        loop = self._event_loop()
        task = loop.create_task(coroutine)
        try:
            return loop.run_until_complete(task)
        except KeyboardInterrupt:
            if task.done():
                raise
        # Out of the handler, so that what the cell raises now is not chained to the driver's frames.
        self._cancelled = True
        task.cancel()
        return loop.run_until_complete(task)


class _NoProfile(ProfileDir):
    """A profile directory in name only."""

    def _location_changed(self, change):
        """Without the directories that IPython would make."""


class _MemoryDb(dict):
    """The part of IPython's on-disk store that magics use, for as long as the kernel lives."""

    def __init__(self, _root=None):
        super().__init__()

    def keys(self, pattern=None):
        if pattern is None:
            return super().keys()
        prefix = pattern.split("*")[0]
        return [key for key in self if key.startswith(prefix)]


class _NothingOnDisk:
    """While the shell is built, its store is in memory."""

    def __enter__(self):
        self._original = interactiveshell.PickleShareDB
        interactiveshell.PickleShareDB = _MemoryDb

    def __exit__(self, *_):
        interactiveshell.PickleShareDB = self._original


def _page(text):
    print(_ANSI.sub("", text["text/plain"] if isinstance(text, dict) else text))


def _no_input(prompt="", /):
    raise EOFError("input() has nobody to ask: a cell has no stdin. Put the value into the code.")


def _exit(*code):
    """exit() and quit() end the cell; the kernel and its variables stay."""
    raise SystemExit(*code)
