"""URLs of the pages."""

from django.urls import include, path, re_path
from django.views.generic import RedirectView

from apps.accounts import views as accounts
from apps.dashboard import views, wellknown
from apps.dashboard.channel import views as channel
from apps.dashboard.compare import views as compare
from apps.dashboard.discover import views as discover
from apps.dashboard.exports import views as exports
from apps.dashboard.front import views as front
from apps.dashboard.opt_outs import views as opt_outs
from apps.dashboard.own_channel import views as own_channel
from apps.dashboard.policies import views as policies
from apps.dashboard.requests import views as requests
from apps.dashboard.shares import overview as share_links
from apps.dashboard.shares import views as shares
from apps.dashboard.watchlists import views as watchlists
from apps.dashboard.welcome import views as welcome
from apps.status import views as status

urlpatterns = [
    path("", views.board, name="board"),
    path("front/board", front.board, name="front-board"),
    path("find", views.find, name="find"),
    path("find.json", views.find_json, name="find-json"),
    path("span.json", views.span_json, name="span-json"),
    path("ask", views.ask, name="ask"),
    path("requests", requests.overview, name="requests"),
    path("requests/<int:request_id>/withdraw", requests.withdrawal, name="request-withdraw"),
    path("opt-out", opt_outs.ask, name="opt-out"),
    path("opt-out/by-twitch", opt_outs.by_twitch, name="opt-out-by-twitch"),
    path("opt-out/receipt/<str:token>", opt_outs.receipt, name="opt-out-receipt"),
    path("methodology", views.methodology, name="methodology"),
    path("method", RedirectView.as_view(pattern_name="methodology", permanent=True), name="method"),
    path("privacy", policies.privacy, name="privacy"),
    path("terms", policies.terms, name="terms"),
    re_path(
        r"^channels/(?P<channel_id>[0-9]{1,20})/(?P<what>windows|events)\.(?P<form>csv|ndjson)$",
        exports.channel_file,
        name="channel-file",
    ),
    re_path(
        r"^channels/(?P<channel_id>[0-9]{1,20})/streams\.(?P<form>csv|ndjson)$",
        exports.streams_file,
        name="streams-file",
    ),
    re_path(r"^board\.(?P<form>csv|ndjson)$", exports.board_file, name="board-file"),
    re_path(
        r"^compare/(?P<what>lines|wide|summary)\.(?P<form>csv|ndjson)$", exports.comparison_file, name="comparison-file"
    ),
    re_path(
        r"^watchlists/(?P<watchlist_id>[0-9]{1,18})/(?P<what>now|hour)\.(?P<form>csv|ndjson)$",
        exports.watchlist_file,
        name="watchlist-file",
    ),
    path("compare", compare.compare, name="compare"),
    path("compare/lines", compare.lines, name="compare-lines"),
    path("my-channel", own_channel.my_channel, name="my-channel"),
    path("discover", discover.discover, name="discover"),
    re_path(r"^discover\.(?P<form>csv|ndjson)$", discover.export_file, name="discover-file"),
    path("discover/selection", discover.act_on_selection, name="discover-selection"),
    path("discover/segments", discover.save, name="segment-save"),
    path("discover/segments/<int:segment_id>/delete", discover.delete, name="segment-delete"),
    path("watchlists", watchlists.overview, name="watchlists"),
    path("watchlists/restore", watchlists.restore, name="watchlist-restore"),
    path("watchlists/watch", watchlists.watch, name="watch"),
    path("watchlists/star", watchlists.star, name="star"),
    path("watchlists/lists", watchlists.lists, name="watch-lists"),
    path("watchlists/<int:watchlist_id>", watchlists.watchlist, name="watchlist"),
    path("watchlists/<int:watchlist_id>/add", watchlists.add, name="watchlist-add"),
    path("watchlists/<int:watchlist_id>/lines", watchlists.lines, name="watchlist-lines"),
    path("watchlists/<int:watchlist_id>/rename", watchlists.rename, name="watchlist-rename"),
    path("watchlists/<int:watchlist_id>/delete", watchlists.delete, name="watchlist-delete"),
    path("watchlists/<int:watchlist_id>/order", watchlists.order, name="watchlist-order"),
    path("channels/<str:channel_id>/series", channel.series, name="channel-series"),
    path("channels/<str:channel_id>/standing", channel.peer_groups, name="channel-peer-groups"),
    path("channels/<str:channel_id>/streams", channel.streams, name="channel-streams"),
    path("channels/<str:channel_id>/streams.json", channel.streams_part, name="channel-streams-part"),
    path("channels/<str:channel_id>/streams/<int:started_ms>", channel.stream, name="channel-stream"),
    path("channels/<str:channel_id>/week", channel.week, name="channel-week"),
    path("channels/<str:channel_id>/notes", channel.notes_list, name="channel-notes"),
    path("channels/<str:channel_id>/notes/restore", channel.note_restore, name="channel-note-restore"),
    path("channels/<str:channel_id>/notes/<int:note_id>", channel.note, name="channel-note"),
    path("channels/<str:channel_id>/notes/<int:note_id>/delete", channel.note_delete, name="channel-note-delete"),
    path("shares", share_links.overview, name="shares"),
    path("shares/<int:link_id>/revoke", share_links.revoke, name="share-revoke"),
    path("s/<str:token>", shares.page, name="share"),
    path("s/<str:token>/password", shares.password, name="share-password"),
    path("s/<str:token>/now", shares.now, name="share-now"),
    path("s/<str:token>/series", shares.series, name="share-series"),
    path("w/<str:token>", shares.widget, name="share-widget"),
    path("welcome", welcome.resume, name="welcome"),
    path("welcome/<int:step>", welcome.step, name="welcome-step"),
    path("welcome/leave", welcome.leave, name="welcome-leave"),
    path("welcome/again", welcome.restart, name="welcome-restart"),
    path("account/", accounts.overview, name="account"),
    path("account/data.json", accounts.data, name="account-data"),
    path("account/times", accounts.times, name="account-times"),
    path("account/delete", accounts.delete, name="account-delete"),
    path("account/", include("allauth.urls")),
    path("status", status.status, name="status"),
    path("status/now", status.now, name="status-now"),
    path("favicon.ico", wellknown.favicon, name="favicon"),
    path("robots.txt", wellknown.robots, name="robots"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", status.readyz, name="readyz"),
]
