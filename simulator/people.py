"""Who writes: the people of the invented audience, its service bots, and the channels' owners."""

from __future__ import annotations

from functools import lru_cache

from simulator import phrases
from simulator.source import Channel, Chatter, digits_of

# Service bots as Twitch knows them; an empty one is a channel without.
BOTS = ("nightbot", "streamelements", "fossabot", "moobot", "wizebot", "streamlabs", "", "")
FIRST_ID = 1_000_000_000
_ROLES = {7: "moderator/1", 8: "vip/1"}
_FIRST, _SECOND = phrases.FIRST_WORDS, phrases.SECOND_WORDS


@lru_cache(maxsize=65_536)
def chatter(number: int, channel_index: int) -> Chatter:
    """Return the person `number` of the population as the channel `channel_index` knows them."""
    login = f"{_FIRST[number * 7 % len(_FIRST)]}_{_SECOND[number * 13 % len(_SECOND)]}{number}"
    standing = (number * 2_654_435_761 + channel_index * 40_503) % 1_000_003
    months = standing // 1_000 % 60 + 1
    subscriber, role = standing % 100 < 25, standing % 250
    # A channel's first subscribers have a badge of their own, and the tag `subscriber` is 0 for them.
    founder = subscriber and standing % 100 < 2
    badge = "founder" if founder else "subscriber"
    info = f"{badge}/{months}" if subscriber else ""
    if standing % 97 == 3:
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
def guest(known: Chatter) -> Chatter:
    """Return a person as a room sees them that knows nothing of them: through shared chat, or a raid."""
    return known._replace(badges="", badge_info="", subscriber=False, mod=False, vip=False)


@lru_cache(maxsize=8_192)
def owner(channel: Channel) -> Chatter:
    """Return the owner of a channel in their own room."""
    return Chatter(id=channel.id, login=channel.login, name=channel.name, color="#FF4500", badges="broadcaster/1")


def bot(channel_index: int) -> Chatter | None:
    """Return the service bot of a channel, a moderator there; a quarter of the channels have none."""
    return _BOTS[channel_index * 5 % len(_BOTS)]


def _bot(login: str) -> Chatter:
    number = digits_of(f"bot {login}", 8)
    return Chatter(id=str(number), login=login, name=login.title(), badges="moderator/1,partner/1", mod=True)


_BOTS = tuple(_bot(login) if login else None for login in BOTS)
