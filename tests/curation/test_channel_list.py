"""The channel list of the admin site: live columns, the reason for tracking each channel, and the number of queries."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from apps.channels.models import Channel
from apps.curation.models import OptOut
from apps.dashboard.curation.channel_rows import ranker
from tests.curation.test_admin import CHANNEL, channel, page_of
from tests.dashboard.conftest import Boards, use_redis
from tests.staff import staff_client

pytestmark = pytest.mark.django_db
COLUMNS = ("state", "rank", "viewers_now", "coverage", "messages", "why")
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def client(boards: Boards, quick_settings: None) -> Client:
    return staff_client("curator")


def rows(client: Client, query: str = "") -> dict[str, tuple[str, ...]]:
    """Return the text of the live columns by login."""
    page = page_of(client, f"{CHANNEL}{query}")
    result = {}
    for line in re.findall(r'<tr><td class="action-checkbox">.*?</tr>', page):
        (login,) = re.findall(r'/change/[^"]*">(.*?)</a>', line)
        cells = [re.findall(rf'<td class="field-{name}">(.*?)</td>', line) for name in COLUMNS]
        result[login] = tuple(re.sub(r"<.*?>", "", cell) for (cell,) in cells)
    return result


def test_live_channels_show_their_state_and_values(client: Client, boards: Boards, settings: Settings) -> None:
    settings.CHANNELS_WANTED = 2
    channel("1", is_wanted=True, viewers=900, last_seen_at=THEN)
    channel("2", is_wanted=True, viewers=12_000, last_seen_at=THEN)
    channel("3", is_wanted=True, viewers=500, last_seen_at=THEN)
    boards.write_viewers({"1": 1_000}, observed_ms=15_000, messages=30)
    result = rows(client)
    assert result["channel2"] == (
        "live",
        "1",
        "12,418",
        "100.0%",
        "60",
        "Tracked: rank 1 by viewers (the top 2 are tracked).",
    )
    assert result["channel1"][:5] == ("live", "2", "1,000", "50.0%", "≥ 30")
    assert result["channel3"][-1] == "Tracked until it falls below rank 2 by viewers; now rank 3."


@pytest.mark.parametrize(
    ("fields", "state", "why"),
    [
        ({"is_wanted": True, "viewers": 70}, "live, not heard", "Tracked: rank 1 by viewers"),
        (
            {"is_wanted": True, "offline_since": THEN},
            "offline",
            "Tracked for up to 10 more minutes, because its stream has ended.",
        ),
        ({}, "offline", "Not tracked: not among the 500 most viewed live channels."),
        ({"last_seen_at": None}, "never seen live", "Not tracked: not among"),
        ({"pinned": True, "reason": "partner"}, "offline", "Tracked: pinned by the curators. Reason: partner."),
        ({"blocked": True, "reason": "law"}, "offline", "removed from the list by the curators. Reason: law."),
    ],
)
def test_the_list_says_why_each_channel_is_tracked(
    client: Client, fields: dict[str, Any], state: str, why: str
) -> None:
    channel("7", **{"last_seen_at": THEN, **fields})
    row = rows(client)["channel7"]
    assert row[0] == state
    assert why in row[-1]
    assert row[3:5] == ("–", "–")


def test_the_list_says_that_a_channel_has_opted_out(client: Client) -> None:
    channel("7", is_wanted=True)
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="7")
    assert rows(client)["channel7"][-1] == "Not tracked: the channel has opted out."


def test_a_channel_with_chat_after_the_end_of_its_stream_is_not_live(client: Client, boards: Boards) -> None:
    boards.list_channel("1", "Alpha", live=False)
    channel("1", offline_since=THEN, last_seen_at=THEN)
    state, rank, viewers, coverage, *_ = rows(client)["channel1"]
    assert (state, rank, viewers, coverage) == ("stream ended", "–", "–", "100.0%")


def test_without_redis_the_list_shows_what_twitch_reported(client: Client, settings: Settings) -> None:
    use_redis(settings, "redis://127.0.0.1:1")
    channel("1", is_wanted=True, viewers=70)
    assert rows(client)["channel1"][:5] == ("live", "1", "70", "–", "–")
    assert "Redis is not responding." in page_of(client, CHANNEL)


def test_states_are_words_instead_of_red_crosses(client: Client) -> None:
    channel("1", is_wanted=True)
    table = page_of(client, CHANNEL).partition('id="result_list"')[2].partition("</table>")[0]
    assert "icon-no" not in table
    assert '<span class="state state-live">live</span>' in table


def test_an_empty_list_reads_no_live_values(client: Client) -> None:
    assert rows(client) == {}
    assert "Redis is not responding." not in page_of(client, CHANNEL)


def test_hostile_reasons_are_escaped(client: Client) -> None:
    channel("7", pinned=True, reason="<script>alert(1)</script>")
    assert "Reason: &lt;script&gt;alert(1)&lt;/script&gt;." in page_of(client, CHANNEL)


def test_the_number_of_queries_does_not_grow_with_the_rows(client: Client) -> None:
    counts = []
    for numbers in (range(100, 102), range(200, 250)):
        Channel.objects.bulk_create(
            Channel(id=str(number), login=f"channel{number}", name="A", is_wanted=True) for number in numbers
        )
        page_of(client, CHANNEL)
        with CaptureQueriesContext(connection) as queries:
            page_of(client, CHANNEL)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_ranks_count_the_channels_with_more_viewers() -> None:
    rank_of = ranker([10, 20, 20, 30])
    assert [rank_of(viewers) for viewers in (31, 30, 20, 15, 5)] == [1, 1, 2, 4, 5]
