"""The locale of an instance's processes: one with UTF-8, whatever the terminal's is."""

from __future__ import annotations

import locale

# The first is part of glibc since 2.35, and of Debian's for longer.
CANDIDATES = ("C.UTF-8", "C.utf8", "en_US.UTF-8")


def utf8_environment() -> dict[str, str]:
    """Return the variables that make Python and Java use UTF-8 for paths and text.

    Java takes the encoding of paths from the locale alone: under LC_ALL=C it cannot open a folder called `ü`.
    """
    found = next((name for name in CANDIDATES if _is_there(name)), None)
    return {"PYTHONUTF8": "1"} | ({"LC_ALL": found} if found else {})


def _is_there(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_CTYPE, before)
    return True
