"""Writes of the listening side: the list of channels, what people decide about them, and the keys of user ids."""

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
from apps.ingest import channel_list
from apps.ingest.answers import Poll, believed
from apps.ingest.event_sender import EventSender
from apps.ingest.helix import Helix
from apps.ingest.helix_calls import Timing
from apps.ingest.list_refresh import POLLED, Followed, Limits, follow
from apps.ingest.models import HashKey
from core.channels.account import Account
from core.channels.address import ChannelName
from core.channels.selection import Curation
from core.errors import NotFound, ServiceAway
from core.pipeline.records import event_record
from twitchly import kafka
from twitchly.clock import now_ms as clock_ms
from twitchly.loopback import is_loopback

KEY_DAYS_KEPT = 2
# Helix, then Kafka (9 s), then the tables: together less than the minute after which the next refresh begins.
HELIX_S = 45.0
LOCK = "refresh-streams"
LOCK_S = 60.0
# Somebody waits before a form, or before one with a table of channels.
FORM_S, SHEET_S = 4.0, 20.0


def refresh_streams(
    *, now_ms: int, helix_client: Helix | None = None, sender: EventSender | None = None
) -> Followed | None:
    """Ask Helix who is live, bring the list of channels up to date, and publish it; return what it is now.

    None: another refresh is under way. When Helix or Redis is away nothing is changed.
    Raises: ServiceAway, TwitchRefused.
    """
    with _redis() as store, _alone(store) as is_alone:
        if not is_alone:
            return None
        known, curation = channels.followed_channels(), read_curation()
        poll = _poll(helix_client or helix(), now_ms, known.keys() - curation.barred)
        known |= channels.channels(poll.live.keys() - known.keys())
        poll = believed(known, poll)
        apply_renames({stream.id: stream.login for stream in poll.live.values()})
        limits = Limits(settings.CHANNELS_WANTED, settings.OFFLINE_KEPT_S * 1000)
        followed = follow(known, poll, curation, limits)
        # Told before they are kept: what Kafka did not take still differs from the table at the next refresh.
        untold = (sender or event_sender()).send(followed.records)
        save_channels([row for row in followed.rows if row.id not in untold])
        digest = _digest(curation)
        channel_list.write(store, followed.streams, now_ms, barred=curation.barred, curation=digest)
    return followed


def is_behind() -> bool:
    """Say whether something was decided since the list was last published. Raises: ServiceAway."""
    with _redis() as store:
        return channel_list.curation_of(store) != _digest(read_curation())


def _digest(curation: Curation) -> str:
    return hashlib.sha256(json.dumps([sorted(curation.pinned), sorted(curation.barred)]).encode()).hexdigest()


def _poll(client: Helix, now_ms: int, followed: set[str]) -> Poll:
    until_s = client.until(HELIX_S)
    live = {stream.id: stream for stream in client.top_streams(settings.CHANNELS_WANTED, until_s=until_s)}
    if not live:
        raise ServiceAway("Helix names no live stream: the last list stays")
    live |= {stream.id: stream for stream in client.streams_of(sorted(followed - live.keys()), until_s=until_s)}
    return Poll(now_ms, live)


@contextlib.contextmanager
def _redis() -> Iterator[redis.Redis]:
    try:
        with redis.Redis.from_url(settings.REDIS_STREAMS_URL, socket_timeout=5) as client:
            yield client
    except redis.RedisError as error:
        raise ServiceAway(f"Redis, which holds the stream snapshot, is away: {error}") from error


@contextlib.contextmanager
def _alone(client: redis.Redis) -> Iterator[bool]:
    """Keep refreshes apart, whichever worker runs them; a lock whose holder died is free after LOCK_S."""
    lock = client.lock(LOCK, timeout=LOCK_S, blocking=False)
    is_alone = lock.acquire()
    try:
        yield is_alone
    finally:
        if is_alone:
            # It is no longer ours when Redis was emptied.
            with contextlib.suppress(redis.exceptions.LockError):
                lock.release()


