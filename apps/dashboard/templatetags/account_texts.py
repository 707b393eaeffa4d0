"""Text on allauth's pages: headings and buttons in sentence case, and a contact address."""

from __future__ import annotations

import re

from django import template
from django.conf import settings
from django.template.defaultfilters import stringfilter
from django.utils.html import format_html

register = template.Library()

_NAMES = frozenset({"Twitch", "Twitchly"})
_TITLE_CASE = re.compile(r"[A-Z][a-z']*(?:-[A-Z]?[a-z']+)*[?!.…]?")


@register.filter(is_safe=True)
@stringfilter
def sentence_case(text: str) -> str:
    """Return a heading or button label in sentence case; names and words with other capitals are unchanged."""
    result: list[str] = []
    is_first = True
    for word in re.split(r"(\s+)", text):
        if _TITLE_CASE.fullmatch(word) and word.rstrip("?!.…") not in _NAMES:
            result.append(word[0] + word[1:].lower() if is_first else word.lower())
        else:
            result.append(word)
        is_first = is_first and not word.strip()
    return "".join(result)


@register.filter(is_safe=True)
def with_contact(text: str) -> str:
    """Return a paragraph of HTML in which "contact us" links to the operator's email address."""
    address = settings.CONTACT_EMAIL
    contact = (
        format_html('contact <a href="mailto:{}">{}</a>', address, address)
        if address
        else "contact the operator of this instance"
    )
    return text.replace("contact us", contact)
