from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps.dashboard.models import CurationRequest, User


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
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


@admin.register(CurationRequest)
class CurationRequestAdmin(admin.ModelAdmin[CurationRequest]):
    list_display = ("login", "user", "note", "created_at", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter),)
    search_fields = ("login", "note", "user__email")
    list_select_related = ("user",)
    readonly_fields = ("login", "user", "note", "created_at")
    date_hierarchy = "created_at"
    actions = ("close",)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    @admin.action(description="Close: decided")
    def close(self, _request: HttpRequest, chosen: QuerySet[CurationRequest]) -> None:
        chosen.filter(closed_at=None).update(closed_at=timezone.now())
