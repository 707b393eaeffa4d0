"""Names, ids and URLs of channels as users type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.channels.address import LOGIN_MAX, InvalidChannel, is_url, parse_search, read_channel


@pytest.mark.parametrize(
    "text",
    [
        "ada_plays",
        "ADA_PLAYS",
        " ada_plays\n",
        "@ada_plays",
        "#ada_plays",
        "\u200eada_plays\u200b",
        "twitch.tv/ada_plays",
        "twitch.tv/Ada_Plays/",
        "www.twitch.tv/ada_plays",
        "m.twitch.tv/ada_plays?desktop-redirect=true",
        "de.twitch.tv/ada_plays",
        "pt-br.twitch.tv/ada_plays",
        "http://twitch.tv/ada_plays",
        "HTTPS://WWW.TWITCH.TV/ADA_PLAYS",
        "//www.twitch.tv/ada_plays",
        "/ada_plays",
        "ada_plays/about",
        "https://www.twitch.tv/ada_plays",
        "https://www.twitch.tv:443/ada_plays",
        "https://www.twitch.tv/ada_plays#about",
        "https://www.twitch.tv/ada_plays?referrer=raid",
        "https://www.twitch.tv/ada%5Fplays",
        *(
            f"twitch.tv/ada_plays/{page}"
            for page in ("about", "schedule", "videos", "videos?filter=archives", "clips", "chat", "followers", "home")
        ),
        "https://www.twitch.tv/popout/ada_plays/chat",
        "https://www.twitch.tv/popout/ada_plays/chat?popout=",
        "https://www.twitch.tv/popout/u/ada_plays/stream-manager/chat",
        "https://www.twitch.tv/popout/moderator/ada_plays/chat",
        "https://www.twitch.tv/embed/ada_plays/chat?parent=example.com",
        "https://www.twitch.tv/moderator/ada_plays",
        "https://www.twitch.tv/subs/ada_plays",
        "https://dashboard.twitch.tv/u/ada_plays/stream-manager",
        "https://player.twitch.tv/?channel=ada_plays&parent=example.com",
    ],
)
def test_every_form_of_a_channel_name_is_parsed(text: str) -> None:
    assert read_channel(text).login == "ada_plays"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://www.twitch.tv/videos/2460329693", "a video"),
        ("twitch.tv/videos/2460329693?t=1h2m", "a video"),
        ("https://www.twitch.tv/ada_plays/v/2460329693", "a video, not of the channel ada_plays"),
        ("https://www.twitch.tv/ada_plays/video/2460329693", "a video, not of the channel ada_plays"),
        ("https://www.twitch.tv/ada_plays/clip/BraveOtter", "a clip, not of the channel ada_plays"),
        ("https://player.twitch.tv/?video=v2460329693", "a video"),
        ("https://clips.twitch.tv/BraveOtter", "a clip"),
        ("https://m.twitch.tv/clip/BraveOtter", "a clip"),
        ("https://www.twitch.tv/collections/abc", "a collection of videos"),
        ("https://www.twitch.tv/directory", "directory"),
        ("https://www.twitch.tv/directory/category/chess", "directory"),
        ("https://www.twitch.tv/team/otters", "a team"),
        ("https://www.twitch.tv/settings/profile", "“settings” is one of Twitch's own pages"),
        ("directory", "“directory” is one of Twitch's own pages"),
        ("Videos", "“videos” is one of Twitch's own pages"),
        ("https://www.twitch.tv/", "without a channel"),
        ("twitch.tv", "without a channel"),
        ("twitch.tv/ada_plays/videos/2460329693", "a video"),
        ("https://www.twitch.tv/popout", "without a channel"),
        ("https://www.youtube.com/@ada_plays", "youtube.com"),
        ("https://www.twitch.tv@example.com/ada_plays", "example.com"),
        ("https://twitch.tv.example.com/ada_plays", "example.com"),
        ("https://nottwitch.tv/ada_plays", "nottwitch.tv"),
        ("https://dev.twitch.tv/docs", "dev.twitch.tv"),
        ("irc://irc.chat.twitch.tv/ada_plays", "begins with irc:"),
        ("javascript://twitch.tv/ada_plays", "begins with javascript:"),
        ("https://[::1/ada_plays", "not a valid URL"),
        ("//example/ada_plays", "URL belongs to example"),
        ("localhost:8000/ada_plays", "“localhost:8000” is not a channel name"),
        ("videos/2460329693", "a video"),
        ("", "No channel given"),
        ("@", "is not a channel name"),
        ("a\r\nb", "is not a channel name"),
        ("twitch.tv/a\r\nb", "not a valid URL"),
        ("twitch.tv/a\tb", "not a valid URL"),
        ("a\0b", "is not a channel name"),
        ("two words", "“two words” is not a channel name"),
        ("twitch.tv/two words", "“two words” is not a channel name"),
        ("twitch.tv/../ada", "“..” is not a channel name"),
        ("月の猫", "“月の猫” is not a channel name"),
        ("\u212aevin", "is not a channel name"),
        ("ada\u0435", "is not a channel name"),
        ("x" * (LOGIN_MAX + 1), "is not a channel name"),
        ("twitch.tv/" + "x" * 1_000, "longer than 500 characters"),
    ],
)
def test_input_that_is_not_a_channel_is_rejected_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidChannel) as refused:
        read_channel(text)
    assert reason in str(refused.value)
    assert "such as twitch.tv/ada_plays" in str(refused.value)


@pytest.mark.parametrize("text", ["2460329693", "@2460329693", "twitch.tv/2460329693"])
def test_digits_can_be_an_id(text: str) -> None:
    name = read_channel(text)
    assert (name.login, name.may_be_id) == ("2460329693", True)


def test_the_name_of_a_channel_tab_can_also_be_a_login() -> None:
    assert read_channel("about").login == "about"
    assert read_channel("twitch.tv/about").login == "about"
    assert not read_channel("a1").may_be_id


def test_a_search_accepts_parts_of_names_and_parses_urls() -> None:
    assert parse_search(" Ada ") == ("Ada", False)
    assert parse_search("@ada") == ("ada", False)
    assert parse_search("Mr. Smith") == ("Mr. Smith", False)
    assert parse_search("月の") == ("月の", False)
    assert parse_search("directory") == ("directory", False)
    assert parse_search("https://www.twitch.tv/Ada_Plays/about") == ("ada_plays", True)
    assert parse_search("") == ("", False)
    with pytest.raises(InvalidChannel, match="a video"):
        parse_search("https://www.twitch.tv/videos/2460329693")


@given(st.text(max_size=60), st.sampled_from(["", "@", "twitch.tv/", "https://www.twitch.tv/popout/", "https://"]))
def test_any_text_is_a_channel_or_is_rejected(text: str, start: str) -> None:
    try:
        login = read_channel(start + text).login
    except InvalidChannel:
        return
    assert login == login.lower()
    assert login.isascii()
    assert 1 <= len(login) <= LOGIN_MAX
    assert read_channel(login).login == login
    assert not is_url(login)
