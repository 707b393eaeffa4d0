"""JavaScript modules of a page: the entry, and hints to load all of its imports at once."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from pathlib import Path

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_IMPORT = re.compile(r"""^(?:import|\} from|import .* from) "(\.{1,2}/[^"]+)";$""", re.MULTILINE)


@register.simple_tag
def module(path: str) -> SafeString:
    """Return the tags for an entry module. Without hints, browsers would discover its imports level by level."""
    return _tags(path, static(path))


@lru_cache
def _tags(path: str, url: str) -> SafeString:
    """Return the tags for a module with this URL, which changes with the URLs of its imports."""
    hints = format_html_join("", '<link rel="modulepreload" href="{}">', ((static(name),) for name in imports_of(path)))
    return format_html('{}<script type="module" src="{}"></script>', hints, url)


def imports_of(path: str) -> tuple[str, ...]:
    """Return all modules that a module imports, directly or indirectly, in the order in which they are found."""
    found: dict[str, None] = {}
    pending = [path]
    while pending:
        for name in _direct_imports(pending.pop(0)):
            if name not in found and name != path:
                found[name] = None
                pending.append(name)
    return tuple(found)


def _direct_imports(path: str) -> list[str]:
    file = finders.find(path)
    if file is None:
        return []
    folder = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(folder, name)) for name in _IMPORT.findall(Path(file).read_text())]
