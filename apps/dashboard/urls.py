"""Addresses of the pages."""

from django.urls import include, path

from apps.dashboard import views
from apps.dashboard.accounts import views as accounts
from apps.dashboard.channel import views as channel

urlpatterns = [
    path("", views.board, name="board"),
    path("method", views.method, name="method"),
    path("channels/<str:channel_id>/series", channel.series, name="channel-series"),
    path("channels/<str:channel_id>/standing", channel.standing, name="channel-standing"),
    path("channels/<str:channel_id>/streams", channel.streams, name="channel-streams"),
    path("channels/<str:channel_id>/streams.json", channel.streams_part, name="channel-streams-part"),
    path("channels/<str:channel_id>/streams/<int:started_ms>", channel.stream, name="channel-stream"),
    path("channels/<str:channel_id>/notes", channel.notes_list, name="channel-notes"),
    path("channels/<str:channel_id>/notes/restore", channel.note_restore, name="channel-note-restore"),
    path("channels/<str:channel_id>/notes/<int:note_id>", channel.note, name="channel-note"),
    path("channels/<str:channel_id>/notes/<int:note_id>/delete", channel.note_delete, name="channel-note-delete"),
    path("account/", accounts.overview, name="account"),
    path("account/data.json", accounts.data, name="account-data"),
    path("account/delete", accounts.delete, name="account-delete"),
    path("account/", include("allauth.urls")),
    path("healthz", views.healthz, name="healthz"),
]
