"""A process that has everything imported and never runs a cell: kernels are forked from it, straight into their sandboxes.

The node starts it as it starts a kernel, but in none of the sandboxes and with a SOCK_SEQPACKET socket on fd 3. Each
packet from the node is one kernel to fork; with it come descriptors, in this order:

====  =====================================================================
0     pidfd of the sandbox's first process, whose namespaces are entered
1     stream socket to the node: the plan is read from it, the answer written
2     the kernel's fd 3 (see ``../PROTOCOL.md``)
3, 4  its stdout and stderr
5...  ``cgroup.procs`` files of the groups it joins
====  =====================================================================

The answer to a packet is ``ok``, or ``failed`` and why. This process reads nothing else: what the plan says about a
tenant (variables, paths) reaches the fork alone, so that no later fork can find it in its memory.
"""

import gc
import os
import socket
import sys

from . import entrance, libc, preload

_MOST_DESCRIPTORS = 64
_PACKET_BYTES = 64


def run(made, fd, serve):
    """Forks kernels of the shell ``made`` until the node has gone; each calls ``serve(made, fd)``."""
    libc.set_dumpable(False)
    preload.everything(made)
    gc.collect()
    zygote = _Zygote(made, socket.socket(fileno=fd), serve)
    # What is there now is never looked at by the collector again, so that forks do not copy pages for it.
    gc.freeze()
    zygote.run()


class _Zygote:
    def __init__(self, made, wire, serve):
        self._made = made
        self._wire = wire
        self._serve = serve
        self._mark = entrance.Mark()
        self._home = os.pidfd_open(os.getpid())
        self._stack = libc.Stack()

    def run(self):
        self._wire.send(b"ready")
        while True:
            packet, descriptors, _flags, _address = socket.recv_fds(self._wire, _PACKET_BYTES, _MOST_DESCRIPTORS)
            if not packet:
                # The node is gone. Nothing is left to be done for anybody.
                os._exit(0)
            try:
                self._fork(descriptors)
                answer = b"ok"
            except OSError as failure:
                answer = f"failed {failure}".encode()[:_PACKET_BYTES]
            finally:
                for number in descriptors:
                    os.close(number)
            self._wire.send(answer)

    def _fork(self, descriptors):
        """The kernel becomes a child of the sandbox's first process: its parent, which is in the same pid namespace, ends.

        That parent shares the memory of this process, so that only the kernel itself costs a copy of page tables.
        """
        libc.set_namespaces(descriptors[0], libc.CLONE_NEWPID)
        try:
            status = libc.run_beside(lambda: self._fork_kernel(descriptors), self._stack)
        finally:
            libc.set_namespaces(self._home, libc.CLONE_NEWPID)
        if os.WIFSIGNALED(status):
            # Killed with its sandbox while it worked in our memory: who knows in what state that is. The node starts another.
            os._exit(1)
        if status != 0:
            raise OSError(0, "fork")

    def _fork_kernel(self, descriptors):
        if os.fork() != 0:
            return
        # From here on in the kernel, which never returns.
        try:
            self._wire.detach()
            fd = entrance.enter(descriptors, self._made, self._mark)
            self._serve(self._made, fd)
            entrance.leave(0)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            entrance.leave(1)
