"""English names of Twitch's language codes."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

# Twitch-specific codes that CLDR lacks or names differently.
_TWITCH_NAMES = {
    "asl": "American Sign Language",
    "other": "Other",
    "zh-hk": "Chinese (Hong Kong)",
}
# Former names that saved searches may still contain.
_FORMER_NAMES = {"traditional chinese": _TWITCH_NAMES["zh-hk"]}


@lru_cache(maxsize=1_000)  # visitors can send any string as a code
def language_name(code: str) -> str:
    """Return the English name for a language code, or the code itself if no name is known.

    Source: Unicode CLDR, through Babel.
    """
    known = code.lower()
    if name := _TWITCH_NAMES.get(known) or _FORMER_NAMES.get(known):
        return name
    english = Locale("en")
    language, dash, territory = known.partition("-")
    name = english.languages.get(language)
    if not dash:
        return name or code
    region = english.territories.get(territory.upper())
    return f"{name} ({region})" if name and region else code
