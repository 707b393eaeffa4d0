"""Serialization of the channel list, including lists written by other versions."""

from __future__ import annotations

import json

from apps.ingest.channel_list import decode, encode
from core.channels.stream import Stream

T0 = 1_795_400_000_000
ADA = Stream("7", "ada", "Ada", 900, "Chess", "en", "a title \ud800", "2026-11-23T11:00:00Z")
BOB = Stream("8", "bob", "Bob", None, "Go", "en", "another", "", live=False)


def test_a_channel_list_round_trips() -> None:
    snapshot = decode(encode([ADA, BOB], T0))
    assert snapshot.fetched_ms == T0
    assert list(snapshot.streams.values()) == [ADA, BOB]


def test_a_stream_without_the_live_field_is_live() -> None:
    body = json.loads(encode([ADA], T0))
    del body["streams"][0]["live"]
    assert decode(json.dumps(body)).streams["7"].live


def test_a_field_of_a_newer_worker_is_ignored() -> None:
    body = json.loads(encode([ADA], T0))
    body["streams"][0]["mood"] = "good"
    assert decode(json.dumps(body)).streams == {"7": ADA}
