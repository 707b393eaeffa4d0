from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.session_endings import end_sessions
from apps.accounts.staff.roles import ROLE_PERMISSIONS
from apps.audit.audited import Audited
from apps.audit.models import Act
from apps.audit.services import actor_name, record
from apps.curation.decisions import has_opted_out
from apps.curation.models import CurationRequest
from apps.curation.requests import accept, decline
from apps.dashboard.curation import admin as curation_admin  # noqa: F401  registers channels, opt-outs and bots
from apps.dashboard.curation.forms import look_up_account

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(Audited, DjangoGroupAdmin):
    """Groups. The built-in roles are read-only; more groups can be added."""

    audited = ("name", "permissions")

    def has_change_permission(self, request: HttpRequest, group: Group | None = None) -> bool:
        return super().has_change_permission(request, group) and (group is None or group.name not in ROLE_PERMISSIONS)

    def has_delete_permission(self, request: HttpRequest, group: Group | None = None) -> bool:
        return super().has_delete_permission(request, group) and (group is None or group.name not in ROLE_PERMISSIONS)


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class AuthenticatorAdmin(Audited):
    """Second factors. Staff can delete a lost factor, but cannot read or create factors."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("type",)
    search_fields = ("user__email",)
    exclude = ("data",)
    audited = ("type",)

    def label_of(self, obj: Authenticator) -> str:
        return f"{obj.get_type_display()} of {actor_name(obj.user)}"

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _factor: Authenticator | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, factor: Authenticator | None = None) -> bool:
        return super().has_delete_permission(request, factor) and _may_change(request, factor and factor.user)


@admin.register(User)
class UserAdmin(Audited, DjangoUserAdmin[User]):
    """Accounts. Only superusers can change superusers, which prevents privilege escalation."""

    ordering = ("email",)
    list_display = ("email", "first_name", "last_name", "is_staff", "last_login")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Personal info", {"fields": ("first_name", "last_name")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Important dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)
    # Only permissions, because names and addresses must not stay in a log that outlives the account.
    audited = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")
    actions = ("end_sessions",)

    def label_of(self, obj: User) -> str:
        return actor_name(obj)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Omit the password for view-only staff, because a read-only field would show its hash."""
        if obj and not self.has_change_permission(request, obj):  # defense: password-hashes
            return ((None, {"fields": ("email",)}), *self.fieldsets[1:])
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        by_superusers = () if request.user.is_superuser else ("is_superuser", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *by_superusers)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_change(request, obj)

    def has_end_sessions_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.end_sessions")

    @admin.action(description="Sign out of all sessions", permissions=["end_sessions"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ended = 0
        for user in queryset:
            record(by=actor_name(request.user), act=Act.Kind.SIGNED_OUT, of=user, label=actor_name(user))
            ended += end_sessions(user)
        self.message_user(request, f"{ended} sessions ended.")


def _may_change(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or bool(request.user.is_superuser)  # defense: staff-roles


class AnswerForm(forms.ModelForm[CurationRequest]):
    """A curator's decision on a channel request, with an answer."""

    decision = forms.ChoiceField(
        choices=[("accept", "accept and pin the channel"), ("decline", "decline with an answer")],
        widget=forms.RadioSelect,
    )

    class Meta:
        model = CurationRequest
        fields = ("decision", "answer")
        help_texts = {"answer": "Shown to the requester."}

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        if self.errors:
            return fields
        if fields["decision"] == "decline" and not fields["answer"]:
            self.add_error("answer", "Write an answer for the requester.")
        if fields["decision"] == "accept":
            self.account = look_up_account(self, "decision", login=self.instance.login)
            if self.account and has_opted_out(self.account.id):
                self.add_error("decision", "The channel has opted out, so it cannot be pinned.")
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

    def has_change_permission(self, request: HttpRequest, obj: CurationRequest | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.closed_at is None)

    def has_delete_permission(self, _request: HttpRequest, _obj: CurationRequest | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: CurationRequest | None = None) -> Any:
        if self.has_change_permission(request, obj):
            return self.fields
        return (*self.readonly_fields, "answer", "closed_at")

    def save_model(self, request: HttpRequest, obj: CurationRequest, form: forms.ModelForm[Any], _change: bool) -> None:
        by, answer = actor_name(request.user), form.cleaned_data["answer"]
        if form.cleaned_data["decision"] == "accept":
            accept(obj, form.account, by=by, answer=answer)  # type: ignore[attr-defined]
        else:
            decline(obj, by=by, answer=answer)
