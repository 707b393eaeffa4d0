"""The key, usage and reference pages, and the admin site."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.personal_data import personal_data
from apps.api.description.document import description
from apps.api.models import ApiKey, Plan, Usage
from apps.api.problems import PROBLEM_TYPES
from apps.api.usage import store_usage
from tests.api.conftest import new_key, user_of
from tests.pages import read_page
from tests.staff import staff_client

pytestmark = pytest.mark.django_db

EMAIL, PASSWORD = "buyer@example.com", "a long password"


@pytest.fixture
def owner(client: Client) -> User:
    """A user who has just signed in with a password."""
    user = user_of(EMAIL)
    client.force_login(user)
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return user


def create_key_page(client: Client, **fields: object) -> str:
    form = {"name": "Report", "scopes": ["read:boards"], "days": "90", **fields}
    return read_page(client.post(reverse("api-keys"), form))


def test_a_key_is_shown_once(client: Client, owner: User) -> None:
    page = create_key_page(client)
    secret = re.search(r'value="(twitchly_[0-9A-Za-z]{36})"', page)
    assert secret
    key = ApiKey.objects.get(owner=owner)
    assert (key.name, key.scopes, secret[1].startswith(key.prefix)) == ("Report", ["read:boards"], True)
    second = client.get(reverse("api-keys"))
    assert secret[1] not in read_page(second)
    assert key.prefix in read_page(second)
    assert "no-store" in second["Cache-Control"]


@pytest.mark.parametrize("days", ["soon", "9_0", "٣", "90.0", "0", "9" * 5_000])
def test_an_invalid_lifetime_is_rejected(client: Client, owner: User, days: str) -> None:
    assert "A key expires after 1 to" in create_key_page(client, days=days)
    assert not ApiKey.objects.filter(owner=owner).exists()


@pytest.mark.parametrize("key_id", ["٣", "first", "-1"])
def test_no_key_is_created_if_the_id_of_the_key_to_replace_is_malformed(
    client: Client, owner: User, key_id: str
) -> None:
    form = {"name": "Report", "scopes": ["read:boards"], "key": key_id}
    assert client.post(reverse("api-keys"), form).status_code == 404
    assert not ApiKey.objects.filter(owner=owner).exists()


def test_an_invalid_key_form_shows_the_error(client: Client, owner: User) -> None:
    response = client.post(reverse("api-keys"), {"name": "Report", "days": "90"})
    assert response.status_code == 400
    assert "Choose at least one scope." in read_page(response)
    assert 'value="Report"' in read_page(response)


def test_a_name_is_escaped(client: Client, owner: User) -> None:
    page = create_key_page(client, name="<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_key_is_replaced_and_revoked(client: Client, owner: User) -> None:
    create_key_page(client)
    key = ApiKey.objects.get()
    page = read_page(client.post(reverse("api-keys"), {"key": key.pk}))
    assert "The replacement for “Report” was created." in page
    assert "replaced" in page
    assert client.post(reverse("api-key-revoke", args=[key.pk])).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_another_accounts_key_is_not_found(client: Client, owner: User) -> None:
    key, _ = new_key("other@example.com")
    assert client.post(reverse("api-keys"), {"key": key.pk}).status_code == 404
    assert client.post(reverse("api-key-revoke", args=[key.pk])).status_code == 404
    key.refresh_from_db()
    assert (key.revoked_at, key.replaced_by_id) == (None, None)
    assert key.prefix not in read_page(client.get(reverse("api-keys")))


# Python refuses to convert more than 4,300 digits.
@pytest.mark.parametrize("digits", [19, 20, 5_000])
def test_an_unknown_key_id_of_any_length_is_not_found(client: Client, owner: User, digits: int) -> None:
    assert client.post(reverse("api-keys"), {"key": "9" * digits}).status_code == 404


@pytest.mark.parametrize("name", ["api-keys", "api-usage"])
def test_keys_and_usage_require_sign_in(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 302


def test_the_keys_page_requires_a_recent_password(client: Client, owner: User) -> None:
    session = client.session
    session["account_authentication_methods"][-1]["at"] = 0
    session.save()
    assert "reauthenticate" in client.get(reverse("api-keys"))["Location"]


def test_usage_is_shown_by_hour_and_by_day(client: Client, owner: User) -> None:
    key, _ = new_key(EMAIL)
    other, _ = new_key("other@example.com")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    counts = Counter({(key.pk, hour, "requests"): 1_200, (key.pk, hour, "errors"): 3, (key.pk, hour, "limited"): 2})
    store_usage(counts)
    store_usage(counts + Counter({(other.pk, hour, "requests"): 77, (987_654, hour, "requests"): 5}))
    Usage.objects.create(key=key, hour=hour - timedelta(days=2), requests=55)
    page = read_page(client.get(reverse("api-usage")))
    assert '<td class="num">2,400</td><td class="num">6</td><td class="num">4</td>' in page
    assert "77" not in re.findall(r'<td class="num">([0-9,]+)</td>', page)
    assert '<td class="num">55</td>' in read_page(client.get(reverse("api-usage") + "?by=day"))


def test_usage_without_requests_shows_a_hint(client: Client, owner: User) -> None:
    assert "No requests in this period." in read_page(client.get(reverse("api-usage")))


@pytest.mark.parametrize("language", ["curl", "python", "javascript", "cobol"])
def test_the_reference_shows_every_operation_and_problem_without_sign_in(client: Client, language: str) -> None:
    response = client.get(reverse("api") + f"?in={language}")
    page = read_page(response)
    operations = [fields["operationId"] for methods in description()["paths"].values() for fields in methods.values()]
    assert all(f'id="{name}"' in page for name in operations)
    assert all(f'id="problem-{code}"' in page for code in PROBLEM_TYPES)
    assert "<script>" not in page
    start = page[page.index('id="start"') : page.index('id="keys"')]
    assert "/api/v1/boards/" in start
    assert (("import httpx" in start), ("await fetch" in start)) == (language == "python", language == "javascript")
    assert "script-src 'self'" in response["Content-Security-Policy"]


def test_the_data_export_lists_keys_without_secrets(owner: User) -> None:
    key, secret = new_key(EMAIL)
    data = personal_data(owner)
    assert [exported["prefix"] for exported in data["api_keys"]] == [key.prefix]
    assert secret not in str(data)
    assert key.digest not in str(data)


def test_the_admin_site_changes_plans_and_revokes_keys_but_creates_no_keys() -> None:
    client = staff_client()
    key, _ = new_key("other@example.com")
    plan, _ = Plan.objects.get_or_create(is_default=True, defaults={"name": "Standard"})
    assert client.get(reverse("admin:api_plan_change", args=[plan.pk])).status_code == 200
    assert client.get(reverse("admin:api_apikey_add")).status_code == 403
    form = {"action": "revoke", "_selected_action": [key.pk]}
    client.post(reverse("admin:api_apikey_changelist"), form)
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert key.digest not in read_page(client.get(reverse("admin:api_apikey_change", args=[key.pk])))
