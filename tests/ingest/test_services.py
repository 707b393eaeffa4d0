"""The list of channels and the hash keys."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.ingest.models import Channel, HashKey
from apps.ingest.services import forget_hash_keys, hash_key, save_channels
from apps.ingest.snapshot import Stream, decode, encode
from core.hashing import user_hash

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
STREAM = Stream("7", "ada", "Ada", 900, "Chess", "en", "a title", "2026-11-23T11:00:00Z")


@pytest.mark.django_db
def test_a_channel_is_saved_once_and_found_again_under_its_new_name() -> None:
    save_channels([STREAM], seen_at=NOW)
    renamed = Stream("7", "lovelace", "Lovelace", 10, "x" * 300, "en", "t" * 900, "")
    save_channels([renamed], seen_at=NOW + dt.timedelta(minutes=1))
    channel = Channel.objects.get()
    assert (channel.login, channel.viewers, len(channel.title)) == ("lovelace", 10, 500)


@pytest.mark.django_db
def test_the_key_of_a_day_is_made_once_and_forgotten_after_48_hours() -> None:
    today = NOW.date()
    key = hash_key(today)
    assert hash_key(today) == key
    assert len(key) == 32
    hash_key(today - dt.timedelta(days=2))
    hash_key(today - dt.timedelta(days=3))
    assert forget_hash_keys(today=today) == 1
    assert HashKey.objects.count() == 2


def test_a_user_has_another_hash_under_another_key() -> None:
    assert user_hash("42", b"a" * 32) == user_hash("42", b"a" * 32)
    assert user_hash("42", b"a" * 32) != user_hash("42", b"b" * 32)
    assert user_hash("42", b"a" * 32) != user_hash("43", b"a" * 32)
    assert -(2**63) <= user_hash("42", b"a" * 32) < 2**63


def test_the_snapshot_is_read_back_as_written() -> None:
    snapshot = decode(encode([STREAM], 1_795_400_000_000))
    assert snapshot.fetched_ms == 1_795_400_000_000
    assert snapshot.streams == {"7": STREAM}
