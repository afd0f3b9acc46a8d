"""The command ``fencepost``, in this process."""

from __future__ import annotations

import signal
import sys

from ._fencepost import main as _main


def main() -> int:
    """Runs the command with the arguments of this process, and returns its exit code."""
    # The command's own answer to Ctrl-C, and to no answer at all: Python's would only be heard at the end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _main([sys.executable, "-m", "fencepost"], ["fencepost", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
