"""Every URL of the admin site for every role below superuser: permissions are respected, and no URL returns 500."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from channels.layers import channel_layers
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver
from pytest_django import Settings

from apps.accounts.models import User
from tests.accounts.test_roles import PERMISSIONS, create_user
from tests.staff import staff_client

pytestmark = pytest.mark.django_db
# The permission that each Django view requires; custom views are in CUSTOM.
NEEDS = {"changelist": "v", "add": "a", "history": "v", "delete": "d", "change": "v"}
WRITES = {"add": "a", "delete": "d", "change": "c"}
CUSTOM = {"channels_channel_import": ("channel", "c", "c"), "audit_act_csv": ("act", "v", "v")}
# Open to all staff: the index, sign-out, and their helpers.
COMMON = {"index", "login", "logout", "password_change", "password_change_done", "jsi18n", "view_on_site"}
# A Django URL whose name does not contain the model name.
PASSWORD = "auth_user_password_change"


@pytest.fixture(autouse=True)
def no_redis(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    channel_layers.backends.clear()


def admin_urls() -> Iterator[tuple[str, str]]:
    """Yield the name and path of each URL, with the id of a missing object."""
    for item in admin.site.get_urls():
        inner = item.url_patterns if isinstance(item, URLResolver) else [item]
        for pattern in inner:
            prefix = str(item.pattern) if isinstance(item, URLResolver) else ""
            if isinstance(pattern, URLPattern) and pattern.name:
                yield pattern.name, f"{prefix}{pattern.pattern}"


def models() -> dict[str, type[Model]]:
    return {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}


def required_permissions(name: str) -> tuple[str, str, str]:
    """Return the model of a URL, and the permissions to read and write it."""
    if name == PASSWORD:
        return "user", "c", "c"
    if name in CUSTOM:
        return CUSTOM[name]
    of, _, view = name.rpartition("_")
    return str(models()[of]._meta.model_name), NEEDS[view], WRITES.get(view, "v")


def test_every_admin_url_has_known_permissions() -> None:
    of_models = {name for name, _ in admin_urls()} - COMMON - CUSTOM.keys()
    kinds = {name.rpartition("_")[2] for name in of_models if name.rpartition("_")[0] in models()}
    assert kinds == NEEDS.keys()
    assert {name for name in of_models if name.rpartition("_")[0] not in models()} <= {
        "app_list",
        "autocomplete",
        PASSWORD,
    }


def client_of(role: str) -> Client:
    if role == "none":
        client = staff_client("curator")
        User.objects.get(email="curator@example.com").groups.clear()
        return client
    return staff_client(role)


@pytest.mark.parametrize("role", ["none", *PERMISSIONS])
def test_admin_pages_open_only_for_roles_with_the_permission(role: str) -> None:
    client, target = client_of(role), create_user()
    may = PERMISSIONS.get(role, {})
    invalid: list[str] = []
    for name, path in admin_urls():
        if name in COMMON or (name.rpartition("_")[0] not in models() and name not in {*CUSTOM, PASSWORD}):
            continue
        model, reads, writes = required_permissions(name)
        key = str(target.pk) if model == "user" else "1"
        url = "/admin/" + path.replace("<path:object_id>", key).replace("<id>", key)
        for method, right in (("get", reads), ("post", writes)):
            response = getattr(client, method)(url)
            # The history of a missing object redirects to the index.
            redirects_away = response.status_code == 302 and (
                response["Location"] == "/admin/" or "/account/" in response["Location"]
            )
            opened = response.status_code == 200 or (response.status_code == 302 and not redirects_away)
            if response.status_code >= 500 or (opened and right not in may.get(model, "")):
                invalid.append(f"{method} {url}: {response.status_code}")
            if model == "user" and method == "get" and right in may.get(model, "") and not opened:
                invalid.append(f"{method} {url} is closed: {response.status_code}")
    assert invalid == []
    assert User.objects.filter(pk=target.pk).exists()


@pytest.mark.parametrize("role", ["none", "curator", "support", "owner"])
@pytest.mark.parametrize(
    "path", ["autocomplete/", "jsi18n/", "r/1/1/", "ingest/", "auth/", "nothing/", "ingest/channel/1/"]
)
def test_admin_urls_for_scripts_and_missing_pages_never_return_500(role: str, path: str) -> None:
    client = client_of(role)
    queries = [
        "",
        "?app_label=channels&model_name=channel&field_name=tags&term=x",
        "?p=99999999999",
        "?o=%00",
        "?q=%00",
    ]
    for query in queries:
        assert client.get(f"/admin/{path}{query}").status_code < 500, query


@pytest.mark.parametrize("role", ["curator", "support", "owner"])
def test_odd_list_queries_and_forms_never_return_500(role: str) -> None:
    client = client_of(role)
    for name, path in admin_urls():
        if not name.endswith("_changelist"):
            continue
        url = f"/admin/{path}"
        for query in (
            "?p=-1",
            "?p=99999999999999999999",
            "?all=",
            "?o=1.2.-3.x",
            "?q=" + "%22" * 200,
            "?e=1",
            "?pk__gt=x",
        ):
            assert client.get(url + query).status_code < 500, url + query
        for form in (
            {"action": "delete_selected", "_selected_action": ["1", "x", "\x00"]},
            {"action": "made-up"},
            {"form-TOTAL_FORMS": "9" * 30},
        ):
            assert client.post(url, form).status_code < 500, (url, form)
