from random import Random

from core.irc.counted_text import counted_text
from core.irc.hashing import text_hash
from simulator import phrases, talk


def test_the_emotes_tag_counts_code_points() -> None:
    lines = [(text, tag) for text, tag in talk.lines(1) if tag]
    assert any(text[0] in "😂🔥👩❤𝕎" for text, _ in lines)
    ids = {emote_id: name for name, emote_id in phrases.EMOTES.items()}
    for text, tag in lines:
        emote_id, _, places = tag.partition(":")
        assert places.count("-") == text.count(ids[emote_id])
        for place in places.split(","):
            first, last = map(int, place.split("-"))
            assert text[first : last + 1] == ids[emote_id]


def test_an_emote_that_is_not_in_the_text_gives_no_tag() -> None:
    assert talk.emotes_tag("HypeYak", "nothing here") == ""


def test_hostile_lines_are_no_longer_than_twitch_allows() -> None:
    assert max(map(len, phrases.HOSTILE)) == 500
    assert not any(set("\r\n\0") & set(text) for text in phrases.HOSTILE)


def test_every_padding_occurs_and_none_is_counted() -> None:
    random = Random(1)
    texts = {talk.repeated("!join", random) for _ in range(2_000)}
    assert texts == {"!join", *(f"!join{space}{padding}" for space in ("", " ") for padding in talk.PADDING)}
    assert {counted_text(text).strip() for text in texts} == {"!join"}
    assert len({text_hash(text, b"k" * 32) for text in texts}) == 1
