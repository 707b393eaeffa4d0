"""Operations of onboarding: start it, set the role, store selections, advance and finish."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.dashboard.models import FirstVisit
from apps.live.search import LANGUAGE_NAME_MAX
from apps.workspaces import services as watchlists
from apps.workspaces.models import Watchlist
from core.channels.account import is_twitch_id
from core.channels.stream import CATEGORY_MAX
from core.errors import Refused
from core.inputs.readable_text import one_line
from core.metrics.bands import BAND

PICKED_MAX = 50


def begin(*, user: User) -> FirstVisit:
    """Start the first visit of an account, or restart it without its former selections."""
    FirstVisit.objects.filter(user=user).delete()
    return FirstVisit.objects.create(user=user)


def record_step(*, visit: FirstVisit, step: int) -> None:
    """Record the opened step, at which the visit resumes."""
    visit.step = step
    visit.seen_at = visit.seen_at or timezone.now()
    visit.save(update_fields=["step", "seen_at"])


def choose_role(*, visit: FirstVisit, role: str) -> None:
    """Save the role; "" means not chosen."""
    visit.role = role if role in FirstVisit.Role.values else ""
    visit.save(update_fields=["role"])


def choose(*, visit: FirstVisit, language: str, category: str, band: str) -> None:
    """Save the interests; "" means any."""
    visit.language = one_line(language, LANGUAGE_NAME_MAX)
    visit.category = one_line(category, CATEGORY_MAX)
    visit.band = band if band in BAND else ""
    visit.save(update_fields=["language", "category", "band"])


def pick(*, visit: FirstVisit, channel_ids: Iterable[str]) -> None:
    """Save the picked channels, in the given order."""
    visit.channels = [channel_id for channel_id in dict.fromkeys(channel_ids) if is_twitch_id(channel_id)][:PICKED_MAX]
    visit.save(update_fields=["channels"])


@transaction.atomic
def make_watchlist(*, visit: FirstVisit, name: str) -> Watchlist:
    """Create a watchlist of the picked channels. Raises: Refused."""
    if not visit.channels:
        raise Refused("No channels selected yet. Go back and select some, or create a list later.")
    watchlist = watchlists.create(owner=visit.user, name=name)
    for channel_id in visit.channels:
        watchlists.add(owner=visit.user, channel_id=channel_id, watchlist=watchlist)
    visit.watchlist = watchlist
    visit.save(update_fields=["watchlist"])
    return watchlist


def end(*, visit: FirstVisit) -> None:
    """End a first visit, finished or not; it is not shown again unless restarted."""
    visit.done_at = timezone.now()
    visit.save(update_fields=["done_at"])
