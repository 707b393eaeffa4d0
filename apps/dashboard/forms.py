"""What people write into forms of ours."""

from __future__ import annotations

from django import forms

from apps.curation.models import CurationRequest
from apps.dashboard.curation.forms import LoginField


class AskForm(forms.Form):
    """A channel that should be followed, and why."""

    login = LoginField(
        label="Channel: its name or its address on Twitch",
        widget=forms.TextInput({"class": "input", "autocapitalize": "none", "spellcheck": "false"}),
    )
    note = forms.CharField(
        label="Why, for the curators",
        max_length=CurationRequest._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput({"class": "input"}),
    )
