"""The curators' forms: a login is typed, Twitch says which account it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.channels.models import REASON_MAX, Channel, Tag, valid_id
from apps.channels.queries import channel_of
from apps.curation.decisions import (
    BLOCK,
    NONE,
    PIN,
    REASONS,
    Decision,
    clean_tags,
    decision_of,
    has_opted_out,
    validate_decision,
)
from apps.curation.models import Bot, OptOut, OptOutRequest
from apps.ingest import services
from core.channels.account import Account
from core.channels.address import TEXT_MAX, NoChannel, read_channel
from core.errors import NotFound, Refused, ServiceAway, TwitchlyError
from core.inputs.readable_text import one_line


class LoginField(forms.CharField):
    """A channel or account as people write it: a name in any case, with @ or #, or an address on Twitch."""

    def __init__(self, **options: Any) -> None:
        # Django's field takes many options of many types.
        super().__init__(**{"max_length": TEXT_MAX, **options})

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "")
        if not text:
            return ""
        try:
            return read_channel(text).login
        except NoChannel as error:
            raise ValidationError(str(error)) from None


class ReasonInput(forms.TextInput):
    """Offers the usual reasons, and takes any other."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        options = format_html_join("", "<option>{}</option>", ((reason,) for reason in REASONS))
        shown = super().render(name, value, {**(attrs or {}), "list": f"{name}-usual"}, renderer)
        return format_html('{}<datalist id="{}-usual">{}</datalist>', shown, name, options)


class TagsField(forms.CharField):
    """Several tags, set apart by commas."""

    def clean(self, value: Any) -> tuple[str, ...]:
        try:
            return clean_tags(str(super().clean(value) or "").split(","))
        except Refused as error:
            raise ValidationError(str(error)) from None


def confirmed_field() -> forms.CharField:
    """Holds the id of the account that was shown: the second time the form is sent, it is confirmed."""
    return forms.CharField(required=False, widget=forms.HiddenInput)


def reason_field(**options: Any) -> forms.CharField:
    return forms.CharField(
        max_length=REASON_MAX, widget=ReasonInput, help_text="Why it is pinned or blocked.", **options
    )


class ChannelAddForm(forms.ModelForm[Channel]):
    """Pins a channel; one that is known already is pinned where it is."""

    login = LoginField(help_text="The channel's name on Twitch. It is listened to within half a minute.")
    reason = reason_field()
    tag_names = TagsField(label="Tags", required=False, help_text="Set apart by commas.")

    class Meta:
        model = Channel
        fields = ("login", "reason", "decided_until", "tag_names", "note")

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        user = ask_twitch(self, "login", login=fields["login"])
        if user is not None:
            self.instance = channel_of(user)
            before = Decision() if self.instance._state.adding else decision_of(self.instance)
            self.decision = Decision(
                PIN,
                fields["reason"],
                fields["decided_until"],
                (*before.tags, *fields["tag_names"]),
                fields["note"] or before.note,
            )
            check_decision(self, before)
        return fields


class ChannelChangeForm(forms.ModelForm[Channel]):
    """What curators decide; the rest comes from Twitch."""

    reason = reason_field(required=False)
    tag_names = TagsField(label="Tags", required=False, help_text="Set apart by commas.")

    class Meta:
        model = Channel
        fields = ("pinned", "blocked", "reason", "decided_until", "tag_names", "note")

    def __init__(self, *args: Any, **options: Any) -> None:
        # Django's forms take many options of many types.
        super().__init__(*args, **options)
        self.initial["tag_names"] = ", ".join(decision_of(self.instance).tags)

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        if fields["pinned"] and fields["blocked"]:
            raise ValidationError("A channel is pinned or blocked, not both.")
        kind = PIN if fields["pinned"] else BLOCK if fields["blocked"] else NONE
        self.decision = Decision(kind, fields["reason"], fields["decided_until"], fields["tag_names"], fields["note"])
        check_decision(self, decision_of(Channel.objects.get(pk=self.instance.pk)))
        return fields


class MomentField(forms.DateTimeField):
    """A time, in UTC where it has no offset. Django's own field keeps offsets, which can lead out of the calendar."""

    def to_python(self, value: Any) -> dt.datetime | None:
        moment = super().to_python(value)
        try:
            return None if moment is None else moment.astimezone(dt.UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class ManyForm(forms.Form):
    """The decision about many channels at once, and its reason."""

    reason = reason_field()
    until = MomentField(
        required=False,
        help_text="When it ends by itself, in UTC, as 2027-01-31 18:00; empty: never.",
    )


class TagsForm(forms.Form):
    """Tags that many channels are given or lose."""

    add = TagsField(required=False, help_text="Set apart by commas.")
    remove = TagsField(required=False, help_text="Set apart by commas.")


class SheetForm(forms.Form):
    """A table of decisions."""

    sheet = forms.FileField(label="CSV file", max_length=200, widget=forms.FileInput({"accept": ".csv,text/csv"}))


class OptOutForm(forms.ModelForm[OptOut]):
    """The note of an opt-out."""

    class Meta:
        model = OptOut
        fields = ("note",)

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])


