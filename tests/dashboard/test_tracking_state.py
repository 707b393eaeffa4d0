"""The tracking state on a channel's page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from apps.channels.models import Channel
from apps.curation.models import OptOut
from apps.dashboard.channel.tracking import tracking_state
from tests.dashboard.conftest import Boards
from tests.pages import read_page

pytestmark = pytest.mark.django_db
END = datetime(2027, 1, 2, 18, 30, tzinfo=UTC)


def channel(number: int, viewers: int = 0, **fields: object) -> Channel:
    row = {"id": str(number), "login": f"c{number}", "name": f"C{number}", "viewers": viewers}
    return Channel.objects.create(**row | fields)


def test_the_tracking_state_shows_the_rank(settings: Settings) -> None:
    settings.CHANNELS_WANTED = 2
    for number, viewers in ((1, 900), (2, 800), (3, 700)):
        channel(number, viewers, is_wanted=True)
    channel(4, 999, is_wanted=False)
    assert tracking_state("2").text == "Followed: number 2 by viewers, and the first 2 are."
    assert tracking_state("3").text == "Followed until it falls behind number 2 by viewers: now it is number 3."


@pytest.mark.parametrize(
    ("fields", "output", "can_ask"),
    [
        ({"pinned": True}, "Followed whatever its rank: pinned by the curators.", False),
        ({"pinned": True, "decided_until": END}, "pinned by the curators until 2 Jan 2027, 18:30 UTC.", False),
        ({"blocked": True}, "Not followed: the curators took it off the list.", False),
        ({"is_wanted": True, "offline_since": END}, "Followed for up to 10 min more: its stream has ended.", False),
        ({}, "Not followed: it is not among the 500 most viewed live channels.", True),
    ],
)
def test_decisions_take_precedence_over_the_rank(fields: dict[str, Any], output: str, can_ask: bool) -> None:
    channel(1, reason="bought viewers or chat", note="secret", **fields)
    result = tracking_state("1")
    assert result.text.endswith(output)
    assert result.can_ask is can_ask
    assert "bought" not in result.text


def test_opt_outs_take_precedence() -> None:
    channel(1, pinned=True)
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="1")
    assert tracking_state("1").text == "Not followed: the channel has opted out of being counted."
    assert tracking_state("2").state == "unknown"


def test_the_tracking_state_hides_curator_notes(boards: Boards, signed_in: Client) -> None:
    channel(1, pinned=True, reason="law", note="internal")
    page = read_page(signed_in.get("/?channel=1"))
    assert "pinned by the curators." in page
    assert "internal" not in page
    data = signed_in.get("/channels/1/standing?metric=viewers").json()["following"]
    assert data == {"state": "pinned", "said": "Followed whatever its rank: pinned by the curators.", "can_ask": False}
