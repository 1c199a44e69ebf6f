"""The way of a forked kernel from the zygote into its sandbox. It ends where a kernel that was started begins.

The plan of the node has three parts, each after its length in 4 bytes, little-endian. First JSON:

==============  ==============================================================
``limits``      ``[[resource, soft, hard], ...]``, -1 for none
``bounding``    bounding set of capabilities, as a number
``locked``      whether it can get no new privileges
``user``        uid
``group``       gid
``groups``      supplementary groups
==============  ==============================================================

Then the system-call filter. Then what a tenant has a say in, which is not read before every right is gone, as JSON:

==============  ==============================================================
``directory``   where it starts
``variables``   its environment
==============  ==============================================================

The answer is ``ok PID`` with the pid as the sandbox sees it, or ``no WHY``; then the kernel is gone.
"""

import ctypes
import fcntl
import gc
import io
import json
import os
import resource
import site
import sys

from . import fresh, libc

_STANDARD_INPUT, _KERNEL_SOCKET = 0, 3
_MOST_DESCRIPTORS = 256
_UMASK = 0o022
# The pid namespace is the one it was forked into. The user namespace is entered first, whatever the order here.
_NAMESPACES = (libc.CLONE_NEWUSER | libc.CLONE_NEWNS | libc.CLONE_NEWIPC | libc.CLONE_NEWUTS | libc.CLONE_NEWNET
               | libc.CLONE_NEWCGROUP)


class Refused(Exception):
    """A kernel that is started would be another than this one."""


class Mark:
    """What a zygote has open, and the places that its imports came from, to be compared with those of a sandbox."""

    def __init__(self):
        self.pid = os.getpid()
        self.files = self._find_files()
        self._times = {path: self._time(path) for path in sys.path if path}

    def compare(self):
        """Raises ``Refused`` where packages have been installed, upgraded or removed that are imported here already.

        Installers add a directory for each version, so the time of the directory above it tells.
        """
        for path, time in self._times.items():
            if self._time(path) != time:
                raise Refused(f"packages have changed in {path}")
        # Of the user's own: they come before others, and some may be imported here already.
        if os.path.isdir(own := site.getusersitepackages()):
            raise Refused(f"packages in {own}")

    @staticmethod
    def _find_files():
        """What imports have left open: ``/dev/null``, and a font of matplotlib's."""
        names = {file.fileno(): file.name for file in gc.get_objects() if isinstance(file, io.FileIO) and not file.closed}
        files = []
        for number in range(_KERNEL_SOCKET + 1, _MOST_DESCRIPTORS):
            try:
                flags = fcntl.fcntl(number, fcntl.F_GETFL)
            except OSError:
                continue
            if not isinstance(names.get(number), str):
                raise RuntimeError(f"an import has left descriptor {number} open")
            files.append((number, names[number], flags & os.O_ACCMODE | os.O_CLOEXEC))
        return files

    @staticmethod
    def _time(path):
        try:
            return os.stat(path).st_mtime_ns
        except OSError:
            return None


def enter(descriptors, shell, mark):
    """Enters the sandbox and drops everything. Returns the fd of the kernel's socket."""
    process, wire, kernel, stdout, stderr, *groups = descriptors
    try:
        rights, program = json.loads(_read_part(wire)), _read_part(wire)
        # 1. The limits, before there is anything to be limited.
        for number in groups:
            os.write(number, b"0")
        for which, soft, hard in rights["limits"]:
            resource.setrlimit(which, (soft, hard))
        # 2. The namespaces. No right over the host's from here on.
        libc.set_namespaces(process, _NAMESPACES)
        # 3. All rights over its own.
        os.setsid()
        os.umask(_UMASK)
        libc.leave_keyring()
        libc.keep_bounding_capabilities(rights["bounding"])
        if rights["locked"]:
            libc.forbid_new_privileges()
        libc.install_filter(program)
        os.setgroups(rights["groups"])
        os.setresgid(*[rights["group"]] * 3)
        os.setresuid(*[rights["user"]] * 3)
        libc.drop_capabilities()
        # 4. Every descriptor but its own, then it may be looked at by its user.
        wire = _take_descriptors(wire, kernel, stdout, stderr, mark.files)
        if libc.read_capabilities() != 0 or os.getresuid() != (rights["user"],) * 3 or os.getresgid() != (rights["group"],) * 3:
            raise Refused("rights are left")
        libc.set_dumpable(True)
        # 5. As a program starts.
        start = json.loads(_read_part(wire))
        os.chdir(start["directory"])
        fresh.renew(shell, start["variables"], mark.pid)
        mark.compare()
    except BaseException as failure:
        _answer(wire, f"no {failure}")
        os._exit(1)
    _answer(wire, f"ok {os.getpid()}")
    os.close(wire)
    return _KERNEL_SOCKET


def leave(status):
    """Ends this process as the end of a program does: atexit functions run, what is buffered is written."""
    ctypes.pythonapi.Py_Exit(status)


def _take_descriptors(wire, kernel, stdout, stderr, files):
    """Gives them the numbers that a kernel has them by, and closes all others. Returns the number of ``wire``.

    The files that imports have left open are opened anew: copies would share their position with those of other tenants.
    """
    places = {number: place for number, _, _ in files if (place := _place(number)) is not None}
    plan = max((_KERNEL_SOCKET, *places)) + 1
    wire, kernel, stdout, stderr = (_above(plan, number) for number in (wire, kernel, stdout, stderr))
    for source, target in ((stdout, 1), (stderr, 2), (kernel, _KERNEL_SOCKET), (wire, plan)):
        os.dup2(source, target, inheritable=target < plan)
    os.closerange(_KERNEL_SOCKET + 1, plan)
    os.closerange(plan + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    _open_as(_STANDARD_INPUT, "/dev/null", os.O_RDWR, inheritable=True)
    for number, path, flags in files:
        if number in places:
            _open_as(number, path, flags, inheritable=False)
            os.lseek(number, places[number], os.SEEK_SET)
    return plan


def _place(number):
    """Where reading goes on; None where it has been closed by now: matplotlib drops its fonts in a fork."""
    try:
        return os.lseek(number, 0, os.SEEK_CUR)
    except OSError:
        return None


def _open_as(number, path, flags, inheritable):
    opened = os.open(path, flags)
    if opened != number:
        os.dup2(opened, number, inheritable)
        os.close(opened)


def _above(least, number):
    return number if number > least else os.dup(number)


def _read_part(wire):
    length = int.from_bytes(_read(wire, 4), "little")
    return _read(wire, length)


def _read(wire, count):
    data = bytearray()
    while len(data) < count:
        piece = os.read(wire, count - len(data))
        if not piece:
            raise EOFError("the node has hung up")
        data += piece
    return bytes(data)


def _answer(wire, text):
    try:
        os.write(wire, text.encode("utf-8", "replace")[:512])
    except OSError:
        # Nobody waits for it any more.
        pass
