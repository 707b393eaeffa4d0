"""URLs of the API. Each path may end with a format, such as .csv: see apps/api/asgi.py."""

from django.urls import path

from apps.api.live.views import LiveView
from apps.api.rest import boards, channels, history, lists, metadata, periods

_CHANNEL = "api/v1/channels/<str:channel_id>"

urlpatterns = [
    path("api/v1/boards", boards.BoardListView.as_view()),
    path("api/v1/boards/<slug:metric>", boards.BoardView.as_view()),
    path("api/v1/channels", channels.ChannelListView.as_view()),
    path(_CHANNEL, channels.ChannelView.as_view()),
    path(f"{_CHANNEL}/live", channels.ChannelLiveView.as_view()),
    path(f"{_CHANNEL}/series", history.SeriesView.as_view()),
    path(f"{_CHANNEL}/events", history.EventsView.as_view()),
    path(f"{_CHANNEL}/streams", history.StreamsView.as_view()),
    path(f"{_CHANNEL}/streams/<str:stream_id>", history.StreamView.as_view()),
    path("api/v1/live", LiveView.as_view()),
    path("api/v1/query", periods.PeriodQueryView.as_view()),
    path("api/v1/metrics", metadata.MetricListView.as_view()),
    path("api/v1/metrics/<slug:key>", metadata.MetricView.as_view()),
    path("api/v1/status", metadata.StatusView.as_view()),
    path("api/v1/watchlists", lists.WatchlistsView.as_view()),
    path("api/v1/watchlists/<int:watchlist_id>", lists.WatchlistView.as_view()),
    path("api/v1/segments", lists.SegmentsView.as_view()),
    path("api/v1/segments/<int:segment_id>", lists.SegmentView.as_view()),
    path("api/v1/openapi", metadata.DescriptionView.as_view()),
]
