"""The unmodified PyPI package `twitchAPI` against the simulated Helix."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from twitchAPI.twitch import Twitch

from tests.clients.conftest import SimulatedTwitch


@pytest_asyncio.fixture
async def api(twitch: SimulatedTwitch) -> AsyncIterator[Twitch]:
    client = Twitch("client", "secret", base_url=f"{twitch.helix}/helix/", auth_base_url=f"{twitch.helix}/oauth2/")
    yield await client
    await client.close()  # type: ignore[no-untyped-call]


async def test_all_pages_of_live_streams_are_read(api: Twitch) -> None:
    streams = [stream async for stream in api.get_streams(first=1)]
    assert len(streams) >= 2
    # As on Twitch, a live stream occasionally reports 0 or 1 viewers without changing its position.
    steady = [stream.viewer_count for stream in streams if stream.viewer_count > 1]
    assert steady == sorted(steady, reverse=True)
    assert all(stream.user_id.isdigit() and stream.started_at.tzinfo for stream in streams)


async def test_users_are_found_by_login(api: Twitch, channels: list[str]) -> None:
    users = [user async for user in api.get_users(logins=channels)]
    assert {user.login for user in users} == set(channels)


async def test_a_revoked_token_is_renewed(api: Twitch, twitch: SimulatedTwitch) -> None:
    revoked = api.get_app_token()
    twitch.fault("token_revoked", seconds=5)
    assert [stream async for stream in api.get_streams(first=1)]
    assert api.get_app_token() != revoked
