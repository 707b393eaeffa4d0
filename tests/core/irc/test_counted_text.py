"""Text normalization for counting: invisible padding changes neither word counts nor text hashes."""

from __future__ import annotations

import sys

import pytest
import regex

from core.irc.counted_text import counted_text
from core.irc.default_ignorable import RANGES
from core.irc.hashing import text_hash
from core.irc.lines import ChatMessage, chat_message, parse
from tests.core.irc import default_ignorable

KEY = b"k" * 32
BLANKS = "\u2800\u3164"
IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
PADDING = [*"\u206d\u2800\u200b\u2060\ufeff\U000e0001\u00ad\u3164\u034f\U000e0000", "\u200d\ufe0f"]
names = [" ".join(f"U+{ord(character):04X}" for character in padding) for padding in PADDING]


def heard(text: str) -> ChatMessage:
    message = chat_message(parse(f":ada!ada@ada PRIVMSG #lovelace :{text}".encode()))
    assert message is not None
    return message


@pytest.mark.parametrize("padding", PADDING, ids=names)
@pytest.mark.parametrize("written", ["!join {}", "!join{}", "{}!join", "!jo{}in", "{} !join {} {}"])
def test_padded_text_has_the_words_and_the_hash_of_the_plain_text(written: str, padding: str) -> None:
    plain, padded = heard("!join"), heard(written.format(*[padding] * 3))
    assert padded.words == plain.words == 1
    assert text_hash(padded.text, KEY) == text_hash(plain.text, KEY)


def test_padding_between_words_is_not_counted_as_a_word() -> None:
    assert heard("one \u2800 two \U000e0001").words == 2
    assert text_hash("one \u2800 two", KEY) == text_hash("One  two", KEY)
    assert heard("\u3164 \u2800").words == 0


@pytest.mark.parametrize(
    "text", ["👩‍💻 coding a bot", "می‌خواهم", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England"]
)
def test_a_message_keeps_the_text_as_written(text: str) -> None:
    assert heard(text).text == text


def test_text_without_padding_is_counted_as_written() -> None:
    text = "naïve Straße\u3000日本語 e\u0301 😂 \ue000"
    assert counted_text(text) == text


def test_the_table_has_the_code_points_of_the_unicode_property() -> None:
    table = {code_point for first, last in RANGES for code_point in range(first, last + 1)}
    assert table == {code_point for code_point in range(sys.maxunicode + 1) if IGNORABLE.match(chr(code_point))}
    assert default_ignorable.PATH.read_text() == default_ignorable.module()


def test_counting_removes_only_ignorable_and_blank_looking_characters() -> None:
    surrogates = range(0xD800, 0xE000)
    everything = [chr(code_point) for code_point in range(sys.maxunicode + 1) if code_point not in surrogates]
    removed = {character for character in everything if not counted_text(character)}
    assert removed == {character for character in everything if IGNORABLE.match(character)} | set(BLANKS)
