from apps.ingest.simulator import phrases, talk


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
