"""Content of the demo account on an instance with the simulated Twitch: a watchlist, a segment and notes."""

from __future__ import annotations

from apps.accounts.models import User
from apps.dashboard.channel.notes import add_note
from apps.workspaces import services as watchlists
from apps.workspaces.models import Watchlist
from apps.workspaces.segments import save_segment
from core.pipeline.records import EventRecord
from core.times import DAY_MS
from simulator.history import History

WATCHLIST = "Candidates for spring"
SEGMENT = "English, 1,000 to 5,000 viewers, over a week"
SEGMENT_QUERY = "range=7d&language=English&band=1000"
WATCHED, NOTES = 6, 2


def add_demo_content(user: User, history: History, until_ms: int) -> None:
    """Add a watchlist of mid-size channels, a segment and notes on raids to an account without a watchlist."""
    if Watchlist.objects.filter(owner=user).exists():
        return
    ids = [channel.id for channel in history.channels[len(history.channels) // 12 :][:WATCHED]]
    watchlists.put(watchlist=watchlists.create(owner=user, name=WATCHLIST), channel_ids=ids)
    save_segment(owner=user, name=SEGMENT, query=SEGMENT_QUERY)
    raids = [raid for raid in history.raids(until_ms - DAY_MS, until_ms) if raid.channel_id in ids]
    for raid in raids[-NOTES:]:
        add_note(user=user, channel_id=raid.channel_id, at_ms=raid.at_ms, text=_text(raid), now_ms=until_ms)


def _text(raid: EventRecord) -> str:
    return f"Raid of {raid.count or 0:,} viewers: does the audience stay?"
