"""Addresses of the pages."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("apps.partners.urls")),
    path("", include("apps.dashboard.urls")),
]
