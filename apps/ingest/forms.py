"""The curators' forms: a login is typed, Twitch says which account it is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from apps.ingest import services
from apps.ingest.helix import User
from apps.ingest.models import Bot, Channel, OptOut, valid_id, valid_login
from core.errors import NotFound, ServiceAway, TwitchlyError


class LoginField(forms.CharField):
    """A login as people write it: in any case, with @ or #, or as the address of the channel's page."""

    def __init__(self, **options: Any) -> None:
        # Django's field takes many options of many types.
        super().__init__(**{"max_length": 200, "validators": [valid_login], **options})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.strip().rstrip("/").rpartition("/")[2].lstrip("@#").lower()


class ChannelAddForm(forms.ModelForm[Channel]):
    """Pins a channel; one that is known already is pinned where it is."""

    login = LoginField(help_text="The channel's name on Twitch. It is listened to from the next minute on.")

    class Meta:
        model = Channel
        fields = ("login", "note")

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if not fields.get("login"):
            return fields
        user = ask_twitch(self, "login", login=fields["login"])
        if user is not None:
            self._pin(user, fields)
        return fields

    def _pin(self, user: User, fields: dict[str, Any]) -> None:
        try:
            self.instance = services.channel_to_pin(user)
        except NotFound as error:
            self.add_error("login", str(error))
        fields["note"] = fields["note"] or self.instance.note


class ChannelChangeForm(forms.ModelForm[Channel]):
    """What curators decide; the rest comes from Twitch."""

    class Meta:
        model = Channel
        fields = ("pinned", "blocked", "note")


class OptOutAddForm(forms.ModelForm[OptOut]):
    """Takes a login or an id; an id is enough where the account is gone or Twitch is away."""

    login = LoginField(required=False, help_text="The name on Twitch, or, where it is not known, the id below.")
    twitch_id = forms.CharField(label="Twitch id", required=False, max_length=20, validators=[valid_id])

    class Meta:
        model = OptOut
        fields = ("kind", "login", "twitch_id", "note")

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        if fields["twitch_id"]:
            return fields
        if not fields["login"]:
            raise ValidationError("Give the login or the id.")
        user = ask_twitch(self, "login", login=fields["login"])
        if user is not None:
            fields["login"], fields["twitch_id"] = user.login, user.id
        return fields


class BotForm(forms.ModelForm[Bot]):
    """Takes a login in any spelling."""

    login = LoginField()

    class Meta:
        model = Bot
        fields = ("login", "note", "is_counted_out")


def ask_twitch(form: forms.BaseForm, field: str, *, login: str) -> User | None:
    """Return the account with this login; else say at the field why not."""
    try:
        return services.find_user(login=login)
    except NotFound:
        form.add_error(field, f"Twitch knows nobody with the login {login}. Was it renamed?")
    except ServiceAway:
        form.add_error(field, "Twitch does not answer at the moment: nothing was saved. Try again in a minute.")
    except TwitchlyError as error:
        form.add_error(field, f"Twitch refuses to say: {error}")
    return None
