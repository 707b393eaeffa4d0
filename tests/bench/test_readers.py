"""All measured parsers do the same work: they return the same fields for a line."""

from itertools import islice

import pytest

from bench.lines import generated
from bench.machine import table
from bench.readers import READERS, TAGS

CHANNELS = [("1", "somebody"), ("2", "another")]
SPECIAL = [
    rb"@id=a;room-id=1;user-id=5;msg-id=raid;system-msg=\s\:\\x\q;emotes=25:0-4 :tmi.twitch.tv USERNOTICE #somebody",
    rb"@user-id=a\sb\:c\\d;id=x :v!v@v.tmi.twitch.tv PRIVMSG #somebody :one: two :three",
]


@pytest.mark.parametrize("name", READERS)
def test_every_parser_returns_the_same_fields_as_twitchly(name: str) -> None:
    twitchly, read = READERS["Twitchly (core.irc.lines)"](), READERS[name]()
    for line in [*islice(generated(CHANNELS, 5), 200), *SPECIAL]:
        assert read(line) == twitchly(line)


def test_twitchly_reads_and_unescapes_tags() -> None:
    command, channel, user, tags, _ = READERS["Twitchly (core.irc.lines)"]()(SPECIAL[1])
    assert (command, channel, user) == ("PRIVMSG", "somebody", "a b;c\\d")
    assert dict(zip(TAGS, tags, strict=True))["id"] == "x"


def test_generated_lines_depend_only_on_the_seed_and_have_unique_ids() -> None:
    lines = list(islice(generated(CHANNELS, 5), 50))
    assert lines == list(islice(generated(CHANNELS, 5), 50))
    assert len({line.partition(b";id=")[2][:36] for line in lines}) == 50


def test_numbers_in_a_table_are_right_aligned() -> None:
    rows = table([["parser", "lines/s"], ["ours", 123_456], ["x", 7]]).splitlines()
    assert rows == ["parser  lines/s", "ours    123,456", "x             7"]
