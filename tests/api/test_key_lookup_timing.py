"""Known and unknown keys need the same lookup, so response times reveal nothing to an attacker."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.api.authentication import digest_of, new_secret
from apps.api.keys.queries import find_clients
from tests.api.conftest import new_key

pytestmark = pytest.mark.django_db


def test_known_and_unknown_keys_need_the_same_lookup() -> None:
    _, secret = new_key()
    find_clients([digest_of(secret)])  # updates last_used_at

    def queries_for(digest: str) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            find_clients([digest])
        return [query["sql"].replace(digest, "…") for query in queries]

    known, unknown = queries_for(digest_of(secret)), queries_for(digest_of(new_secret()))
    assert len(unknown) == 1
    assert known[:1] == unknown


def test_keys_are_found_by_their_whole_digest_only() -> None:
    _, secret = new_key()
    similar = digest_of(secret)[:-1] + ("0" if digest_of(secret)[-1] != "0" else "1")
    assert not find_clients([similar])
    assert not find_clients([digest_of(secret)[:20]])
