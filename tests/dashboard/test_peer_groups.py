"""Percentiles of a channel within its peer groups."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from apps.dashboard.channel.peer_groups import Peer, PeerGroup, note, peer_groups
from apps.live.live_channels import CACHE_MS
from core.metrics.display import ordinal
from tests.dashboard.conftest import Boards, use_redis
from tests.dashboard.test_pages import UNREACHABLE_REDIS
from tests.page_services import page_services
from tests.pages import read_page


@pytest.fixture(autouse=True)
def empty_live_cache() -> Iterator[None]:
    page_services.reset()
    yield
    page_services.reset()


def peer(viewers: float | None, messages: float | None = None, category: str = "Chess", language: str = "en") -> Peer:
    values = {"viewers": viewers, "messages": messages}
    return Peer(category, language, {key: value for key, value in values.items() if value is not None})


def test_channels_are_compared_within_their_peer_groups() -> None:
    peers = {f"c{n}": peer(2_000 + n, n) for n in range(12)}
    peers |= {f"big{n}": peer(50_000, 900) for n in range(10)}
    peers |= {f"other{n}": peer(2_500, 500, "Music", "de") for n in range(9)}
    result = peer_groups("c11", "messages", peers)
    assert result == [
        PeerGroup("size", "1,000 – 4,999 viewers", 55, 21),
        PeerGroup("category", "Chess", 52, 22),
        PeerGroup("language", "en", 52, 22),
    ]
    assert peer_groups("other0", "messages", peers)[1:] == [
        PeerGroup("category", "Music", None, 9),
        PeerGroup("language", "de", None, 9),
    ]


def test_a_channel_whose_size_or_category_is_unknown_has_no_such_peer_group() -> None:
    peers = {f"c{n}": peer(100, n, category="") for n in range(12)} | {"x": peer(None, 5)}
    assert peer_groups("c3", "messages", peers)[1] == PeerGroup("category", "", None, 0)
    assert peer_groups("x", "messages", peers)[0] == PeerGroup("size", "", None, 0)
    assert [item.percent for item in peer_groups("unknown", "messages", peers)] == [None] * 3


def test_channels_without_a_value_have_no_percentile() -> None:
    peers = {f"c{n}": peer(200, n) for n in range(12)} | {"silent": peer(300)}
    (size, *_) = peer_groups("silent", "messages", peers)
    assert (size.percent, size.among) == (None, 12)


def test_the_note_states_the_peer_group() -> None:
    assert note(PeerGroup("size", "x", 80, 1_200)) == "among 1,200 live channels: x"
    assert note(PeerGroup("size", "x", None, 9)) == "fewer than 10 live channels: x"
    assert note(PeerGroup("size", "", None, 0)) == "unknown for this channel"


@pytest.fixture
def many(boards: Boards) -> Boards:
    """Twenty live channels, one offline channel and one stale channel."""
    for n in range(20, 40):
        boards.list_channel(str(n), f"Channel {n}")
    boards.write_viewers({str(n): 1_000 + n for n in range(20, 40)})
    boards.list_channel("50", "Gone", live=False)
    boards.write_viewers({"50": 4_000})
    boards.list_channel("51", "Silent")
    boards.write_viewers({"51": 4_000}, behind_ms=90_000)
    return boards


def test_peers_are_the_live_channels(many: Boards, signed_in: Client) -> None:
    response = signed_in.get("/channels/39/standing?metric=viewers").json()
    assert response["metric"] == "viewers"
    # The twenty channels and Alpha, which has 1,000 viewers. Beta is in another size range.
    assert response["peer_groups"] == [
        {"key": "size", "percent": "100th", "note": "among 21 live channels: 1,000 – 4,999 viewers"},
        {"key": "category", "percent": "95th", "note": "among 23 live channels: Chess"},
        {"key": "language", "percent": "95th", "note": "among 23 live channels: English"},
    ]


def test_the_rendered_page_shows_the_same_percentiles(many: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/?channel=39"))
    assert "among 21 live channels: 1,000 – 4,999 viewers" in page
    assert "<span data-percent>100th</span>" in page


def test_unranked_channels_are_not_compared(many: Boards, signed_in: Client) -> None:
    many.end_ms += 1_000
    many.write_viewers({str(n): 1_000 + n for n in range(20, 32)}, messages=3)
    (size, *_) = signed_in.get("/channels/39/standing?metric=spam").json()["peer_groups"]
    assert size["note"] == "fewer than 10 live channels: 1,000 – 4,999 viewers"


def test_live_channels_are_cached(many: Boards, signed_in: Client) -> None:
    first = page_services.live.channels.get(1_000)
    many.write_viewers({"20": 90_000})
    assert page_services.live.channels.get(1_000 + CACHE_MS - 1) is first
    assert page_services.live.channels.get(1_000 + CACHE_MS)["20"].values["viewers"] == 90_000
    # No old values may be kept after the clock is set back.
    assert page_services.live.channels.get(500) is not first


def test_the_page_works_without_percentiles(signed_in: Client, settings: Settings) -> None:
    use_redis(settings, UNREACHABLE_REDIS)
    response = signed_in.get("/channels/1/standing?metric=viewers").json()
    assert [item["percent"] for item in response["peer_groups"]] == ["–"] * 3


def test_unknown_metrics_are_rejected(boards: Boards, signed_in: Client, client: Client) -> None:
    assert signed_in.get("/channels/1/standing?metric=nonsense").status_code == 400
    assert signed_in.get("/channels/1/standing").status_code == 400
    client.logout()
    assert client.get("/channels/1/standing?metric=viewers").status_code == 401


def test_the_page_links_to_the_channel_on_twitch(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/?channel=1"))
    assert 'href="https://www.twitch.tv/alpha"' in page
    assert 'rel="noopener"' in page


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0th"), (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
        (21, "21st"), (93, "93rd"), (100, "100th"), (None, "–"),
    ],
)  # fmt: skip
def test_percentiles_are_ordinal_numbers(number: int | None, expected: str) -> None:
    assert ordinal(number) == expected
