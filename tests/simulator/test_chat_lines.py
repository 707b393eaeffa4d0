from random import Random

from core.irc.counted_text import counted_text
from core.irc.hashing import text_hash
from simulator import chat_lines, phrases


def test_the_emotes_tag_counts_code_points() -> None:
    lines = [(text, tag) for text, tag in chat_lines.lines(1) if tag]
    assert any(text[0] in "😂🔥👩❤𝕎" for text, _ in lines)
    ids = {emote_id: name for name, emote_id in phrases.EMOTES.items()}
    for text, tag in lines:
        emote_id, _, positions = tag.partition(":")
        assert positions.count("-") == text.count(ids[emote_id])
        for position in positions.split(","):
            first, last = map(int, position.split("-"))
            assert text[first : last + 1] == ids[emote_id]


def test_an_absent_emote_has_no_tag() -> None:
    assert chat_lines.emotes_tag("HypeYak", "nothing here") == ""


def test_hostile_lines_are_no_longer_than_twitch_allows() -> None:
    assert max(map(len, phrases.HOSTILE)) == 500
    assert not any(set("\r\n\0") & set(text) for text in phrases.HOSTILE)


def test_every_padding_occurs_and_is_ignored_in_counting() -> None:
    random = Random(1)
    texts = {chat_lines.with_padding("!join", random) for _ in range(2_000)}
    assert texts == {"!join", *(f"!join{space}{padding}" for space in ("", " ") for padding in chat_lines.PADDING)}
    assert {counted_text(text).strip() for text in texts} == {"!join"}
    assert len({text_hash(text, b"k" * 32) for text in texts}) == 1
