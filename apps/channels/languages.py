"""English names of Twitch's language codes."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

# Twitch's own codes, which CLDR does not know or names otherwise.
_OF_TWITCH = {
    "asl": "American Sign Language",
    "other": "Other",
    "zh-hk": "Chinese (Hong Kong)",
}
# Names that saved searches may still hold.
_FORMER = {"traditional chinese": _OF_TWITCH["zh-hk"]}


@lru_cache(maxsize=1_000)  # visitors can send any text as a code
def language_name(code: str) -> str:
    """Return the English name of a language code, or the code itself where none is known.

    Source: Unicode CLDR, through Babel.
    """
    known = code.lower()
    if name := _OF_TWITCH.get(known) or _FORMER.get(known):
        return name
    english = Locale("en")
    language, dash, territory = known.partition("-")
    name = english.languages.get(language)
    if not dash:
        return name or code
    place = english.territories.get(territory.upper())
    return f"{name} ({place})" if name and place else code
