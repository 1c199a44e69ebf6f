"""SIGINT interrupts a running cell, and nothing else.

The handler stays installed for the life of the kernel and raises ``KeyboardInterrupt`` only while a cell runs. A
message that is being sent is never torn: the exception waits until it is out.
"""

import signal
import threading


class _State:
    """``armed`` is a plain attribute so that clearing it is one store, with no call in which a signal could strike."""

    armed = False
    raised = False
    shielded = 0
    pending = False


state = _State()


def install():
    """Takes SIGINT back, also from a cell that put its own handler there."""
    signal.signal(signal.SIGINT, _on_sigint)


def begin_cell():
    """Called before a cell; SIGINT raises from here until ``state.armed`` is false again."""
    install()
    state.pending = False
    state.raised = False
    state.armed = True


def _on_sigint(_signum, _frame):
    if not state.armed:
        return
    if state.shielded:
        state.pending = True
        return
    state.raised = True
    raise KeyboardInterrupt


class _Shield:
    """``with shield:`` holds an interrupt back until the block is done. Only the main thread gets signals."""

    def __enter__(self):
        if threading.get_ident() == threading.main_thread().ident:
            state.shielded += 1

    def __exit__(self, *_):
        if threading.get_ident() != threading.main_thread().ident:
            return
        state.shielded -= 1
        if state.pending and not state.shielded:
            state.pending = False
            _on_sigint(None, None)


shield = _Shield()
