"""The system calls of a zygote that Python has no function for."""

import ctypes
import os
import platform
import signal

CLONE_VM = 0x100
CLONE_VFORK = 0x4000
CLONE_NEWNS = 0x20000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_KEYCTL_JOIN_SESSION_KEYRING = 1
_CAPABILITY_VERSION = 0x20080522
_PROT_READ_WRITE = 3
_MAP_PRIVATE_ANONYMOUS_NORESERVE_STACK = 0x2 | 0x20 | 0x4000 | 0x20000
_PAGE_BYTES = 4096
_STACK_BYTES = 8 << 20

_IS_ARM = platform.machine() == "aarch64"
_SECCOMP = 277 if _IS_ARM else 317
_KEYCTL = 219 if _IS_ARM else 250

# PyDLL keeps the GIL: a process made in a call must find it held by itself.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
_libc.syscall.argtypes = [ctypes.c_long] + [ctypes.c_void_p] * 3
_libc.syscall.restype = ctypes.c_long
_Entry = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_libc.clone.argtypes = [_Entry, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilityData(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def _check(result, call):
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"{call}: {os.strerror(errno)}")
    return result


def set_namespaces(pidfd, kinds):
    """setns(2): into those namespaces of a process."""
    _check(_libc.setns(pidfd, kinds), "setns")


def set_dumpable(value):
    """PR_SET_DUMPABLE: whether others of the same user may look into this process."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, int(value), 0, 0, 0), "prctl(PR_SET_DUMPABLE)")


def keep_bounding_capabilities(mask):
    """Drops what is not in ``mask`` from the bounding set."""
    for capability in range(64):
        if not mask >> capability & 1:
            # Numbers that this kernel does not know are refused: it has no such capability to drop.
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def drop_capabilities():
    """Empties the effective, permitted and inheritable sets."""
    header = _CapabilityHeader(_CAPABILITY_VERSION, 0)
    _check(_libc.capset(ctypes.byref(header), ctypes.byref((_CapabilityData * 2)())), "capset")


def read_capabilities():
    """The effective and permitted sets in one number; 0 where there are none."""
    header, data = _CapabilityHeader(_CAPABILITY_VERSION, 0), (_CapabilityData * 2)()
    _check(_libc.capget(ctypes.byref(header), ctypes.byref(data)), "capget")
    return sum(part.effective | part.permitted for part in data)


def forbid_new_privileges():
    """PR_SET_NO_NEW_PRIVS"""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")


def install_filter(program):
    """seccomp(2): ``program`` is an array of struct sock_filter as bytes."""
    described = _Program(len(program) // 8, program)
    _check(_libc.syscall(_SECCOMP, _SECCOMP_SET_MODE_FILTER, 0, ctypes.addressof(described)), "seccomp")


def leave_keyring():
    """A session keyring of its own, where the kernel has keyrings."""
    _libc.syscall(_KEYCTL, _KEYCTL_JOIN_SESSION_KEYRING, 0, 0)


class Stack:
    """A stack for ``run_beside``, as large as the one a program starts with, with a page below it that nothing may touch."""

    def __init__(self):
        base = _libc.mmap(None, _STACK_BYTES, _PROT_READ_WRITE, _MAP_PRIVATE_ANONYMOUS_NORESERVE_STACK, -1, 0)
        if base in (None, ctypes.c_void_p(-1).value):
            raise MemoryError("no room for a second stack")
        _check(_libc.mprotect(base, _PAGE_BYTES, 0), "mprotect")
        self.top = base + _STACK_BYTES


def run_beside(function, stack):
    """Runs ``function()`` in a new process that shares this one's memory, while this one waits; its wait status.

    clone(2) with CLONE_VM and CLONE_VFORK. The process works on another stack and ends where ``function`` returns, so
    that this one finds the interpreter as it left it - unless it was killed on the way.
    """
    def enter(_argument):
        try:
            function()
        except BaseException:
            return 1
        return 0

    entry = _Entry(enter)
    pid = _check(_libc.clone(entry, stack.top, CLONE_VM | CLONE_VFORK | signal.SIGCHLD, None), "clone")
    return os.waitpid(pid, 0)[1]
