"""IRC parser: community test vectors, recorded lines and arbitrary bytes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.irc.lines import ChatMessage, chat_message, clean_text, is_subscriber, parse, sent_ms
from tests.recorded import DATA, needs_data

TAGGED = (
    b"@badges=;display-name=Ada;id=11111111-2222-4333-8444-555555555555;room-id=77;tmi-sent-ts=1795400000123;"
    b"user-id=42 :ada!ada@ada.tmi.twitch.tv PRIVMSG #Lovelace :what a  run\r\n"
)


def heard(raw: bytes) -> ChatMessage:
    message = chat_message(parse(raw))
    assert message is not None
    return message


def test_all_fields_of_a_tagged_message_are_parsed() -> None:
    message = heard(TAGGED)
    assert message == ChatMessage(
        channel="lovelace",
        text="what a  run",
        user="42",
        id="11111111-2222-4333-8444-555555555555",
        room_id="77",
        sent_ms=1795400000123,
        source_room_id=None,
    )
    assert message.words == 3


def test_tag_values_are_unescaped() -> None:
    line = parse(rb"@a=x\:y\sz\\w\r\n;b=lone\;c=\q;d=;e :tmi.twitch.tv NOTICE #c :text")
    assert line.tags == {"a": "x;y z\\w\r\n", "b": "lone", "c": "q", "d": "", "e": ""}


def test_the_last_value_of_a_repeated_tag_wins() -> None:
    assert parse(b"@a=1;a=2 PING").tags == {"a": "2"}


def test_a_message_without_tags_is_parsed() -> None:
    message = heard(b":ada!ada@ada.tmi.twitch.tv PRIVMSG #c hello")
    assert (message.user, message.id, message.sent_ms, message.text) == ("ada", None, None, "hello")


def test_the_wrapper_of_an_action_is_removed() -> None:
    assert clean_text("\x01ACTION waves twice\x01") == "waves twice"


def test_a_shared_copy_is_distinguished_from_the_original() -> None:
    assert heard(TAGGED.replace(b"room-id=77", b"room-id=77;source-room-id=78")).is_shared_copy
    assert not heard(TAGGED.replace(b"room-id=77", b"room-id=77;source-room-id=77")).is_shared_copy


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("badge-info=founder/14;badges=founder/0,premium/1;subscriber=0", True),
        ("badge-info=subscriber/14;badges=moderator/1,subscriber/12;subscriber=1", True),
        ("badges=subscriber/0", True),
        ("badges=premium/1,founder/0", True),
        ("badge-info=subscriber/8;badges=premium/1;subscriber=0", True),
        ("badge-info=founder/14;badges=moderator/1;subscriber=0", True),
        ("badge-info=predictions/no\\sfounder/1;badges=premium/1;subscriber=0", False),
        ("badge-info=;badges=premium/1;subscriber=1", False),
        ("badges=subscriber-of-the-year/1,sub-gifter/50;subscriber=0", False),
        ("badge-info=;badges=;subscriber=0", False),
        ("", False),
        ("badges=;subscriber=1", True),
        ("subscriber=1", True),
        ("badge-info=founder/14;badges=;subscriber=0", True),
        ("badge-info=predictions/no\\sfounder/1;badges=;subscriber=0", False),
        ("source-badges=subscriber/12;badges=;source-badge-info=subscriber/14;subscriber=0", False),
    ],
)
def test_badges_decide_who_is_a_subscriber(tags: str, expected: bool) -> None:
    assert is_subscriber(parse(f"@{tags} :ada!ada@ada PRIVMSG #lovelace :hi".encode())) is expected


def test_an_absurd_time_is_ignored() -> None:
    assert sent_ms(parse(b"@tmi-sent-ts=" + b"9" * 400 + b" PING")) is None
    assert sent_ms(parse(b"@tmi-sent-ts=-1 PING")) is None


@given(st.binary(max_size=600))
def test_any_bytes_are_parsed_into_a_line(raw: bytes) -> None:
    line = parse(raw)
    assert isinstance(line.command, str)
    chat_message(line)


@given(st.text(max_size=100).filter(lambda text: not {"\r", "\n", "\x01"} & set(text)))
def test_any_text_round_trips(text: str) -> None:
    raw = f":a!a@a PRIVMSG #c :{text}".encode(errors="replace")
    assert heard(raw).text == clean_text(text.encode(errors="replace").decode())


keys = st.text(alphabet="ab-", min_size=0, max_size=3)
values = st.text(alphabet="xy=\\\\:s", max_size=4)


@given(st.lists(st.tuples(keys, st.sampled_from(["=", ""]), values), max_size=6))
def test_a_tag_read_alone_has_the_same_value_as_among_all_tags(pairs: list[tuple[str, str, str]]) -> None:
    head = ";".join(f"{key}{equals}{value if equals else ''}" for key, equals, value in pairs)
    line = parse(f"@{head} PING".encode())
    assert {key: line.tag(key) for key, _, _ in pairs if key} == dict(line.tags)


@given(st.text(alphabet="@:;=#a! ", max_size=24))
def test_the_fast_path_equals_the_general_parser(text: str) -> None:
    # A second space after the tags bypasses the fast path, but must not change the result.
    raw = f"@a=1 :b!c {text}"
    assert parse(raw.encode()) == parse(raw.replace("@a=1 :", "@a=1  :", 1).encode())


def vectors() -> list[dict[str, Any]]:
    path = DATA / "irc-parser-tests" / "msg-split.yaml"
    tests: list[dict[str, Any]] = yaml.safe_load(path.read_text())["tests"] if path.is_file() else []
    return tests


@needs_data
def test_the_community_vectors_pass() -> None:
    cases = vectors()
    assert len(cases) > 30
    for case in cases:
        line, atoms = parse(case["input"].encode()), case["atoms"]
        source = atoms.get("source", "")
        assert line.command == atoms["verb"].upper(), case
        assert list(line.params) == atoms.get("params", []), case
        assert line.tags == {key: value or "" for key, value in atoms.get("tags", {}).items()}, case
        assert line.nick == source.partition("!")[0], case


@needs_data
@pytest.mark.parametrize("name", ["xqcow_2019-09-15.irc", "forsen_2022-01-01.irc"])
def test_every_recorded_message_has_channel_user_and_time(name: str) -> None:
    lines = (DATA / "irc" / name).read_bytes().splitlines()
    messages = [chat_message(line) for line in map(parse, lines) if line.command == "PRIVMSG"]
    assert len(messages) > 1000
    assert all(m and m.user and m.sent_ms and m.room_id for m in messages)


@needs_data
def test_the_command_of_every_recorded_kind_of_line_is_parsed() -> None:
    for row in (DATA / "irc" / "protocol_lines.tsv").read_bytes().splitlines():
        command, _, raw = row.partition(b"\t")
        assert parse(raw).command == command.decode()


@needs_data
@pytest.mark.parametrize("name", ["xqcow_2019-09-15.irc", "forsen_2022-01-01.irc"])
def test_badges_and_the_deprecated_tag_agree_except_for_founders(name: str) -> None:
    lines = [parse(raw) for raw in (DATA / "irc" / name).read_bytes().splitlines()]
    messages = [line for line in lines if line.command == "PRIVMSG" and "founder/" not in line.tag("badges")]
    assert any(map(is_subscriber, messages))
    assert [is_subscriber(line) for line in messages] == [line.is_set("subscriber") for line in messages]
