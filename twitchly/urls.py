"""Addresses of the pages."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

admin.autodiscover()
# One way to sign in, with its second factor and its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("apps.partners.urls")),
    path("", include("apps.dashboard.urls")),
]
