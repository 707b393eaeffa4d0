"""Notifications about ended sessions: every web process closes the sockets of the session."""

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
    """Return the public identifier of a session. The session's key must stay secret: anyone who has it is signed in."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()


def connect() -> None:
    """Connect to the signals that end sessions."""
    user_logged_out.connect(_signed_out)
    post_delete.connect(_ended, sender=UserSession)
    password_changed.connect(_password_changed)
    password_set.connect(_password_changed)


def end_sessions(user: AbstractBaseUser) -> int:
    """End all sessions of an account and return their number."""
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    return len(sessions)


def notify_ended(*session_keys: str | None) -> None:
    """Announce that sessions have ended. If Redis is unavailable, sockets notice within a minute."""
    notify_digests_ended(*map(session_digest, session_keys))


def notify_digests_ended(*sessions: str) -> None:
    """Announce ended sessions by their digests, by which the hub finds the outboxes."""
    layer: Any = get_channel_layer()
    try:
        for session in sessions:
            async_to_sync(layer.group_send)(group.NAME, group.SessionEnded(session).to_message())
    except (redis.RedisError, OSError) as error:
        log.warning("end of session not announced, sockets close within a minute: %s", error)


def _signed_out(request: HttpRequest | None, **_: Any) -> None:
    if request is not None and request.session.session_key:
        notify_ended(request.session.session_key)


def _ended(instance: UserSession, **_: Any) -> None:
    notify_ended(instance.session_key)


def _password_changed(request: HttpRequest, user: Any, **_: Any) -> None:
    """Announce the sessions that a password change ends: all but the current one."""
    keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    notify_ended(*(key for key in keys if key != request.session.session_key))
