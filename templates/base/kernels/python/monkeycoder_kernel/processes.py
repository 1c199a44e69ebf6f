"""``!command``, ``x = !command`` and ``%%bash``: children that write straight to the cell's stdout and stderr."""

import os
import signal
import subprocess

from IPython.core.magic import cell_magic, magics_class
from IPython.core.magics.script import ScriptMagics
from IPython.core import magic_arguments
from IPython.core.magics.script import script_args
from IPython.utils.process import arg_split

from . import streams

_SHELL = "/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh"
_GRACE_SECONDS = 2


def system(command):
    """Runs ``command`` in a shell; its exit status, or minus the signal that killed it."""
    return _wait(subprocess.Popen(command, shell=True, executable=_SHELL))


def get_output(command):
    """stdout and stderr of ``command`` as one text."""
    done = subprocess.run(command, shell=True, executable=_SHELL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode("utf-8", "backslashreplace")


def _wait(process, text=None):
    """Waits for a child; an interrupt ends it first. SIGINT reached it already: it is in the kernel's group."""
    try:
        process.communicate(text)
        return process.returncode
    except BaseException:
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise


@magics_class
class DirectScriptMagics(ScriptMagics):
    """``%%bash`` and its like without IPython's thread in between: binary output and lines of any length pass.

    With ``--bg``, ``--out`` or ``--err`` it is IPython's own magic.
    """

    @magic_arguments.magic_arguments()
    @script_args
    @cell_magic("script")
    def shebang(self, line, cell):
        """Run a cell via a shell command: ``%%script bash``."""
        args, command = self.shebang.parser.parse_known_args(arg_split(line, posix=True))
        if args.bg or args.out or args.err:
            return super().shebang(line, cell)
        streams.flush()
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, restore_signals=True)
        except FileNotFoundError:
            print(f"Couldn't find program: {command[0]!r}")
            return None
        text = cell if cell.endswith("\n") else cell + "\n"
        status = _wait(process, text.encode("utf-8", "replace"))
        if status == -signal.SIGINT:
            raise KeyboardInterrupt
        if args.raise_error and status != 0:
            raise subprocess.CalledProcessError(status, cell)
        return None
