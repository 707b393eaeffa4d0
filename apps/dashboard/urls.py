"""Addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from apps.dashboard import views

urlpatterns = [
    path("", views.board, name="board"),
    path("method", views.method, name="method"),
    path("channels/<str:channel_id>/series", views.channel_series, name="channel-series"),
    path(
        "sign-in",
        LoginView.as_view(template_name="dashboard/sign_in.html", redirect_authenticated_user=True),
        name="sign-in",
    ),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
    path("healthz", views.healthz, name="healthz"),
]
