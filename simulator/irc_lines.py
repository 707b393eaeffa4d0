"""Formatting of a source's items as Twitch's IRC lines."""

from __future__ import annotations

from simulator.chat_lines import is_emotes
from simulator.source import (
    Channel,
    Chat,
    Deletion,
    Item,
    ModeChange,
    Notice,
    Removal,
    Shared,
    Source,
)

HOST = "tmi.twitch.tv"
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n"})


def needs_commands(item: Item) -> bool:
    """Return whether the item is sent only to clients with the capability twitch.tv/commands."""
    return not isinstance(item, Chat)


def tagged(item: Item, sent_ms: int) -> bytes:
    """Format the item with tags and a line break."""
    if isinstance(item, Chat):
        return _tagged_chat(item, sent_ms).encode()
    return f"{_tags(item, sent_ms)}{_bare(item)}".encode()


def untagged(item: Item) -> bytes:
    """Format the item without tags, with a line break."""
    return _bare(item).encode()


def room_state(source: Source, channel: Channel, now_ms: int) -> bytes:
    """Return the ROOMSTATE that follows a JOIN, with tags."""
    tags = [f"{tag}={value}" for tag, value in source.modes(channel, now_ms).items()]
    return f"@{';'.join(sorted([*tags, f'room-id={channel.id}']))} :{HOST} ROOMSTATE #{channel.login}\r\n".encode()


def escape(value: str) -> str:
    """Escape a tag value. Source: IRCv3, "Message Tags"."""
    # Checking is faster than translating, and most values need no escaping.
    if " " in value or ";" in value or "\\" in value or "\n" in value or "\r" in value:
        return value.translate(_ESCAPES)
    return value


def _bare(item: Item) -> str:
    room = item.channel.login
    match item:
        case Chat():
            login = item.chatter.login
            return f":{login}!{login}@{login}.{HOST} PRIVMSG #{room} :{_message_text(item)}\r\n"
        case Notice():
            return f":{HOST} USERNOTICE #{room}{f' :{item.text}' if item.text else ''}\r\n"
        case Removal():
            return f":{HOST} CLEARCHAT #{room}{f' :{item.user.login}' if item.user else ''}\r\n"
        case Deletion():
            return f":{HOST} CLEARMSG #{room} :{_message_text(item.target)}\r\n"
        case ModeChange():
            return f":{HOST} ROOMSTATE #{room}\r\n"


def _message_text(chat: Chat) -> str:
    return f"\x01ACTION {chat.text}\x01" if chat.action else chat.text


def _tags(item: Notice | Removal | Deletion | ModeChange, sent_ms: int) -> str:
    match item:
        case Notice():
            return _notice_tags(item, sent_ms)
        case Removal():
            return _removal_tags(item, sent_ms)
        case Deletion():
            # Twitch leaves room-id empty here.
            login, target = item.target.chatter.login, item.target.id
            return f"@login={login};room-id=;target-msg-id={target};tmi-sent-ts={sent_ms} "
        case ModeChange():
            pairs = sorted((f"{item.tag}={item.value}", f"room-id={item.channel.id}"))
            return f"@{';'.join(pairs)} "


def _tagged_chat(chat: Chat, sent_ms: int) -> str:
    """Format a line in one step, because this function is called 20,000 times a second."""
    chatter, room, login = chat.chatter, chat.channel, chat.chatter.login
    bits = f"bits={chat.bits};" if chat.bits else ""
    source = f"{_source_tags(chat.shared)};" if chat.shared else ""
    emotes_only = "emote-only=1;" if chat.emotes and is_emotes(chat.text, chat.emotes) else ""
    return (
        f"@badge-info={escape(chatter.badge_info)};badges={chatter.badges};{bits}color={chatter.color};"
        f"display-name={escape(chatter.name)};{emotes_only}emotes={chat.emotes};"
        f"first-msg={'1' if chat.first else '0'};flags=;id={chat.id};mod={'1' if chatter.mod else '0'};"
        f"returning-chatter={'1' if chat.returning else '0'};"
        f"room-id={room.id};{source}subscriber={'1' if chatter.subscriber else '0'};tmi-sent-ts={sent_ms};turbo=0;"
        f"user-id={chatter.id};user-type={'mod' if chatter.mod else ''}{';vip=1' if chatter.vip else ''} "
        f":{login}!{login}@{login}.{HOST} PRIVMSG #{room.login} "
        f":{_message_text(chat) if chat.action else chat.text}\r\n"
    )


def _notice_tags(notice: Notice, sent_ms: int) -> str:
    chatter = notice.chatter
    params = "".join(f"msg-param-{name}={escape(value)};" for name, value in notice.params)
    source = f"{_source_tags(notice.shared, notice.name)};" if notice.shared else ""
    return (
        f"@badge-info={escape(chatter.badge_info)};badges={chatter.badges};color={chatter.color};display-name={escape(chatter.name)};"
        f"emotes=;flags=;id={notice.id};login={chatter.login};mod={chatter.mod:d};msg-id={notice.msg_id};{params}"
        f"room-id={notice.channel.id};{source}subscriber={chatter.subscriber:d};system-msg={escape(notice.system)};"
        f"tmi-sent-ts={sent_ms};user-id={chatter.id};user-type={'mod' if chatter.mod else ''};vip={chatter.vip:d} "
    )


def _source_tags(shared: Shared, notice: str = "") -> str:
    name = f"source-msg-id={notice};" if notice else "source-only=0;"
    return (
        f"source-badge-info={escape(shared.badge_info)};source-badges={shared.badges};source-id={shared.id};{name}"
        f"source-room-id={shared.room_id}"
    )


def _removal_tags(removal: Removal, sent_ms: int) -> str:
    duration = f"ban-duration={removal.seconds};" if removal.seconds else ""
    target = f"target-user-id={removal.user.id};" if removal.user else ""
    return f"@{duration}room-id={removal.channel.id};{target}tmi-sent-ts={sent_ms} "
