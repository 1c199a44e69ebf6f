"""The loop of a kernel: takes a request, runs the cell, says what came of it.

A zygote calls ``prepare`` once, and in each fork of it ``serve``.
"""

import importlib
import os
import random
import site
import socket
import sys

from . import channel, errors, figures, formatters, images, interrupts, plain, preload, results, shell, streams

_PROTOCOL_FD = 3


def main(driver_directory):
    """Runs the driver in this process until the agent closes the socket; with a zygote's socket, forks kernels."""
    made = prepare(driver_directory)
    if _is_socket_of_zygote(_PROTOCOL_FD):
        from . import zygote

        zygote.run(made, _PROTOCOL_FD, serve)
    else:
        serve(made, _PROTOCOL_FD)


def prepare(driver_directory):
    """Builds the shell. Nothing here knows yet whose kernel it becomes."""
    interrupts.install()
    # Before a cell's own files can stand in the way of the driver's imports.
    if driver_directory in sys.path:
        sys.path.remove(driver_directory)
    streams.install()
    sys.argv = [""]
    made = shell.CellShell.instance()
    formatters.install(made)
    images.install()
    return made


def serve(made, fd):
    """Serves the agent on socket ``fd`` with the shell ``made``; returns when the agent closes it."""
    interrupts.install()
    kernel = _Kernel(made, channel.Channel(fd))
    try:
        kernel.run()
    except BrokenPipeError:
        # The agent is gone.
        pass


def _is_socket_of_zygote(fd):
    with socket.socket(fileno=os.dup(fd)) as wire:
        return wire.type == socket.SOCK_SEQPACKET


def _find_user_packages():
    """What ``pip install --user`` puts into a directory that a fresh home did not have can be imported."""
    directory = site.getusersitepackages()
    if directory not in sys.path and os.path.isdir(directory):
        importlib.invalidate_caches()
        site.addsitedir(directory)


class _Kernel(shell.Outbox):
    """One context: a shell, and the socket to its agent."""

    def __init__(self, made, wire):
        self._shell = made
        self._wire = wire
        self._pid = os.getpid()
        self._cells = 0
        self._environment = {}
        self._is_running = False
        made.outbox = self

    def run(self):
        # Forks of one zygote must not draw the same numbers.
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        self._wire.send("ready")
        self._preload()
        if sys.path[:1] != [""]:
            sys.path.insert(0, "")
        while (request := self._wire.receive()) is not None:
            words, body = request
            if words[0] == "setenv":
                self._environment[words[1]] = body.decode("utf-8", "surrogateescape")
            elif words[0] == "putenv":
                os.environ[words[1]] = body.decode("utf-8", "surrogateescape")
            elif words[0] == "execute":
                self._execute(body.decode("utf-8", "replace"))
            else:
                raise ValueError(f"The agent sent a request that this driver does not know: {words[0]!r}.")

    # -- what a cell shows --------------------------------------------------------------------------------------

    def result(self, bundle, is_main_result):
        if self._is_running:
            self._wire.send_message("result", results.encode(bundle, is_main_result))

    def error(self, kind, value, lines):
        if self._wire.is_open:
            self._wire.send_message("error", errors.encode(kind, value, lines))
        else:
            print("\n".join(lines), file=sys.stderr)

    # -- inside -------------------------------------------------------------------------------------------------

    def _preload(self):
        if not preload.is_wanted():
            return
        for _ in preload.steps(self._shell):
            if self._wire.has_input(timeout_ms=0):
                return

    def _execute(self, code):
        self._cells += 1
        self._wire.send_message("count", plain.to_json({"execution_count": self._cells}))
        saved = {key: os.environ.get(key) for key in self._environment}
        os.environ.update(self._environment)
        self._environment = {}
        streams.install()
        _find_user_packages()
        figures.begin_cell()
        self._is_running = True
        self._run_interruptibly(code)
        self._is_running = False
        if os.getpid() != self._pid:
            # A fork that the cell made has come to the cell's end: it is a child like any other, not a second kernel.
            streams.flush()
            os._exit(0)
        interrupts.install()
        streams.flush()
        for key, value in saved.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        self._wire.send("idle")

    def _run_interruptibly(self, code):
        cut_short = False
        interrupts.begin_cell()
        try:
            try:
                self._shell.run(code, self._cells)
                figures.show_all()
                streams.flush()
            except KeyboardInterrupt:
                cut_short = True
            except Exception as failure:  # a figure or a stream that a cell has broken
                self._shell.report(failure)
            interrupts.state.armed = False
        except KeyboardInterrupt:
            # A second interrupt, on the way out of the first.
            interrupts.state.armed = False
            cut_short = True
        if cut_short:
            self._shell.report(KeyboardInterrupt())
