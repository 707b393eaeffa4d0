"""Replace this process with a program that the kernel kills when the supervisor dies, so that no orphan remains.

Run as a file: `python -I -S launcher.py NICENESS PROGRAM ARGUMENT…`. Source: prctl(2), PR_SET_PDEATHSIG, which is
preserved across exec.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    niceness, *words = sys.argv[1:]
    os.nice(int(niceness))
    try:
        os.execvp(words[0], words)
    except OSError as error:
        sys.exit(f"{words[0]}: {error.strerror}")
