"""Channel requests in the data export of an account."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser

from apps.curation.models import CurationRequest
from twitchly.personal_data import Section, rows


def requested_channels(user: AbstractBaseUser) -> Section:
    """Return a user's channel requests and the decisions on them."""
    requests = CurationRequest.objects.filter(user_id=user.pk)
    return rows(requests, "login", "note", "created_at", "closed_at", "state", "answer")
