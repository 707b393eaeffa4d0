from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest

from apps.audit.audited import Audited
from apps.audit.services import name_of
from apps.dashboard.models import CurationRequest, User
from apps.dashboard.requests.services import accept, decline
from apps.ingest.curation.decisions import has_opted_out
from apps.ingest.forms import ask_twitch


@admin.register(User)
class UserAdmin(Audited, DjangoUserAdmin[User]):
    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "last_login")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)
    # Who may do what; names and addresses are not for a log that outlives the account.
    audited = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")

    def label_of(self, obj: User) -> str:
        return name_of(obj)


class AnswerForm(forms.ModelForm[CurationRequest]):
    """What curators answer to a request."""

    decision = forms.ChoiceField(
        choices=[("accept", "accept: the channel is pinned"), ("decline", "decline, with an answer")],
        widget=forms.RadioSelect,
    )

    class Meta:
        model = CurationRequest
        fields = ("decision", "answer")
        help_texts = {"answer": "Whoever asked reads it."}

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        if fields["decision"] == "decline" and not fields["answer"]:
            self.add_error("answer", "Whoever asked reads the answer: write one.")
        if fields["decision"] == "accept":
            self.account = ask_twitch(self, "decision", login=self.instance.login)
            if self.account and has_opted_out(self.account.id):
                self.add_error("decision", "The channel has opted out: it cannot be pinned.")
        return fields


@admin.register(CurationRequest)
class CurationRequestAdmin(admin.ModelAdmin[CurationRequest]):
    list_display = ("login", "user", "note", "created_at", "state", "answer", "closed_at")
    list_filter = ("state",)
    search_fields = ("login", "note", "user__email")
    list_select_related = ("user",)
    readonly_fields = ("login", "user", "note", "created_at", "state")
    fields = (*readonly_fields, "decision", "answer")
    form = AnswerForm
    date_hierarchy = "created_at"

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, asked: CurationRequest | None = None) -> bool:
        return super().has_change_permission(request, asked) and (asked is None or asked.closed_at is None)

    def has_delete_permission(self, _request: HttpRequest, _asked: CurationRequest | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, asked: CurationRequest | None = None) -> Any:
        if self.has_change_permission(request, asked):
            return self.fields
        return (*self.readonly_fields, "answer", "closed_at")

    def save_model(
        self, request: HttpRequest, asked: CurationRequest, form: forms.ModelForm[Any], _change: bool
    ) -> None:
        by, answer = name_of(request.user), form.cleaned_data["answer"]
        if form.cleaned_data["decision"] == "accept":
            accept(asked, form.account, by=by, answer=answer)  # type: ignore[attr-defined]
        else:
            decline(asked, by=by, answer=answer)
