from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


def ensure(path: Path) -> None:
    call_command("ensure_demo_user", "--email", "Demo@Example.com", "--password-file", str(path))


def test_the_demo_user_is_created_once_and_uses_the_password_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("first password\n")
    ensure(path)
    ensure(path)
    user = User.objects.get()
    assert user.email == "demo@example.com"
    assert user.check_password("first password")
    assert not user.is_staff
    path.write_text("second password\n")
    ensure(path)
    assert User.objects.get().check_password("second password")


def test_a_missing_or_empty_password_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot read the password"):
        ensure(tmp_path / "missing")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(CommandError, match="is empty"):
        ensure(tmp_path / "empty")


def test_email_addresses_are_case_insensitive() -> None:
    User.objects.create_user("a@example.com", "x")
    with pytest.raises(IntegrityError):
        User.objects.create_user("A@Example.com", "x")
