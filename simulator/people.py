"""Authors of synthetic chat: users, service bots and channel owners."""

from __future__ import annotations

from functools import lru_cache

from simulator import phrases
from simulator.source import Channel, Chatter, digits_of

# Service bots on Twitch; an empty string means no bot.
BOTS = ("nightbot", "streamelements", "fossabot", "moobot", "wizebot", "streamlabs", "", "")
FIRST_ID = 1_000_000_000
# A user who only watches: never writes, raids, gifts or broadcasts.
LURKER = Channel("2000000001", "quiet_reader", "Quiet_Reader")
_ROLES = {7: "moderator/1", 8: "vip/1"}
_FIRST, _SECOND = phrases.FIRST_WORDS, phrases.SECOND_WORDS


@lru_cache(maxsize=65_536)
def chatter(number: int, channel_index: int) -> Chatter:
    """Return user `number` with the badges of channel `channel_index`."""
    login = f"{_FIRST[number * 7 % len(_FIRST)]}_{_SECOND[number * 13 % len(_SECOND)]}{number}"
    mix = (number * 2_654_435_761 + channel_index * 40_503) % 1_000_003
    months = mix // 1_000 % 60 + 1
    subscriber, role = mix % 100 < 25, mix % 250
    # A channel's first subscribers have the founder badge, and their `subscriber` tag is 0.
    founder = subscriber and mix % 100 < 2
    badge = "founder" if founder else "subscriber"
    info = f"{badge}/{months}" if subscriber else ""
    if mix % 97 == 3:
        info += f"{',' if info else ''}predictions/Will it work; yes"
    badges = f"{badge}/{0 if founder else months // 3 * 3}" if subscriber else ""
    if role in _ROLES:
        badges = f"{_ROLES[role]},{badges}".rstrip(",")
    return Chatter(
        str(FIRST_ID + number),
        login,
        phrases.OTHER_SCRIPTS[number % len(phrases.OTHER_SCRIPTS)] if number % 29 == 0 else login.title(),
        phrases.COLORS[number % len(phrases.COLORS)],
        badges,
        info,
        subscriber and not founder,
        role == 7,
        role == 8,
    )


@lru_cache(maxsize=8_192)
def guest(user: Chatter) -> Chatter:
    """Return a user without channel badges, as seen in another room through Shared Chat or a raid."""
    return user._replace(badges="", badge_info="", subscriber=False, mod=False, vip=False)


@lru_cache(maxsize=8_192)
def owner(channel: Channel) -> Chatter:
    """Return a channel's owner in their own room."""
    return Chatter(id=channel.id, login=channel.login, name=channel.name, color="#FF4500", badges="broadcaster/1")


def bot(channel_index: int) -> Chatter | None:
    """Return a channel's service bot, a moderator; a quarter of the channels have none."""
    return _BOTS[channel_index * 5 % len(_BOTS)]


def _bot(login: str) -> Chatter:
    number = digits_of(f"bot {login}", 8)
    return Chatter(id=str(number), login=login, name=login.title(), badges="moderator/1,partner/1", mod=True)


_BOTS = tuple(_bot(login) if login else None for login in BOTS)
