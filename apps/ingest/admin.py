from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from apps.ingest import services
from apps.ingest.forms import BotForm, ChannelAddForm, ChannelChangeForm, OptOutAddForm
from apps.ingest.models import Bot, Channel, OptOut


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    list_display = (
        "login",
        "is_wanted",
        "pinned",
        "blocked",
        "viewers",
        "category",
        "language",
        "started_at",
        "last_seen_at",
        "note",
    )
    list_filter = ("pinned", "blocked", "is_wanted", "language")
    search_fields = ("login", "name", "=id", "note")
    from_twitch = (
        "id",
        "login",
        "name",
        "title",
        "category",
        "language",
        "viewers",
        "viewers_raw",
        "is_wanted",
        "started_at",
        "offline_since",
        "last_seen_at",
    )
    fieldsets = (("Decided here", {"fields": ChannelChangeForm.Meta.fields}), ("From Twitch", {"fields": from_twitch}))
    add_fieldsets = ((None, {"fields": ChannelAddForm.Meta.fields}),)
    actions = ("pin", "block", "leave_to_rank")

    def get_readonly_fields(self, _request: HttpRequest, obj: Channel | None = None) -> tuple[str, ...]:
        return self.from_twitch if obj else ()

    def get_fieldsets(self, _request: HttpRequest, obj: Channel | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(self, request: HttpRequest, obj: Channel | None = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, form=ChannelChangeForm if obj else ChannelAddForm, **options)

    def save_model(self, _request: HttpRequest, obj: Channel, _form: ModelForm[Channel], _change: bool) -> None:
        # Only what was decided: the refresh of the list may be writing the rest at this moment.
        obj.save(update_fields=None if obj._state.adding else ("pinned", "blocked", "note"))

    def has_delete_permission(self, _request: HttpRequest, _obj: Channel | None = None) -> bool:
        return False  # a deleted one would come back with the next minute, without what was decided about it

    @admin.action(description="Pin: always listen")
    def pin(self, _request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        services.curate(chosen, pinned=True, blocked=False)

    @admin.action(description="Block: never listen")
    def block(self, _request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        services.curate(chosen, pinned=False, blocked=True)

    @admin.action(description="Leave to its rank: neither pinned nor blocked")
    def leave_to_rank(self, _request: HttpRequest, chosen: QuerySet[Channel]) -> None:
        services.curate(chosen, pinned=False, blocked=False)


@admin.register(OptOut)
class OptOutAdmin(admin.ModelAdmin[OptOut]):
    list_display = ("login", "twitch_id", "kind", "note", "created_at", "told_at")
    list_display_links = ("login", "twitch_id")
    list_filter = ("kind",)
    search_fields = ("login", "=twitch_id", "note")
    date_hierarchy = "created_at"
    fields = ("kind", "login", "twitch_id", "note")

    def get_readonly_fields(self, _request: HttpRequest, obj: OptOut | None = None) -> tuple[str, ...]:
        return ("kind", "login", "twitch_id", "created_at") if obj else ()

    def get_fields(self, _request: HttpRequest, obj: OptOut | None = None) -> Any:
        return (*self.fields, "created_at") if obj else self.fields

    def get_form(self, request: HttpRequest, obj: OptOut | None = None, change: bool = False, **options: Any) -> Any:
        return super().get_form(request, obj, change, **(options if obj else {"form": OptOutAddForm, **options}))


@admin.register(Bot)
class BotAdmin(admin.ModelAdmin[Bot]):
    form = BotForm
    list_display = ("login", "is_counted_out", "note")
    list_editable = ("is_counted_out",)
    list_filter = ("is_counted_out",)
    search_fields = ("login", "note")
