"""Addresses of the pages."""

from django.urls import include, path

from apps.dashboard import views
from apps.dashboard.accounts import views as accounts

urlpatterns = [
    path("", views.board, name="board"),
    path("find", views.find, name="find"),
    path("find.json", views.find_json, name="find-json"),
    path("ask", views.ask, name="ask"),
    path("method", views.method, name="method"),
    path("channels/<str:channel_id>/series", views.channel_series, name="channel-series"),
    path("account/", accounts.overview, name="account"),
    path("account/data.json", accounts.data, name="account-data"),
    path("account/delete", accounts.delete, name="account-delete"),
    path("account/", include("allauth.urls")),
    path("healthz", views.healthz, name="healthz"),
]
