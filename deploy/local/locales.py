"""UTF-8 locale for the processes of an instance, regardless of the terminal's locale."""

from __future__ import annotations

import locale

# C.UTF-8 has been part of glibc since 2.35; Debian added it earlier.
CANDIDATES = ("C.UTF-8", "C.utf8", "en_US.UTF-8")


def utf8_environment() -> dict[str, str]:
    """Return the variables that make Python and Java use UTF-8 for paths and text.

    Java derives the encoding of paths from the locale, so under LC_ALL=C it cannot open a folder named `ü`.
    """
    name = next((name for name in CANDIDATES if _is_available(name)), None)
    return {"PYTHONUTF8": "1"} | ({"LC_ALL": name} if name else {})


def _is_available(name: str) -> bool:
    previous = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_CTYPE, previous)
    return True
