"""Twitchly's settings, one module per subject. `.env.example` lists all variables; a test verifies this.

Each module reads its variables once, as typed values, and then checks that they are consistent.
"""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from environs.exceptions import EnvError

try:
    from twitchly.settings.accounts import *
    from twitchly.settings.api import *
    from twitchly.settings.applications import *
    from twitchly.settings.databases import *
    from twitchly.settings.environment import *
    from twitchly.settings.messaging import *
    from twitchly.settings.metrics import *
    from twitchly.settings.monitoring import *
    from twitchly.settings.pages import *
    from twitchly.settings.security import *
    from twitchly.settings.twitch import *
except EnvError as error:
    raise ImproperlyConfigured(str(error)) from error
