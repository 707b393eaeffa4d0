"""Addresses of the pages."""

from django.urls import include, path, re_path

from apps.dashboard import views
from apps.dashboard.accounts import views as accounts
from apps.dashboard.compare import views as compare
from apps.dashboard.exports import views as exports
from apps.dashboard.watchlists import views as watchlists

urlpatterns = [
    path("", views.board, name="board"),
    path("method", views.method, name="method"),
    path("channels/<str:channel_id>/series", views.channel_series, name="channel-series"),
    re_path(
        r"^channels/(?P<channel_id>[0-9]{1,20})/(?P<what>windows|events)\.(?P<form>csv|ndjson)$",
        exports.channel_file,
        name="channel-file",
    ),
    path("compare", compare.compare, name="compare"),
    path("compare/lines", compare.lines, name="compare-lines"),
    path("watchlists", watchlists.overview, name="watchlists"),
    path("watchlists/restore", watchlists.restore, name="watchlist-restore"),
    path("watchlists/watch", watchlists.watch, name="watch"),
    path("watchlists/lists", watchlists.lists, name="watch-lists"),
    path("watchlists/<int:watchlist_id>", watchlists.watchlist, name="watchlist"),
    path("watchlists/<int:watchlist_id>/lines", watchlists.lines, name="watchlist-lines"),
    path("watchlists/<int:watchlist_id>/rename", watchlists.rename, name="watchlist-rename"),
    path("watchlists/<int:watchlist_id>/delete", watchlists.delete, name="watchlist-delete"),
    path("watchlists/<int:watchlist_id>/order", watchlists.order, name="watchlist-order"),
    path("account/", accounts.overview, name="account"),
    path("account/data.json", accounts.data, name="account-data"),
    path("account/delete", accounts.delete, name="account-delete"),
    path("account/", include("allauth.urls")),
    path("healthz", views.healthz, name="healthz"),
]
