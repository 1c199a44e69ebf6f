"""The Python kernel driver: ``python3 main.py`` with the protocol socket on fd 3 (see ``../PROTOCOL.md``)."""

import os
import signal
import sys

# Until the driver has its own handler. A SIGINT that meets no running cell does nothing.
signal.signal(signal.SIGINT, signal.SIG_IGN)

# The driver's directory is read-only for the sandbox user; a cell's own imports write bytecode as everywhere else.
_WRITE_NO_BYTECODE = sys.dont_write_bytecode
sys.dont_write_bytecode = True

# A kernel that may be forked has one thread, and BLAS starts its pool on import. These are defaults a user can see
# and change for the programs a cell starts.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from monkeycoder_kernel import kernel  # noqa: E402  (the environment comes first)

sys.dont_write_bytecode = _WRITE_NO_BYTECODE

if __name__ == "__main__":
    kernel.main(driver_directory=os.path.dirname(os.path.abspath(__file__)))
