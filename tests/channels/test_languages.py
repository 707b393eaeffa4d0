"""English names of Twitch language codes."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from apps.channels.languages import language_name
from apps.live.search import read_search
from simulator import phrases


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("en", "English"),
        ("zh", "Chinese"),
        ("zh-hk", "Chinese (Hong Kong)"),
        ("ZH-HK", "Chinese (Hong Kong)"),
        ("zh-tw", "Chinese (Taiwan)"),
        ("pt-br", "Portuguese (Brazil)"),
        ("tl", "Tagalog"),
        ("asl", "American Sign Language"),
        ("other", "Other"),
        ("no", "Norwegian"),
        ("", ""),
        ("xx-yy", "xx-yy"),
        ("en-", "en-"),
        ("English", "English"),
    ],
)
def test_language_codes_have_english_names(code: str, name: str) -> None:
    assert language_name(code) == name


def test_every_twitch_language_has_a_distinct_name() -> None:
    names = {language_name(code) for code in phrases.ALL_LANGUAGES}
    assert len(names) == len(phrases.ALL_LANGUAGES)
    assert not names & set(phrases.ALL_LANGUAGES)


def test_searches_saved_by_language_code_still_work() -> None:
    assert read_search(QueryDict("language=zh&language=Tagalog&language=Chinese")).languages == ("Chinese", "Tagalog")
