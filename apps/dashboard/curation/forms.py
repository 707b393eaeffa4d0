"""Forms for curation. Those for curators resolve the entered logins on Twitch."""

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
from core.channels.address import TEXT_MAX, InvalidChannel, read_channel
from core.errors import NotFound, Refused, ServiceUnavailable, TwitchlyError
from core.inputs.readable_text import one_line


class LoginField(forms.CharField):
    """Accepts a login in any case, with @ or #, or a Twitch URL."""

    def __init__(self, **options: Any) -> None:
        # Django's fields take options of many types.
        super().__init__(**{"max_length": TEXT_MAX, **options})

    def to_python(self, value: Any) -> str:
        text = str(super().to_python(value) or "")
        if not text:
            return ""
        try:
            return read_channel(text).login
        except InvalidChannel as error:
            raise ValidationError(str(error)) from None


class ReasonInput(forms.TextInput):
    """A text input that suggests common reasons."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        options = format_html_join("", "<option>{}</option>", ((reason,) for reason in REASONS))
        rendered = super().render(name, value, {**(attrs or {}), "list": f"{name}-usual"}, renderer)
        return format_html('{}<datalist id="{}-usual">{}</datalist>', rendered, name, options)


class TagsField(forms.CharField):
    """Comma-separated tags."""

    def clean(self, value: Any) -> tuple[str, ...]:
        try:
            return clean_tags(str(super().clean(value) or "").split(","))
        except Refused as error:
            raise ValidationError(str(error)) from None


def confirmation_field() -> forms.CharField:
    """Return a hidden field with the id of the displayed account; the second submission confirms it."""
    return forms.CharField(required=False, widget=forms.HiddenInput)


def reason_field(**options: Any) -> forms.CharField:
    return forms.CharField(
        max_length=REASON_MAX, widget=ReasonInput, help_text="Reason for the pin or block.", **options
    )


class ChannelAddForm(forms.ModelForm[Channel]):
    """Pins a known or new channel."""

    login = LoginField(help_text="The channel's name on Twitch. Tracking starts within 30 s.")
    reason = reason_field()
    tag_names = TagsField(label="Tags", required=False, help_text="Separated by commas.")

    class Meta:
        model = Channel
        fields = ("login", "reason", "decided_until", "tag_names", "note")

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        user = look_up_account(self, "login", login=fields["login"])
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
    """Decision fields of a channel; all other fields come from Twitch."""

    reason = reason_field(required=False)
    tag_names = TagsField(label="Tags", required=False, help_text="Separated by commas.")

    class Meta:
        model = Channel
        fields = ("pinned", "blocked", "reason", "decided_until", "tag_names", "note")

    def __init__(self, *args: Any, **options: Any) -> None:
        # Django's forms take options of many types.
        super().__init__(*args, **options)
        self.initial["tag_names"] = ", ".join(decision_of(self.instance).tags)

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        if fields["pinned"] and fields["blocked"]:
            raise ValidationError("A channel cannot be both pinned and blocked.")
        kind = PIN if fields["pinned"] else BLOCK if fields["blocked"] else NONE
        self.decision = Decision(kind, fields["reason"], fields["decided_until"], fields["tag_names"], fields["note"])
        check_decision(self, decision_of(Channel.objects.get(pk=self.instance.pk)))
        return fields


class MomentField(forms.DateTimeField):
    """A time, in UTC unless it has an offset. Rejects times that are out of range in UTC."""

    def to_python(self, value: Any) -> dt.datetime | None:
        moment = super().to_python(value)
        try:
            return None if moment is None else moment.astimezone(dt.UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class BulkDecisionForm(forms.Form):
    """Reason and expiry of a bulk decision."""

    reason = reason_field()
    until = MomentField(
        required=False,
        help_text="Expiry time in UTC, such as 2027-01-31 18:00. Leave empty for no expiry.",
    )


class TagsForm(forms.Form):
    """Tags to add to and remove from many channels."""

    add = TagsField(required=False, help_text="Separated by commas.")
    remove = TagsField(required=False, help_text="Separated by commas.")


class ImportForm(forms.Form):
    """Upload of a CSV file with decisions."""

    sheet = forms.FileField(label="CSV file", max_length=200, widget=forms.FileInput({"accept": ".csv,text/csv"}))


class OptOutForm(forms.ModelForm[OptOut]):
    """The note on an opt-out."""

    class Meta:
        model = OptOut
        fields = ("note",)

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])


class OptOutAddForm(OptOutForm):
    """Accepts a login or an id; an id also works for deleted accounts and while Twitch is unavailable."""

    login = LoginField(required=False, help_text="The name on Twitch. Alternatively, enter the ID below.")
    twitch_id = forms.CharField(label="Twitch ID", required=False, max_length=20, validators=[valid_id])
    account = confirmation_field()

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
            raise ValidationError("Enter the login or the ID.")
        user = look_up_account(self, "login", login=fields["login"])
        if user is not None:
            fields["login"], fields["twitch_id"] = user.login, user.id
            confirm(self, "login", user.id, describe_account(user), kind=fields["kind"])
        return fields

    def _check_id(self, fields: dict[str, Any]) -> None:
        """Look up the id on Twitch and ask for confirmation."""
        twitch_id, login = fields["twitch_id"], fields["login"]
        try:
            user = services.find_user(user_id=twitch_id)
        except NotFound:
            text = f"Twitch has no account with the ID {twitch_id}"
        except TwitchlyError:
            text = f"Twitch is not responding, so the account with the ID {twitch_id} could not be checked"
        else:
            text = describe_account(user)
            if login not in ("", user.login, user.id):
                self.add_error("login", f"The ID belongs to {user.login}.")
                return
            fields["login"] = user.login
        confirm(self, "login", twitch_id, text, kind=fields["kind"])


class OptOutRequestForm(forms.ModelForm[OptOutRequest]):
    """A visitor's request to opt out. The name is not looked up on Twitch."""

    login = LoginField(
        label="Name on Twitch, as in the channel URL",
        widget=forms.TextInput({"class": "input", "autocapitalize": "none", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        label="What should we stop counting?",
        choices=[("channel", "my channel and its chat"), ("user", "my messages in all channels")],
        widget=forms.Select({"class": "input"}),
    )

    class Meta:
        model = OptOutRequest
        fields = ("kind", "login", "contact", "note")
        labels = {
            "contact": "Email address, if a curator may contact you",
            "note": "How can a curator verify your identity?",
        }
        widgets = {
            "contact": forms.EmailInput({"class": "input", "autocomplete": "email"}),
            "note": forms.TextInput({"class": "input"}),
        }


class OptOutAnswerForm(forms.ModelForm[OptOutRequest]):
    """A curator's decision on an opt-out request."""

    decision = forms.ChoiceField(
        choices=[("accept", "accept: the identity is verified; stop counting"), ("decline", "decline")],
        widget=forms.RadioSelect,
    )
    account = confirmation_field()

    class Meta:
        model = OptOutRequest
        fields = ("decision",)

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if not self.errors and fields["decision"] == "accept":
            self.account_found = look_up_account(self, "decision", login=self.instance.login)
            if self.account_found is not None:
                confirm(
                    self,
                    "decision",
                    self.account_found.id,
                    describe_account(self.account_found),
                    kind=self.instance.kind,
                )
        return fields


class BotForm(forms.ModelForm[Bot]):
    """A bot. Its login is accepted in any spelling."""

    login = LoginField()

    class Meta:
        model = Bot
        fields = ("login", "note", "is_counted_out")

    def clean_note(self) -> str:
        return one_line(self.cleaned_data["note"])


class TagForm(forms.ModelForm[Tag]):
    """A tag, normalized like the tags of channels."""

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
    """Validate the decision of a form and add errors to the form.

    `form` has the type `Any`, because two form classes have a decision.
    """
    is_opted_out = has_opted_out(form.instance.pk)
    try:
        form.decision = validate_decision(form.decision, before=before, is_opted_out=is_opted_out, now=timezone.now())
    except Refused as error:
        form.add_error("login" if "login" in form.fields else None, str(error))


def confirm(form: forms.BaseForm, field: str, account_id: str, text: str, *, kind: str) -> None:
    """Add a field error that asks for confirmation of the account, unless the form contains its id."""
    if form.data.get("account") == account_id:
        return
    data: Any = form.data
    form.data = new_data = data.copy()
    new_data["account"] = account_id
    consequence = (
        "Its history will be deleted and cannot be restored."
        if kind == OptOut.Kind.CHANNEL
        else "Its messages will no longer be counted."
    )
    form.add_error(field, f"{text}. {consequence} If this is correct, save again.")


def describe_account(user: Account) -> str:
    """Return the display text of an account."""
    return f"This is {user.name}: login {user.login}, Twitch ID {user.id}"


def look_up_account(form: forms.BaseForm, field: str, *, login: str) -> Account | None:
    """Return the account with a login, or add an error to the field and return None."""
    try:
        return services.find_account(login=login)
    except NotFound:
        form.add_error(field, f"Twitch has no account with the login {login}. Was it renamed?")
    except ServiceUnavailable:
        form.add_error(field, "Twitch is not responding, so nothing was saved. Try again in a minute.")
    except TwitchlyError as error:
        form.add_error(field, f"Twitch refused the lookup: {error}")
    return None
