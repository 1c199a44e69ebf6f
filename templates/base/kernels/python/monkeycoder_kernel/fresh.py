"""What forks of one zygote must not have in common, and what a kernel finds out when it starts."""

import os
import pathlib
import sys
import time


def renew(shell, variables, zygote_pid):
    """Makes this process look like one that has just been started in its directory with these ``variables``."""
    _set_environment(variables)
    time.tzset()
    _forget("tempfile", _name_sequence=None, tempdir=None)
    _forget("platform", _uname_cache=None, _platform_cache={})
    _forget("uuid", _node=None, _last_timestamp=None)
    if (processes := sys.modules.get("multiprocessing.process")) is not None:
        processes.current_process().authkey = os.urandom(32)
    if os.getpid() == zygote_pid and (ssl := sys.modules.get("ssl")) is not None:
        # OpenSSL tells forks by their pid, which in a pid namespace may happen to be that of the zygote.
        ssl.RAND_add(os.urandom(32), 32.0)
    # ``random`` seeds itself in every fork, and the kernel seeds it and numpy again before its first cell.
    # The finders of imports look at the times of their directories by themselves.
    shell.starting_dir = os.getcwd()
    shell.user_ns["_dh"][:] = [pathlib.Path.cwd()]


def _set_environment(variables):
    # What the interpreter and main.py have set on their own is in a kernel that was started, too.
    for name in list(os.environ):
        if name not in variables and name not in _OURS:
            del os.environ[name]
    os.environ.update(variables)


def _forget(module, **values):
    if (loaded := sys.modules.get(module)) is not None:
        for name, value in values.items():
            if hasattr(loaded, name):
                setattr(loaded, name, value)


# LC_CTYPE: PEP 538.
_OURS = ("LC_CTYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
