"""Services for chat ingest: refresh of the channel list, account lookups, opt-outs and hash keys."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Collection, Iterator, Sequence
from functools import cache

import httpx
import redis
import redis.exceptions
from django.conf import settings

from apps.channels import queries as channels
from apps.channels.models import Channel, FormerLogin
from apps.curation.decisions import apply_renames
from apps.curation.models import OptOut
from apps.curation.queries import curation as read_curation
from apps.ingest import channel_list, outside_list
from apps.ingest.event_sender import EventSender
from apps.ingest.helix import Helix
from apps.ingest.helix_calls import Timing
from apps.ingest.list_refresh import POLLED, Limits, ListUpdate, update_list
from apps.ingest.models import HashKey
from apps.ingest.stale_responses import Poll, discard_stale_responses
from core.channels.account import Account
from core.channels.address import ChannelName
from core.channels.outside import outside_channels
from core.channels.selection import Curation
from core.contracts import redis_keys
from core.errors import NotFound, ServiceUnavailable
from core.pipeline.records import event_record
from twitchly import kafka
from twitchly.clock import now_ms as clock_ms
from twitchly.loopback import is_loopback

KEY_DAYS_KEPT = 2
# With this limit for Helix, a refresh, including Kafka (9 s) and the database, finishes within a minute.
HELIX_S = 45.0
LOCK_S = 60.0
# Deadlines while a user waits for a form or a CSV import.
FORM_S, IMPORT_S = 4.0, 20.0


def refresh_channel_list(
    *, now_ms: int, helix_client: Helix | None = None, sender: EventSender | None = None
) -> ListUpdate | None:
    """Poll Helix, update the channel list and publish it; return the update.

    Return None if another refresh is running. Nothing changes while Helix or Redis is unavailable.
    Raises: ServiceUnavailable, TwitchRefused.
    """
    with _redis() as store, _refresh_lock(store) as is_locked:
        if not is_locked:
            return None
        known, curation = channels.tracked_channels(), read_curation()
        poll = _poll(helix_client or helix(), now_ms, known.keys() - curation.excluded)
        known |= channels.channels(poll.live.keys() - known.keys())
        poll = discard_stale_responses(known, poll)
        apply_renames({stream.id: stream.login for stream in poll.live.values()})
        limits = Limits(settings.CHANNELS_WANTED, settings.OFFLINE_KEPT_S * 1000)
        update = update_list(known, poll, curation, limits)
        # Events are sent before the rows are saved, so that undelivered events are detected again at the next refresh.
        undelivered = (sender or event_sender()).send(update.records)
        save_channels([row for row in update.rows if row.id not in undelivered])
        digest = _digest(curation)
        channel_list.write(store, update.streams, now_ms, excluded=curation.excluded, curation=digest)
        _write_outside(store, poll, update, curation)
    return update


def read_outside_list() -> outside_list.OutsideList | None:
    """Return the live channels outside the list, or None if no poll succeeded in the past 10 min.

    Raises: ServiceUnavailable.
    """
    with _redis() as store:
        return outside_list.read(store)


def is_outdated() -> bool:
    """Return whether curation has changed since the list was published. Raises: ServiceUnavailable."""
    with _redis() as store:
        return channel_list.read_curation_digest(store) != _digest(read_curation())


def _digest(curation: Curation) -> str:
    return hashlib.sha256(json.dumps([sorted(curation.pinned), sorted(curation.excluded)]).encode()).hexdigest()


def _poll(client: Helix, now_ms: int, listed: set[str]) -> Poll:
    until_s = client.until(HELIX_S)
    live = {stream.id: stream for stream in client.top_streams(settings.CHANNELS_WANTED, until_s=until_s)}
    live |= {stream.id: stream for stream in client.streams_of(sorted(listed - live.keys()), until_s=until_s)}
    return Poll(now_ms, live)


def _write_outside(store: redis.Redis, poll: Poll, update: ListUpdate, curation: Curation) -> None:
    """Publish the polled channels that are not on the new list."""
    previous = outside_list.read(store)
    channels = outside_channels(
        poll.live.values(),
        tracked={stream.id for stream in update.streams},
        excluded=curation.excluded,
        before={channel.id: channel for channel in previous.channels} if previous else {},
        now_ms=poll.at_ms,
    )
    outside_list.write(store, channels, poll.at_ms)


@contextlib.contextmanager
def _redis() -> Iterator[redis.Redis]:
    try:
        with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=5) as client:
            yield client
    except redis.RedisError as error:
        raise ServiceUnavailable(f"Redis, which holds the channel list, is unavailable: {error}") from error


@contextlib.contextmanager
def _refresh_lock(client: redis.Redis) -> Iterator[bool]:
    """Try to acquire the refresh lock, shared by all workers; it expires after LOCK_S."""
    lock = client.lock(redis_keys.CHANNEL_LIST_LOCK, timeout=LOCK_S, blocking=False)
    is_locked = lock.acquire()
    try:
        yield is_locked
    finally:
        if is_locked:
            # The lock is gone if Redis was flushed.
            with contextlib.suppress(redis.exceptions.LockError):
                lock.release()


@cache
def helix() -> Helix:
    """Return this process's Helix client, which keeps its token. The simulated Twitch accepts any credentials."""
    # A proxy set by http_proxy cannot reach the simulated Twitch on loopback.
    trusts_env = not is_loopback(settings.TWITCH_HELIX_URL)
    tls = httpx.create_ssl_context(trust_env=trusts_env)
    return Helix(
        new_client=lambda: httpx.AsyncClient(verify=tls, trust_env=trusts_env),  # defense: ssrf
        url=settings.TWITCH_HELIX_URL,
        token_url=settings.TWITCH_TOKEN_URL,
        client_id=settings.TWITCH_CLIENT_ID or "simulated",
        client_secret=settings.TWITCH_CLIENT_SECRET or "simulated",
        timing=Timing(wall_s=lambda: clock_ms() / 1000),
    )


