"""Forms on the pages."""

from __future__ import annotations

from django import forms

from apps.curation.models import CurationRequest
from apps.dashboard.curation.forms import LoginField
from core.channels.address import InvalidChannel, read_channel


class ChannelRequestForm(forms.Form):
    """A request to track a channel."""

    login = LoginField(
        label="Channel name or Twitch URL",
        widget=forms.TextInput({"class": "input", "autocapitalize": "none", "spellcheck": "false"}),
    )
    note = forms.CharField(
        label="Reason (optional, for the curators)",
        max_length=CurationRequest._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput({"class": "input"}),
    )


def request_form(text: str = "") -> ChannelRequestForm:
    """Return a new request form, with the channel filled in if `text` is a channel's name or URL."""
    try:
        return ChannelRequestForm(initial={"login": read_channel(text).login})
    except InvalidChannel:
        return ChannelRequestForm()
