"""URLs of the API and its pages."""

from django.urls import include, path

from apps.api import views
from apps.api.keys import views as keys

urlpatterns = [
    path("", include("apps.api.rest.urls")),
    path("api/", views.reference, name="api"),
    path("account/keys/", keys.keys, name="api-keys"),
    path("account/keys/<int:key_id>/revoke", keys.revoke, name="api-key-revoke"),
    path("account/usage/", views.usage, name="api-usage"),
]
