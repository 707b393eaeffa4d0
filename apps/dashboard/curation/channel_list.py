"""The channel list of the admin site: its live columns, and a filter for channels that need attention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.channels.models import Channel
from apps.dashboard.curation.channel_rows import ChannelRow, read_channel_rows
from apps.dashboard.desk.attention import NEEDS, channels_needing
from apps.live.services import services_of
from core.times import datetime_of
from twitchly.clock import now_ms


class AttentionFilter(admin.SimpleListFilter):
    """Selects the channels in a section of the start page."""

    title = "attention"
    parameter_name = "attention"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Any:
        return NEEDS

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Channel]) -> QuerySet[Channel]:
        need = self.value()
        if need not in dict(NEEDS):
            return queryset
        return queryset.filter(pk__in=channels_needing(str(need), datetime_of(now_ms())).order_by().values("pk"))


class ValuesFilter(admin.AllValuesFieldListFilter):
    """Filters by the values of a field; an empty value is called “none”."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or "none"}


class ChannelList(ChangeList):
    """A page of the channel list, with live columns for all rows. `live_is_away` means that Redis is unavailable."""

    live_is_away = False

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        channels: list[Any] = list(self.result_list)
        rows, is_read = read_channel_rows(services_of(request).boards, channels, now_ms())
        for channel in channels:
            channel.row = rows[channel.pk]
        self.result_list, self.live_is_away = channels, not is_read


class LiveColumns(admin.ModelAdmin[Channel]):
    """Columns of the rows that ChannelList reads."""

    live_columns = ("state", "rank", "viewers_now", "coverage", "messages", "why")

    def get_changelist(self, *_args: Any, **_options: Any) -> type[ChangeList]:
        return ChannelList

    @admin.display(description="state")
    def state(self, channel: Channel) -> SafeString:
        row = _row_of(channel)
        return format_html('<span class="state state-{}">{}</span>', row.state, row.state_text)

    @admin.display(description="rank")
    def rank(self, channel: Channel) -> str:
        return _row_of(channel).rank

    @admin.display(description="viewers", ordering="viewers")
    def viewers_now(self, channel: Channel) -> str:
        return _row_of(channel).viewers

    @admin.display(description="coverage")
    def coverage(self, channel: Channel) -> str:
        return _row_of(channel).coverage

    @admin.display(description="messages in 30 s")
    def messages(self, channel: Channel) -> str:
        return _row_of(channel).messages

    @admin.display(description="tracking status")
    def why(self, channel: Channel) -> str:
        return _row_of(channel).why


def _row_of(channel: Any) -> ChannelRow:
    row: ChannelRow = channel.row
    return row
