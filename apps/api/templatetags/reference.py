"""Texts of the description as the reference shows them: backticks are code, blank lines divide paragraphs."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def coded(text: str) -> SafeString:
    """Return a text with what stands between backticks as code."""
    return mark_safe(re.sub(r"`([^`]*)`", r"<code>\1</code>", conditional_escape(text)))  # noqa: S308  it is escaped


@register.filter
def said(text: str) -> SafeString:
    """Return the same in paragraphs."""
    return format_html_join("", "<p>{}</p>", ((coded(part),) for part in text.split("\n\n") if part.strip()))
