"""Staff roles: each has exactly the permissions listed below, on every database and after every migration."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from channels.layers import channel_layers
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.services import ensure_user
from apps.accounts.session_endings import session_digest
from apps.api.models import ApiKey
from apps.audit.models import Act
from core.contracts import group
from tests.dashboard.conftest import EMAIL, PASSWORD
from tests.pages import read_page
from tests.staff import SECRET, staff_client

pytestmark = pytest.mark.django_db
USER = "/admin/accounts/user/"
# The permissions of each role on each model: view, add, change, delete.
PERMISSIONS = {
    "curator": {
        "channel": "vac",
        "tag": "vacd",
        "bot": "vacd",
        "optout": "vacd",
        "curationrequest": "vc",
        "optoutrequest": "vc",
        "act": "v",
    },
    "support": {"user": "v", "curationrequest": "vc", "optoutrequest": "vc", "apikey": "vc"},
    "owner": {
        "channel": "vac",
        "tag": "vacd",
        "bot": "vacd",
        "optout": "vacd",
        "curationrequest": "vc",
        "optoutrequest": "vc",
        "act": "v",
        "deletion": "v",
        "user": "vacd",
        "apikey": "vc",
        "plan": "vacd",
        "membership": "vacd",
        "group": "vacd",
        "authenticator": "vd",
    },
}
VERBS = {"view": "v", "add": "a", "change": "c", "delete": "d"}


@pytest.fixture(autouse=True)
def no_redis(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    channel_layers.backends.clear()


def create_user() -> User:
    ensure_user(email=EMAIL, password=PASSWORD)
    return User.objects.get(email=EMAIL)


@pytest.mark.parametrize("role", PERMISSIONS)
def test_each_role_has_exactly_its_permissions(role: str) -> None:
    staff_client(role)
    user, permissions = User.objects.get(), dict[str, str]()
    for model in apps.get_models():
        name, label = str(model._meta.model_name), model._meta.app_label
        letters = "".join(short for verb, short in VERBS.items() if user.has_perm(f"{label}.{verb}_{name}"))
        permissions |= {name: letters} if letters else {}
    assert permissions == PERMISSIONS[role]
    assert user.has_perm("accounts.end_sessions") == (role in ("support", "owner"))


def test_migrate_resets_manually_changed_role_permissions() -> None:
    group = Group.objects.get(name="support")
    before = set(group.permissions.all())
    group.permissions.set(Permission.objects.filter(codename__in=["delete_user", "view_plan"]))
    other = Group.objects.create(name="interns")
    other.permissions.set(Permission.objects.filter(codename="view_plan"))
    call_command("migrate", verbosity=0)
    assert set(group.permissions.all()) == before
    assert other.permissions.count() == 1


@pytest.mark.parametrize("role", PERMISSIONS)
def test_the_admin_lists_the_models_a_role_may_view(role: str) -> None:
    client = staff_client(role)
    for model in admin.site._registry:
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        may = str(model._meta.model_name) in PERMISSIONS[role]
        assert client.get(url).status_code == (200 if may else 403), url


def test_support_can_end_the_sessions_of_an_account() -> None:
    user = create_user()
    visitors = [Client(), Client()]
    for visitor in visitors:
        visitor.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
    keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    digests, open_pages = {session_digest(key) for key in keys}, channel_layers["default"]
    async_to_sync(open_pages.group_add)(group.NAME, "pages")
    response = staff_client("support").post(USER, {"action": "end_sessions", "_selected_action": user.pk}, follow=True)
    assert "2 sessions ended." in read_page(response)
    assert all(visitor.get("/account/").status_code == 302 for visitor in visitors)
    received = [async_to_sync(open_pages.receive)("pages") for _ in digests]
    assert {group.read_message(message) for message in received} == {group.SessionEnded(digest) for digest in digests}
    assert len(digests) == 2
    (act,) = Act.objects.all()
    assert (act.by, act.act, act.label) == ("support@example.com", "signed_out", f"account {user.pk}")


def test_ending_sessions_without_the_permission_is_forbidden() -> None:
    user = create_user()
    curator = staff_client("curator")
    assert curator.post(USER, {"action": "end_sessions", "_selected_action": user.pk}).status_code == 403
    assert not Act.objects.exists()


def test_support_can_view_accounts_but_not_change_them_or_see_passwords() -> None:
    user = create_user()
    support, stored = staff_client("support"), User.objects.get(pk=user.pk).password
    page = read_page(support.get(f"{USER}{user.pk}/change/"))
    assert EMAIL in page
    assert "field-password" not in page
    assert "field-groups" in page
    assert stored.partition("$")[2] not in page
    for url, fields in (
        (f"{USER}{user.pk}/password/", {"password1": "another password", "password2": "another password"}),
        (f"{USER}{user.pk}/change/", {"email": "thief@example.com", "is_staff": "on", "is_superuser": "on"}),
        (f"{USER}{user.pk}/delete/", {"post": "yes"}),
        (f"{USER}add/", {"email": "b@example.com"}),
    ):
        assert support.post(url, fields).status_code == 403, url
    user = User.objects.get(pk=user.pk)
    assert (user.email, user.password, user.is_staff) == (EMAIL, stored, False)


def test_support_can_revoke_keys() -> None:
    key = ApiKey.objects.create(owner=create_user(), name="a", prefix="tw_a", digest="d")
    staff_client("support").post("/admin/api/apikey/", {"action": "revoke", "_selected_action": key.pk})
    key.refresh_from_db()
    assert key.revoked_at
    assert [act.act for act in Act.objects.all()] == ["revoked"]


def test_owners_assign_roles_but_cannot_create_superusers() -> None:
    user = create_user()
    role = Group.objects.get(name="support")
    fields = {"email": EMAIL, "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": str(role.pk)}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    owner = staff_client("owner")
    sent = owner.post(f"{USER}{user.pk}/change/", fields | dates)
    assert sent.status_code == 302, read_page(sent)
    user = User.objects.get(pk=user.pk)
    assert (user.is_staff, user.is_superuser, list(user.groups.all())) == (True, False, [role])
    assert [act.after for act in Act.objects.all()] == [{"is_staff": True, "groups": ["support"]}]


def test_owners_cannot_change_superusers_or_roles() -> None:
    boss, owner = User.objects.create_superuser("boss@example.com", "x"), staff_client("owner")
    assert owner.post(f"{USER}{boss.pk}/password/", {"password1": "y", "password2": "y"}).status_code == 403
    assert owner.post(f"{USER}{boss.pk}/change/", {"email": "b@example.com"}).status_code == 403
    assert owner.post(f"{USER}{boss.pk}/delete/", {"post": "yes"}).status_code == 403
    role = Group.objects.get(name="support")
    for verb, fields in (("change", {"name": "x"}), ("delete", {"post": "yes"})):
        assert owner.post(f"/admin/auth/group/{role.pk}/{verb}/", fields).status_code == 403
    assert owner.post("/admin/auth/group/add/", {"name": "interns"}).status_code == 302
    assert Group.objects.filter(name="interns").exists()


def test_owners_can_delete_but_not_read_second_factors() -> None:
    user, boss, owner = create_user(), User.objects.create_superuser("boss@example.com", "x"), staff_client("owner")
    lost, stored = TOTP.activate(user, SECRET).instance, TOTP.activate(boss, SECRET).instance
    url = "/admin/mfa/authenticator/"
    assert str(lost.data["secret"]) not in read_page(owner.get(f"{url}{lost.pk}/change/"))
    assert owner.post(f"{url}{lost.pk}/delete/", {"post": "yes"}).status_code == 302
    assert owner.post(f"{url}{stored.pk}/delete/", {"post": "yes"}).status_code == 403
    assert list(Authenticator.objects.exclude(user__email="owner@example.com")) == [stored]
    assert [(act.act, act.label) for act in Act.objects.all()] == [
        ("deleted", f"TOTP Authenticator of account {user.pk}")
    ]
