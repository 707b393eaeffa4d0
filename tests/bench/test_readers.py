"""What is measured is the same work: every parser reads the same from a line."""

from itertools import islice

import pytest

from bench.lines import invented
from bench.machine import table
from bench.readers import READERS, TAGS

CHANNELS = [("1", "somebody"), ("2", "another")]
SPECIAL = [
    rb"@id=a;room-id=1;user-id=5;msg-id=raid;system-msg=\s\:\\x\q;emotes=25:0-4 :tmi.twitch.tv USERNOTICE #somebody",
    rb"@user-id=a\sb\:c\\d;id=x :v!v@v.tmi.twitch.tv PRIVMSG #somebody :one: two :three",
]


@pytest.mark.parametrize("name", READERS)
def test_every_parser_reads_what_ours_reads(name: str) -> None:
    ours, read = READERS["Twitchly (core.irc.lines)"](), READERS[name]()
    for line in [*islice(invented(CHANNELS, 5), 200), *SPECIAL]:
        assert read(line) == ours(line)


def test_ours_reads_and_unescapes_the_tags() -> None:
    command, channel, user, tags, _ = READERS["Twitchly (core.irc.lines)"]()(SPECIAL[1])
    assert (command, channel, user) == ("PRIVMSG", "somebody", "a b;c\\d")
    assert dict(zip(TAGS, tags, strict=True))["id"] == "x"


def test_invented_lines_are_the_same_from_the_same_seed_and_their_ids_differ() -> None:
    lines = list(islice(invented(CHANNELS, 5), 50))
    assert lines == list(islice(invented(CHANNELS, 5), 50))
    assert len({line.partition(b";id=")[2][:36] for line in lines}) == 50


def test_a_table_sets_numbers_to_the_right() -> None:
    rows = table([["parser", "lines/s"], ["ours", 123_456], ["x", 7]]).splitlines()
    assert rows == ["parser  lines/s", "ours    123,456", "x             7"]
