"""Sessions that end: every web process is told, and closes the sockets that were opened with them."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import redis
from allauth.account.signals import password_changed, password_set
from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_delete
from django.http import HttpRequest

from core.contracts import group

log = logging.getLogger(__name__)


def session_digest(session_key: str | None) -> str:
    """Return the name of a session that may be told to others: whoever has its key is signed in."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()


def connect() -> None:
    """Follow what ends sessions, from now on."""
    user_logged_out.connect(_signed_out)
    post_delete.connect(_ended, sender=UserSession)
    password_changed.connect(_password_changed)
    password_set.connect(_password_changed)


def end_sessions(user: AbstractBaseUser) -> int:
    """Sign an account out everywhere; return from how many sessions."""
    ending = list(UserSession.objects.filter(user=user))
    for session in ending:
        session.end()
    return len(ending)


def tell(*session_keys: str | None) -> None:
    """Tell that sessions have ended. Where Redis is away, sockets find out by themselves within a minute."""
    tell_sessions(*map(session_digest, session_keys))


def tell_sessions(*sessions: str) -> None:
    """Tell it of sessions by what their slots are joined with."""
    layer: Any = get_channel_layer()
    try:
        for session in sessions:
            async_to_sync(layer.group_send)(group.NAME, group.SessionEnded(session).to_message())
    except (redis.RedisError, OSError) as error:
        log.warning("open pages learn of the end of a session only in a minute: %s", error)


def _signed_out(request: HttpRequest | None, **_: Any) -> None:
    if request is not None and request.session.session_key:
        tell(request.session.session_key)


def _ended(instance: UserSession, **_: Any) -> None:
    tell(instance.session_key)


def _password_changed(request: HttpRequest, user: Any, **_: Any) -> None:
    """The new password ends all sessions but the one in which it was chosen."""
    keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    tell(*(key for key in keys if key != request.session.session_key))
