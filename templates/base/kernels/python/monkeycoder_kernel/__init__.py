"""Runs the cells of one context: IPython behind a socket.

Where to change what:

=================  ==========================================================
``kernel``         the loop that reads requests, and what surrounds a cell
``channel``        the wire on fd 3
``interrupts``     SIGINT, only while a cell runs
``shell``          IPython without a terminal, a history file or a profile
``errors``         what raised, as an ``error`` message
``streams``        stdout and stderr of the cell
``processes``      ``!command`` and ``%%bash``
``results``        a MIME bundle as a ``result`` message
``plain``          Python values as JSON values
``formatters``     which types have ``json``, ``data`` and ``chart``
``figures``        matplotlib figures of a cell; ``mpl_backend`` is the backend
``charts``         what a figure shows, as numbers
``images``         Pillow's ``show`` and ``save``
``imports``        acts when a module is first imported
``preload``        warms a kernel, or a zygote that forks kernels
``zygote``         the process that kernels are forked from
``entrance``       the way of such a fork into its sandbox
``fresh``          what forks must not have in common
``libc``           system calls for both
=================  ==========================================================
"""
