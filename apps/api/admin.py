from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.api.keys.services import revoke_key
from apps.api.models import ApiKey, Membership, Plan
from apps.audit.audited import Audited
from apps.audit.models import Act
from apps.audit.services import actor_name, record


@admin.register(Plan)
class PlanAdmin(Audited):
    list_display = ("name", "requests_per_second", "burst", "requests_per_day", "streams", "is_default")
    audited = list_display


@admin.register(Membership)
class MembershipAdmin(Audited):
    audited = ("plan",)
    list_display = ("owner", "plan")
    list_select_related = ("owner", "plan")
    search_fields = ("owner__email",)
    autocomplete_fields = ("owner",)

    def label_of(self, obj: Membership) -> str:
        return actor_name(obj.owner)


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin[ApiKey]):
    """Read-only, with an action to revoke keys. Only account owners can create keys."""

    list_display = ("prefix", "name", "owner", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("owner",)
    search_fields = ("prefix", "name", "owner__email")
    exclude = ("digest",)
    actions = ("revoke",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _key: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _key: ApiKey | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_apikey")

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            if key.revoked_at is None:
                record(by=actor_name(request.user), act=Act.Kind.REVOKED, of=key)
            revoke_key(key=key)