@cache
def event_sender() -> EventSender:
    """Return this process's producer for `channel-events`."""
    return EventSender(kafka.producer())


def save_channels(rows: Sequence[Channel]) -> None:
    """Insert or update the polled columns; curation columns are kept."""
    Channel.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=POLLED)


def find_user(*, login: str = "", user_id: str = "", helix_client: Helix | None = None) -> Account:
    """Return the Twitch account with this login or id. Raises: NotFound, ServiceUnavailable, TwitchRefused."""
    client = helix_client or helix()
    until_s = client.until(FORM_S)
    accounts = client.users(logins=[login], until_s=until_s) if login else client.users(ids=[user_id], until_s=until_s)
    if not accounts:
        raise NotFound(f"Twitch has no account with the {f'login {login}' if login else f'id {user_id}'}")
    return accounts[0]


def find_account(*, login: str) -> Account:
    """Return the Twitch account for a typed login, which may be an id if it consists of digits.

    The text is tried as the id of a known channel, then as a Twitch login, then as a Twitch id.
    Raises: NotFound, ServiceUnavailable, TwitchRefused.
    """
    may_be_id = ChannelName(login).may_be_id
    if may_be_id and Channel.objects.filter(pk=login).exists():
        return find_user(user_id=login)
    try:
        return find_user(login=login)
    except NotFound:
        if not may_be_id:
            raise
    return find_user(user_id=login)


def find_users(logins: Collection[str], ids: Collection[str]) -> list[Account]:
    """Return the Twitch accounts with these ids or logins; those that do not exist are omitted.

    Raises: ServiceUnavailable, TwitchRefused.
    """
    client = helix()
    until_s = client.until(IMPORT_S)
    return client.users(logins=logins, ids=ids, until_s=until_s) if logins or ids else []


def publish_opt_outs(*, now_ms: int, sender: EventSender | None = None) -> int:
    """Publish new opt-outs, so that the channels are erased from history; return the number of opt-outs.

    Undelivered opt-outs are retried at the next call.
    """
    waiting = list(OptOut.objects.filter(kind=OptOut.Kind.CHANNEL, told_at=None))
    records = [
        event_record(event_id=opt_out.event, kind="opt_out", channel_id=opt_out.twitch_id, at_ms=now_ms)
        for opt_out in waiting
    ]
    undelivered = (sender or event_sender()).send(records)
    delivered = [opt_out.pk for opt_out in waiting if opt_out.twitch_id not in undelivered]
    return OptOut.objects.filter(pk__in=delivered).update(told_at=dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC))


def erase_opted_out_profiles() -> int:
    """Erase the Twitch data of opted-out channels that have left the list; return the number of channels erased."""
    out = OptOut.objects.filter(kind=OptOut.Kind.CHANNEL).values("twitch_id")
    known = Channel.objects.filter(pk__in=out, is_wanted=False).exclude(last_seen_at=None, title="", category="")
    FormerLogin.objects.filter(channel_id__in=out).delete()
    return known.update(
        title="",
        category="",
        language="",
        previous_texts=None,
        viewers=0,
        viewers_raw=0,
        last_seen_at=None,
        started_at=None,
        offline_since=None,
        ended_at=None,
    )


def hash_key(day: dt.date) -> bytes:
    """Return the day's key; create it if missing."""
    key, _ = HashKey.objects.get_or_create(day=day, defaults={"key": secrets.token_bytes(32)})
    return bytes(key.key)


def delete_expired_hash_keys(*, today: dt.date) -> int:
    """Delete the keys of days that ended 48 h ago or more; return their number."""
    deleted, _ = HashKey.objects.filter(day__lt=today - dt.timedelta(days=KEY_DAYS_KEPT)).delete()
    return deleted
