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
    assert tracking_state("2").text == "Tracked: rank 2 by viewers (the top 2 are tracked)."
    assert tracking_state("3").text == "Tracked until it falls below rank 2 by viewers; now rank 3."


@pytest.mark.parametrize(
    ("fields", "expected", "can_request"),
    [
        ({"pinned": True}, "Tracked: pinned by the curators.", False),
        ({"pinned": True, "decided_until": END}, "pinned by the curators until 2 Jan 2027, 18:30 UTC.", False),
        ({"blocked": True}, "Not tracked: removed from the list by the curators.", False),
        (
            {"is_wanted": True, "offline_since": END},
            "Tracked for up to 10 more minutes, because its stream has ended.",
            False,
        ),
        ({}, "Not tracked: not among the 500 most viewed live channels.", True),
    ],
)
def test_decisions_take_precedence_over_the_rank(fields: dict[str, Any], expected: str, can_request: bool) -> None:
    channel(1, reason="bought viewers or chat", note="secret", **fields)
    result = tracking_state("1")
    assert result.text.endswith(expected)
    assert result.can_request is can_request
    assert result.login == (Channel.objects.get().login if can_request else "")
    assert "bought" not in result.text


def test_opt_outs_take_precedence() -> None:
    channel(1, pinned=True)
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="1")
    assert tracking_state("1").text == "Not tracked: the channel has opted out."
    assert tracking_state("2").state == "unknown"


def test_the_tracking_state_hides_curator_notes(boards: Boards, signed_in: Client) -> None:
    channel(1, pinned=True, reason="law", note="internal")
    page = read_page(signed_in.get("/?channel=1"))
    assert "pinned by the curators." in page
    assert "internal" not in page
    data = signed_in.get("/channels/1/standing?metric=viewers").json()["tracking"]
    assert data == {"state": "pinned", "text": "Tracked: pinned by the curators.", "can_request": False, "login": ""}
