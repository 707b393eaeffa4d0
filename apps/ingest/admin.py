from django.contrib import admin
from django.http import HttpRequest

from apps.ingest.models import Channel


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    list_display = ("login", "id", "category", "language", "viewers", "last_seen_at")
    list_filter = ("language",)
    search_fields = ("login", "name", "id")
    readonly_fields = ("id", "login", "name", "category", "language", "title", "viewers", "last_seen_at")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False
