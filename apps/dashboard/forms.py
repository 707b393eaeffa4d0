"""What people write into forms of ours."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.dashboard.models import CurationRequest


class LoginField(forms.CharField):
    """A channel's login, however it was typed."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).removeprefix("@").lower()


class AskForm(forms.Form):
    """A channel that should be followed, and why."""

    login = LoginField(
        label="Channel, as in its address on Twitch",
        max_length=CurationRequest._meta.get_field("login").max_length,
        validators=CurationRequest._meta.get_field("login").validators,
        widget=forms.TextInput({"class": "input", "autocapitalize": "none", "spellcheck": "false"}),
    )
    note = forms.CharField(
        label="Why, for the curators",
        max_length=CurationRequest._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput({"class": "input"}),
    )
