"""The checker of Python code: a driver with the protocol of ``../PROTOCOL.md`` that parses a cell and never runs it."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from monkeycoder_check import driver  # noqa: E402  (found next to this file)

if __name__ == "__main__":
    driver.main()
