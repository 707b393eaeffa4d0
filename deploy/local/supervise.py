"""Runs supervisord, as a file: `python supervise.py -c supervisord.conf`.

A line that cannot be logged it reports on its standard error. Where that is a file on the same full disk, the report
fails as well, supervisord exits, and the kernel kills all of its programs. So its standard error drops what fails.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO


class LossyStream:
    """A text stream that drops what cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


if __name__ == "__main__":
    # Only here: the rest of this package runs before supervisor is installed.
    from supervisor.supervisord import main

    sys.stdout, sys.stderr = LossyStream(sys.stdout), LossyStream(sys.stderr)
    main()
