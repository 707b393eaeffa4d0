"""Client for Helix, Twitch's REST API: streams and users.

Source: dev.twitch.tv, "Twitch API Reference".
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from apps.ingest.helix_calls import Access, Params, Reader, RequestRefused, Timing, TwitchClient
from core.channels.account import Account, is_twitch_id
from core.channels.stream import CATEGORY_MAX, LANGUAGE_MAX, NAME_MAX, TITLE_MAX, Stream
from core.errors import ServiceUnavailable
from core.inputs.readable_text import one_line
from core.inputs.timestamps import format_timestamp, parse_timestamp

log = logging.getLogger(__name__)

PAGE = 100
PAUSE_S = 1.0
# Pages repeat and skip streams, so this many times the requested number of streams is read.
OVERFETCH_FACTOR = 1.4
WALKS = 4
# Streams start, end and change rank between walks, so a walk counts as complete if it misses at most one in this many
# of the streams found.
AGREE_WITHIN = 20
# Pages can be half empty and repeat each other, so a walk is aborted after this many times the usual number of pages.
PAGES_TIMES = 4
# A lookup fails after this many rejected requests.
REFUSALS_MAX = 40
BUDGET_S = 45.0
VIEWERS_MAX = 10_000_000
TWITCH_BEGAN = dt.datetime(2011, 6, 6, tzinfo=dt.UTC)
Row = TypeVar("Row")
_LOGIN = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)


class Helix:
    """Reads streams and users.

    A call with a deadline `until_s` (see `until`) returns by then or raises ServiceUnavailable.
    """

    def __init__(
        self,
        *,
        new_client: Callable[[], httpx.AsyncClient],
        url: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        timing: Timing | None = None,
    ) -> None:
        self._client = TwitchClient(new_client, Access(url, token_url, client_id, client_secret), timing or Timing())

    @property
    def results(self) -> Counter[str]:
        """Number of calls by outcome: an HTTP status, "timeout", "connection" or "malformed"."""
        return self._client.results

    def until(self, seconds: float) -> float:
        """Return the deadline `seconds` from now."""
        return self._client.now_s() + seconds

    def renew_token(self, *, until_s: float | None = None) -> None:
        """Request a new token. Raises: ServiceUnavailable, TwitchRefused."""
        self._client.renew_token(until_s=self._end(until_s))

    def top_streams(self, count: int, *, until_s: float | None = None) -> list[Stream]:
        """Return at least `count` live streams, or all if fewer are live: one per channel, most viewers first.

        A page can be short, and a short page can lack its cursor. Fewer than `count` streams are therefore accepted as
        complete only if two walks through the pages reached the last page and agree. If Twitch rejected its own cursors
        in every walk, the rows of the earlier pages are returned, because they are valid.
        Raises: ServiceUnavailable, TwitchRefused.
        """
        end_s, streams, walks = self._end(until_s), dict[str, Stream](), list[_Walk]()
        while len(walks) < WALKS:
            if walks:
                reason = walks[-1].interruption or "the end of the list is unconfirmed"
                self._client.pause(PAUSE_S, until_s=end_s, reason=reason)
            walks.append(self._walk(streams, math.ceil(count * OVERFETCH_FACTOR), end_s))
            if len(streams) >= count or _is_end_confirmed(len(streams), walks):
                break
        else:
            reason = walks[-1].interruption or "the walks disagree"
            problem = f"{len(streams)} of {count} streams after {WALKS} walks: {reason}"
            if not all(walk.is_refused for walk in walks):
                raise ServiceUnavailable(f"Helix returned {problem}")
            log.warning("incomplete stream list: %s", problem)
        return sorted(streams.values(), key=lambda stream: (-(stream.viewers or 0), stream.id))

    def streams_of(self, channel_ids: Iterable[str], *, until_s: float | None = None) -> list[Stream]:
        """Return the streams of the given channels that are live.

        Raises: ServiceUnavailable, TwitchRefused.
        """
        keys = {channel_id: ("user_id", channel_id) for channel_id in channel_ids}
        streams: dict[str, Stream] = {}
        first = [("first", str(PAGE))]
        for stream in self._lookup("/streams", list(keys.values()), _streams, self._end(until_s), first):
            if stream.id in keys:
                _merge(streams, stream)
        return list(streams.values())

    def users(
        self, *, ids: Iterable[str] = (), logins: Iterable[str] = (), until_s: float | None = None
    ) -> list[Account]:
        """Return the accounts that exist. Raises: ServiceUnavailable, TwitchRefused."""
        keys = [*(("id", user_id) for user_id in ids), *(("login", login.lower()) for login in logins)]
        return list({user.id: user for user in self._lookup("/users", keys, _users, self._end(until_s))}.values())

    def _end(self, until_s: float | None) -> float:
        return self.until(BUDGET_S) if until_s is None else until_s

    def _walk(self, streams: dict[str, Stream], enough: int, until_s: float) -> _Walk:
        """Read pages into `streams` until it holds `enough` or the last page is reached.

        A page that is empty or repeats an earlier cursor is requested twice.
        """
        cursor, seen, found = "", set[str](), set[str]()
        for _ in range(PAGES_TIMES * -(-enough // PAGE)):
            try:
                page, following = self._page(cursor, until_s)
                if not page or following in seen:
                    self._client.pause(
                        PAUSE_S, until_s=until_s, reason="a page of streams is empty or repeats a cursor"
                    )
                    again, following = self._page(cursor, until_s)
                    page += again
            except RequestRefused as refused:
                if not cursor:
                    raise
                return _Walk(len(found), str(refused), is_refused=True)
            for stream in page:
                found.add(stream.id)
                _merge(streams, stream)
            if len(streams) >= enough:
                return _Walk(len(found))
            if not page:
                return _Walk(len(found), "empty page")
            if not following:
                return _Walk(len(found))
            if following in seen:
                return _Walk(len(found), "repeated cursor")
            seen.add(following)
            cursor = following
        return _Walk(len(found), "pages repeat each other")

    def _page(self, cursor: str, until_s: float) -> tuple[list[Stream], str]:
        after = [("after", cursor)] if cursor else []
        return self._client.get("/streams", [("first", str(PAGE)), *after], _streams_and_cursor, until_s=until_s)

    def _lookup(
        self, path: str, keys: Params, read: Reader[list[Row]], until_s: float, extra: Params = ()
    ) -> list[Row]:
        """Return the rows for `keys`, requested in batches of PAGE.

        One invalid key makes Twitch reject the whole request, so a rejected batch is halved until the key is isolated.
        """
        waiting = [keys[start : start + PAGE] for start in range(0, len(keys), PAGE)][::-1]
        rows, refusals = list[Row](), 0
        while waiting:
            batch = waiting.pop()
            try:
                rows += self._client.get(path, [*extra, *batch], read, until_s=until_s)
            except RequestRefused as refused:
                refusals += 1
                if len(keys) == 1 or refused.status != httpx.codes.BAD_REQUEST or refusals >= REFUSALS_MAX:
                    raise
                middle = len(batch) // 2
                if middle:
                    waiting += [batch[middle:], batch[:middle]]
                else:
                    log.warning("skipped %s %s: %s", *batch[0], refused)
        return rows


@dataclass(frozen=True, slots=True)
class _Walk:
    """One walk through the pages of streams: the number of streams found, and the reason if it was interrupted."""

    found: int
    interruption: str = ""
    is_refused: bool = False


def _is_end_confirmed(found: int, walks: Iterable[_Walk]) -> bool:
    """Return whether two walks reached the last page and found nearly all streams that any walk found."""
    complete = [walk for walk in walks if not walk.interruption]
    return sum(found - walk.found <= found // AGREE_WITHIN for walk in complete) >= 2


def _merge(streams: dict[str, Stream], stream: Stream) -> None:
    """Add a stream. If a channel has two, keep the later broadcast, because responses can arrive in any order."""
    known = streams.get(stream.id)
    if known is None or stream.started_at > known.started_at:
        streams[stream.id] = stream


def is_login(text: str) -> bool:
    """Return whether `text` is a valid login. An invalid login could inject an IRC command."""
    return _LOGIN.fullmatch(text) is not None


def _usable(body: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Row | None], noun: str) -> list[Row]:
    """Return the usable rows. Raises: ValueError if too many are unusable.

    One malformed row must not invalidate the others. But if many rows were skipped, live channels would seem to be
    offline.
    """
    rows = body.get("data")
    if not isinstance(rows, list):
        raise ValueError("expected a list `data`")  # noqa: TRY004 - as the errors below
    parsed = [read(row) if isinstance(row, dict) else None for row in rows]
    usable = [row for row in parsed if row is not None]
    odd = len(rows) - len(usable)
    if odd > max(1, len(rows) // 10):
        raise ValueError(f"{odd} of {len(rows)} {noun} are unusable")
    if odd:
        log.warning("skipped %d unusable rows of %d %s", odd, len(rows), noun)
    return usable


def _streams(body: Mapping[str, Any]) -> list[Stream]:
    return _usable(body, _stream, "streams")


def _users(body: Mapping[str, Any]) -> list[Account]:
    return _usable(body, _user, "users")


def _streams_and_cursor(body: Mapping[str, Any]) -> tuple[list[Stream], str]:
    pagination = body.get("pagination")
    following = pagination.get("cursor") if isinstance(pagination, dict) else None
    return _streams(body), following if isinstance(following, str) else ""


def _stream(row: Mapping[str, Any]) -> Stream | None:
    """Parse a row of Get Streams. Return None if it is unusable. A missing login becomes an empty string."""
    user_id, login, name = (row.get(f"user_{field}") for field in ("id", "login", "name"))
    user = _account(user_id, login, name)
    if user is None and not login and isinstance(user_id, str) and is_twitch_id(user_id):
        user = Account(user_id, "", _text(name, NAME_MAX))
    viewers = row.get("viewer_count")
    if user is None or type(viewers) is not int or not 0 <= viewers < VIEWERS_MAX:
        return None
    return Stream(
        id=user.id,
        login=user.login,
        name=user.name,
        viewers=viewers,
        category=_text(row.get("game_name"), CATEGORY_MAX),
        language=_text(row.get("language"), LANGUAGE_MAX),
        title=_text(row.get("title"), TITLE_MAX),
        started_at=_start(row.get("started_at")),
    )


def _user(row: Mapping[str, Any]) -> Account | None:
    return _account(row.get("id"), row.get("login"), row.get("display_name"))


def _account(user_id: object, login: object, name: object) -> Account | None:
    if not isinstance(user_id, str) or not is_twitch_id(user_id):
        return None
    if not isinstance(login, str) or not is_login(login.lower()):
        return None
    return Account(user_id, login.lower(), _text(name, NAME_MAX) or login.lower())


def _text(value: object, max_length: int) -> str:
    return one_line(value, max_length) if isinstance(value, str) else ""


def _start(value: object) -> str:
    """Return the start as ISO 8601 in UTC, or "" if it is unknown.

    Twitch sends a date in the year 1 if the start is unknown.
    """
    at = parse_timestamp(value)
    return "" if at is None or at < TWITCH_BEGAN else format_timestamp(at)
