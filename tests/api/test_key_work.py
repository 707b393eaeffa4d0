"""A key that is somebody's costs as much as one that is nobody's, so time tells a guesser nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.api.keys.queries import find_callers
from apps.api.keys.secret import digest_of, new_secret
from tests.api.conftest import new_key

pytestmark = pytest.mark.django_db


def test_a_key_is_looked_up_once_whoever_has_it() -> None:
    _, secret = new_key()
    find_callers([digest_of(secret)])  # notes the first use

    def work(digest: str) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            find_callers([digest])
        return [one["sql"].replace(digest, "…") for one in queries]

    known, unknown = work(digest_of(secret)), work(digest_of(new_secret()))
    assert len(unknown) == 1
    assert known[:1] == unknown


def test_a_key_is_compared_by_its_digest_alone() -> None:
    _, secret = new_key()
    near = digest_of(secret)[:-1] + ("0" if digest_of(secret)[-1] != "0" else "1")
    assert not find_callers([near])
    assert not find_callers([digest_of(secret)[:20]])
