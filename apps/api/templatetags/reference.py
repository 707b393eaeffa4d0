"""Filters for text from the API description: backticks mark code, blank lines separate paragraphs."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def inline_code(text: str) -> SafeString:
    """Return text with its backticks replaced by code elements."""
    return mark_safe(re.sub(r"`([^`]*)`", r"<code>\1</code>", conditional_escape(text)))  # noqa: S308  it is escaped


@register.filter
def paragraphs(text: str) -> SafeString:
    """Return text as paragraphs with code elements."""
    return format_html_join("", "<p>{}</p>", ((inline_code(part),) for part in text.split("\n\n") if part.strip()))
