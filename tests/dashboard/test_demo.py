"""The content of the demo account."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.dashboard.demo import NOTES, SEGMENT, WATCHED, WATCHLIST, add_demo_content
from apps.live.search import read_saved
from apps.workspaces import services as watchlists
from apps.workspaces.models import Note, Segment, Watchlist
from simulator.history import History

UNTIL_MS = 1_795_609_200_000


@pytest.fixture
def history() -> History:
    return History(channels=120, rate=20.0, seed=7)


def test_the_demo_account_has_a_watchlist_a_segment_and_notes(signed_in: Client, history: History) -> None:
    user = User.objects.get()
    add_demo_content(user, history, UNTIL_MS)
    watchlist = Watchlist.objects.get(owner=user, name=WATCHLIST)
    assert watchlist.watched.count() == WATCHED
    search = read_saved(Segment.objects.get(owner=user, name=SEGMENT).query)
    assert (search.range, search.languages, search.bands, search.errors) == ("7d", ("English",), ("1000",), ())
    notes = Note.objects.filter(user=user)
    assert 0 < notes.count() <= NOTES
    assert {note.channel_id for note in notes} <= set(watchlist.watched.values_list("channel_id", flat=True))
    add_demo_content(user, history, UNTIL_MS)
    assert Watchlist.objects.count() == 1


def test_an_account_with_a_watchlist_is_not_changed(signed_in: Client, history: History) -> None:
    user = User.objects.get()
    watchlists.create(owner=user, name="Mine")
    add_demo_content(user, history, UNTIL_MS)
    assert not Segment.objects.exists()