@cache
def helix() -> Helix:
    """Return this process's Helix client, which keeps its token; the simulated Twitch takes any credentials."""
    return Helix(
        # The simulated Twitch is on this machine, which a proxy named by http_proxy cannot reach.
        client=httpx.Client(trust_env=not is_loopback(settings.TWITCH_HELIX_URL)),
        url=settings.TWITCH_HELIX_URL,
        token_url=settings.TWITCH_TOKEN_URL,
        client_id=settings.TWITCH_CLIENT_ID or "simulated",
        client_secret=settings.TWITCH_CLIENT_SECRET or "simulated",
        timing=Timing(wall_s=lambda: clock_ms() / 1000),
    )


@cache
def event_sender() -> EventSender:
    """Return this process's way to `channel-events`."""
    return EventSender(kafka.producer())


def save_channels(rows: Sequence[Channel]) -> None:
    """Insert or update what a poll knows of each channel; what people decided about it stays."""
    Channel.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=POLLED)


def find_user(*, login: str = "", user_id: str = "", helix_client: Helix | None = None) -> Account:
    """Return the Twitch account with this login, or with this id. Raises: NotFound, ServiceAway, TwitchRefused."""
    client = helix_client or helix()
    until_s = client.until(FORM_S)
    found = client.users(logins=[login], until_s=until_s) if login else client.users(ids=[user_id], until_s=until_s)
    if not found:
        raise NotFound(f"Twitch knows nobody with the {f'login {login}' if login else f'id {user_id}'}")
    return found[0]


def find_account(*, login: str) -> Account:
    """Return the Twitch account with a typed login; one of digits alone may be an id.

    The order is: an id in our table, a login on Twitch, an id on Twitch.
    Raises: NotFound, ServiceAway, TwitchRefused.
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
    """Return those of the accounts that Twitch knows. Raises: ServiceAway, TwitchRefused."""
    client = helix()
    until_s = client.until(SHEET_S)
    return client.users(logins=logins, ids=ids, until_s=until_s) if logins or ids else []


def tell_opt_outs(*, now_ms: int, sender: EventSender | None = None) -> int:
    """Let history forget the channels that opted out since the last time; return how many.

    Those that Kafka did not take are told again the next time.
    """
    waiting = list(OptOut.objects.filter(kind=OptOut.Kind.CHANNEL, told_at=None))
    records = [
        event_record(event_id=one.event, kind="opt_out", channel_id=one.twitch_id, at_ms=now_ms) for one in waiting
    ]
    untold = (sender or event_sender()).send(records)
    told = [one.pk for one in waiting if one.twitch_id not in untold]
    return OptOut.objects.filter(pk__in=told).update(told_at=dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC))


def forget_profiles() -> int:
    """Blank what Twitch told of channels that opted out and have left the list; return how many had any."""
    out = OptOut.objects.filter(kind=OptOut.Kind.CHANNEL).values("twitch_id")
    known = Channel.objects.filter(pk__in=out, is_wanted=False).exclude(last_seen_at=None, title="", category="")
    FormerLogin.objects.filter(channel_id__in=out).delete()
    return known.update(
        title="",
        category="",
        language="",
        viewers=0,
        viewers_raw=0,
        last_seen_at=None,
        started_at=None,
        offline_since=None,
        ended_at=None,
    )


def hash_key(day: dt.date) -> bytes:
    """Return the day's key; whoever asks first makes it."""
    key, _ = HashKey.objects.get_or_create(day=day, defaults={"key": secrets.token_bytes(32)})
    return bytes(key.key)


def forget_hash_keys(*, today: dt.date) -> int:
    """Delete the keys of days that ended 48 h ago or more; return how many."""
    deleted, _ = HashKey.objects.filter(day__lt=today - dt.timedelta(days=KEY_DAYS_KEPT)).delete()
    return deleted
