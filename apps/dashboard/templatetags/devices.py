"""Device names for templates."""

from __future__ import annotations

from django import template

from apps.accounts.devices import device_of

register = template.Library()
register.filter("device", device_of)
