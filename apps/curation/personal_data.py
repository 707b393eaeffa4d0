"""Channel requests of an account, for its data file."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from apps.curation.models import CurationRequest
from twitchly.personal_data import Section, rows


def requested_channels(user: AbstractBaseUser) -> Section:
    """Return the channels that a user has requested, with the decisions."""
    found = CurationRequest.objects.filter(user_id=user.pk)
    return rows(found, "login", "note", "created_at", "closed_at", "state", "answer")