class OptOutAddForm(OptOutForm):
    """Takes a login or an id; an id is enough where the account is gone or Twitch is away."""

    login = LoginField(required=False, help_text="The name on Twitch, or, where it is not known, the id below.")
    twitch_id = forms.CharField(label="Twitch id", required=False, max_length=20, validators=[valid_id])
    account = confirmed_field()

    class Meta:
        model = OptOut
        fields = ("kind", "login", "twitch_id", "note")

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        if fields["twitch_id"]:
            self._check_id(fields)
            return fields
        if not fields["login"]:
            raise ValidationError("Give the login or the id.")
        user = ask_twitch(self, "login", login=fields["login"])
        if user is not None:
            fields["login"], fields["twitch_id"] = user.login, user.id
            confirm(self, "login", user.id, said_of(user), kind=fields["kind"])
        return fields

    def _check_id(self, fields: dict[str, Any]) -> None:
        """Show whose id it is, as far as Twitch says."""
        twitch_id, login = fields["twitch_id"], fields["login"]
        try:
            user = services.find_user(user_id=twitch_id)
        except NotFound:
            said = f"Twitch has no account with the id {twitch_id}"
        except TwitchlyError:
            said = f"Twitch is not responding, so the account with the id {twitch_id} could not be checked"
        else:
            said = said_of(user)
            if login not in ("", user.login, user.id):
                self.add_error("login", f"The id is that of {user.login}.")
                return
            fields["login"] = user.login
        confirm(self, "login", twitch_id, said, kind=fields["kind"])


class OptOutRequestForm(forms.ModelForm[OptOutRequest]):
    """What somebody writes who wants to opt out; whether Twitch knows the name is not asked here."""

    login = LoginField(
        label="Name on Twitch, as in the address of the channel",
        widget=forms.TextInput({"class": "input", "autocapitalize": "none", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        label="What shall not be counted",
        choices=[("channel", "my channel, with its whole chat"), ("user", "what I write, in all channels")],
        widget=forms.Select({"class": "input"}),
    )

    class Meta:
        model = OptOutRequest
        fields = ("kind", "login", "contact", "note")
        labels = {
            "contact": "E-mail address, if a curator may ask back",
            "note": "How a curator can tell that it is you",
        }
        widgets = {
            "contact": forms.EmailInput({"class": "input", "autocomplete": "email"}),
            "note": forms.TextInput({"class": "input"}),
        }


class OptOutAnswerForm(forms.ModelForm[OptOutRequest]):
    """What curators decide about a request to opt out."""

    decision = forms.ChoiceField(
        choices=[("accept", "accept: it is theirs to say, and is not counted any more"), ("decline", "decline")],
        widget=forms.RadioSelect,
    )
    account = confirmed_field()

    class Meta:
        model = OptOutRequest
        fields = ("decision",)

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if not self.errors and fields["decision"] == "accept":
            self.found = ask_twitch(self, "decision", login=self.instance.login)
            if self.found is not None:
                confirm(self, "decision", self.found.id, said_of(self.found), kind=self.instance.kind)
        return fields


class BotForm(forms.ModelForm[Bot]):
    """Takes a login in any spelling."""

    login = LoginField()

    class Meta:
        model = Bot
        fields = ("login", "note", "is_counted_out")

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])


class TagForm(forms.ModelForm[Tag]):
    """A tag, as those are written that channels are given."""

    class Meta:
        model = Tag
        fields = ("name",)

    def clean_name(self) -> str:
        try:
            (name,) = clean_tags([self.cleaned_data["name"]]) or ("",)
        except Refused as error:
            raise ValidationError(str(error)) from None
        if not name:
            raise ValidationError("A tag needs a name.")
        return name


def check_decision(form: Any, before: Decision) -> None:
    """Say at the form why its decision cannot stand. `Any`: two forms have one."""
    is_out = has_opted_out(form.instance.pk)
    try:
        form.decision = validate_decision(form.decision, before=before, is_out=is_out, now=timezone.now())
    except Refused as error:
        form.add_error("login" if "login" in form.fields else None, str(error))


def confirm(form: forms.BaseForm, field: str, account_id: str, said: str, *, kind: str) -> None:
    """Ask at the field whether this account is meant, unless the form comes back with its id."""
    if form.data.get("account") == account_id:
        return
    data: Any = form.data
    form.data = filled = data.copy()
    filled["account"] = account_id
    follows = (
        "Its history will be deleted and cannot be brought back."
        if kind == OptOut.Kind.CHANNEL
        else "Its messages will no longer be counted."
    )
    form.add_error(field, f"{said}. {follows} Is this the one? Then save again.")


def said_of(user: Account) -> str:
    """Return which account was found, in words."""
    return f"This is {user.name}: login {user.login}, Twitch id {user.id}"


def ask_twitch(form: forms.BaseForm, field: str, *, login: str) -> Account | None:
    """Return the account that a login or id means; else say at the field why not."""
    try:
        return services.find_account(login=login)
    except NotFound:
        form.add_error(field, f"Twitch knows nobody with the login {login}. Was it renamed?")
    except ServiceAway:
        form.add_error(field, "Twitch does not answer at the moment: nothing was saved. Try again in a minute.")
    except TwitchlyError as error:
        form.add_error(field, f"Twitch refuses to say: {error}")
    return None
