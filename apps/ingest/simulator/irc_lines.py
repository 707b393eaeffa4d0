"""A chat message as Twitch writes it on the wire."""

from __future__ import annotations

from apps.ingest.simulator.source import Chat

_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n"})


def escape(value: str) -> str:
    """Return a tag value as it is written. Source: IRCv3, "Message Tags"."""
    return value.translate(_ESCAPES)


def privmsg(chat: Chat) -> bytes:
    """Return the message's line without tags, line end included."""
    login = chat.chatter.login
    return f":{login}!{login}@{login}.tmi.twitch.tv PRIVMSG #{chat.channel.login} :{chat.text}\r\n".encode()


def privmsg_tags(chat: Chat, sent_ms: int) -> bytes:
    """Return the tags that go before the line, the space after them included."""
    who = chat.chatter
    mod = int(who.mod)
    return (
        f"@badge-info={escape(who.badge_info)};badges={who.badges};color={who.color};"
        f"display-name={escape(who.name)};emotes={chat.emotes};first-msg={int(chat.first)};flags=;id={chat.id};"
        f"mod={mod};returning-chatter={int(chat.returning)};room-id={chat.channel.id};"
        f"subscriber={int(who.subscriber)};tmi-sent-ts={sent_ms};turbo=0;user-id={who.id};"
        f"user-type={'mod' if mod else ''} "
    ).encode()
