"""Run supervisord so that a full disk does not stop it. Run as a file: `python supervise.py -c supervisord.conf`.

supervisord reports failed log writes on its standard error. If that is a file on the same full disk, the report also
fails, supervisord exits, and the kernel kills all its programs. Its standard error therefore ignores failed writes.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO


class LossyStream:
    """A text stream that ignores failed writes."""

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
    # Imported here because the rest of this package runs before supervisor is installed.
    from supervisor.supervisord import main

    sys.stdout, sys.stderr = LossyStream(sys.stdout), LossyStream(sys.stderr)
    main()
