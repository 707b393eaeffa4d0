"""Removal of code points from titles, names and notes: those removed, and those kept."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.inputs.readable_text import is_blank, one_line, readable

ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d💻 coding a bot",
        "می\u200cخواهم",
        f"{ENGLAND} England",
        "❤\ufe0f and ☺\ufe0e",
        "👍🏽 👨\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈",
        "葛\U000e0100城",
        "क्\u200dष क्\u200cष",
        "\u200fעברית\u200e and العربية\u061c",
        "\u2067\u05e9\u05dc\u05d5\u05dd\u2069 hello",
        "\u2068outer \u2066inner\u2069 outer\u2069",
        "\u202bעברית\u202c hello",
        "soft\u00adhyphen",
        "日本語\u3000放送",
        "10\u00a0000",
        "Zoë, e\u0301, ẞ",
        "\U0001fae8 and \U0001fac6, newer than the tables",
        "\ue000 private",
        "\ufffd replaced",
        "",
    ],
)
def test_code_points_needed_by_scripts_are_kept(text: str) -> None:
    assert readable(text) == text
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\x07c\x1b[31md\x7f\x9fe", "abc[31mde"),
        ("two\nlines\r\nand\ttabs\u2028more", "two lines  and tabs more"),
        ("\ud83d half", " half"),
        ("non\ufffe\uffff\ufdd0\U0001ffff\U0010fffechar", "nonchar"),
        ("\u202eneve ton si siht\u202c after", "neve ton si siht after"),
        ("\u202dforced", "forced"),
        ("\u2067never ended", "never ended"),
        ("ended\u2069 before\u202c it began", "ended before it began"),
        ("\u2067a\u202eb\u2069c", "\u2067ab\u2069c"),
        ("\u2066a\u202bb\u202cc\u2069", "\u2066a\u202bb\u202cc\u2069"),
        ("\u202aa\u2069b\u202cc", "\u202aab\u202cc"),
        ("\ufff9hidden\ufffabelow\ufffb", "hiddenbelow"),
        ("tag\U000e0001ged", "tagged"),
        ("old\u206aformat\u206f", "oldformat"),
    ],
)
def test_code_points_that_hide_or_reorder_text_are_removed(text: str, expected: str) -> None:
    assert readable(text) == expected


def test_one_line_has_single_spaces_and_a_maximum_length() -> None:
    assert one_line("  a \n b\x00  c ") == "a b c"
    assert one_line("x" * 900, 200) == "x" * 200
    assert one_line("abc def", 4) == "abc"


@pytest.mark.parametrize("emoji", ["👩\u200d💻", ENGLAND, "❤\ufe0f", "👍🏽", "e\u0301", "🇩🇪", "🇩🇪🇫🇷"])
def test_truncation_splits_no_sequence(emoji: str) -> None:
    for most in range(2, len(emoji) + 3):
        cut = one_line("x " + emoji + " y", most)
        assert cut in ("x", "x 🇩🇪", f"x {emoji}"), most


def test_an_embedding_split_by_truncation_is_removed() -> None:
    assert one_line("\u2067abc\u2069", 3) == "ab"


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b\u200d", "\u3000\u00a0", "\u2800\u3164\u034f", "\ufe0f", "\U000e0020"]
)
def test_text_without_visible_characters_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "\u3164x", "👩\u200d💻", "日", "\U0001fae8", "\ue000"])
def test_text_with_visible_characters_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@given(st.text(alphabet=st.characters() | st.sampled_from("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069 \n")))
def test_readable_is_idempotent(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert not {unicodedata.category(character) for character in once} & {"Cc", "Cs", "Zl", "Zp"}
    once.encode()
    assert not set(once) & set("\u202d\u202e")


# Parts that matter at the end of a truncated text: combining characters, emoji sequences, joiners, halves of
# surrogate pairs, every kind of whitespace, and embeddings.
PARTS = st.sampled_from(
    [*"ab 🇩🇪👩💻", ENGLAND, "e\u0301", "क्\u200dष", "👍🏽", "❤\ufe0f", "1\ufe0f\u20e3", "\u200d", "\u0301"]
)
SPACES = st.sampled_from([chr(point) for point in range(0x11_0000) if chr(point).isspace()])
EMBEDDINGS = st.sampled_from("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
SURROGATES = st.characters(categories=["Cs"])
OUTSIDE_TEXTS = st.lists(PARTS | SPACES | EMBEDDINGS | SURROGATES | st.characters(), max_size=40).map("".join)


@given(OUTSIDE_TEXTS, st.integers(1, 30))
@example("a \u2067 b c\u2069", 5)
def test_one_line_is_idempotent(text: str, most: int) -> None:
    once = one_line(text, most)
    assert len(once) <= most
    assert one_line(once, most) == one_line(once, most + 1) == one_line(once) == once
    assert readable(once) == once.strip() == once
    assert "  " not in once
    once.encode()


@given(
    st.lists(st.sampled_from(["🇩🇪", "👩\u200d💻", "e\u0301", "👍🏽", ENGLAND, "日"]), min_size=20), st.integers(7, 20)
)
def test_truncation_keeps_whole_sequences(sequences: list[str], most: int) -> None:
    whole = {"".join(sequences[:count]) for count in range(len(sequences) + 1)}
    assert one_line("".join(sequences), most) in whole
