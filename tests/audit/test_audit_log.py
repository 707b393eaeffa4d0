"""The audit log: append-only, filterable by staff, and exported as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.test import Client

from apps.audit import admin as audit_admin
from apps.audit.models import Act, AppendOnlyError, Deletion
from apps.audit.queries import csv_rows, erasure_receipt
from apps.audit.services import SYSTEM, actor_name, record, record_deletion
from apps.channels.models import Channel
from apps.curation.decisions import BLOCK, PIN, Decision, decide, expire_decisions
from apps.curation.models import Bot
from tests.curation.test_admin import page_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def act() -> Act:
    record(by=SYSTEM, act=Act.Kind.CHANGED, of=Bot(pk=7, login="a"), before={"x": 1, "y": 2}, after={"x": 1, "y": 3})
    return Act.objects.get()


def test_an_entry_contains_only_the_changed_values(act: Act) -> None:
    assert (act.model, act.object_id, act.label, act.before, act.after) == ("bot", "7", "a", {"y": 2}, {"y": 3})


def test_entries_cannot_be_changed_or_deleted(act: Act) -> None:
    for attempt in (act.save, act.delete, Act.objects.all().delete, lambda: Act.objects.update(by="nobody")):
        with pytest.raises(AppendOnlyError):
            attempt()


@pytest.mark.parametrize("table", ["audit_act", "audit_deletion"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET at = at", "DELETE FROM {}"])
def test_database_triggers_reject_changes_and_deletions(act: Act, table: str, sql: str) -> None:
    record_deletion(event="opt-out-1", stage=Deletion.Stage.FOUND, channel_id="7", rows={})
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(table))


def test_the_first_count_of_each_erasure_stage_is_kept() -> None:
    assert erasure_receipt("opt-out-1") is None
    for rows in ({"hour_window": 3}, {"hour_window": 0}):
        record_deletion(event="opt-out-1", stage=Deletion.Stage.FOUND, channel_id="7", rows=rows)
    proof = erasure_receipt("opt-out-1")
    assert proof
    assert (proof.total, proof.done_at) == (3, None)
    record_deletion(event="opt-out-1", stage=Deletion.Stage.LEFT, channel_id="7", rows={"hour_window": 0})
    done = erasure_receipt("opt-out-1")
    assert done
    assert done.done_at
    assert done.tables == [("hour_window", 3, 0)]


def test_staff_are_logged_by_email_address_and_others_by_account_id() -> None:
    users = get_user_model().objects
    staff = users.create_user("a@example.com", is_staff=True)
    other = users.create_user("b@example.com")
    assert (actor_name(staff), actor_name(other)) == ("a@example.com", f"account {other.pk}")


def test_staff_can_filter_but_not_change_the_log(curator: Client, act: Act) -> None:
    record(by="curator@example.com", act=Act.Kind.PINNED, of=Bot(pk=8, login="=b"), reason="event")
    page = page_of(curator, "/admin/audit/act/?by=curator@example.com")
    assert "event" in page
    assert 'name="action"' not in page
    assert curator.get("/admin/audit/act/add/").status_code == 403
    assert curator.post(f"/admin/audit/act/{act.pk}/delete/", {"post": "yes"}).status_code == 403
    assert curator.post(f"/admin/audit/act/{act.pk}/change/", {"by": "x"}).status_code == 403


def content_of(response: Any) -> str:
    """Return the content of a streaming response."""

    async def chunks() -> list[bytes]:
        return [chunk async for chunk in response]

    return b"".join(async_to_sync(chunks)()).decode()


def test_the_export_is_streamed(curator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_admin, "CHUNK_ROWS", 10)
    for number in range(50):
        record(by="curator@example.com", act=Act.Kind.PINNED, of=Bot(pk=number, login=f"bot_{number}"))
    read: list[int] = []

    def counted(acts: Iterable[Act]) -> Iterator[list[str]]:
        for act in acts:
            read.append(act.pk)
            yield from csv_rows([act])

    monkeypatch.setattr(audit_admin, "csv_rows", counted)
    response: Any = curator.get("/admin/audit/act/acts.csv")

    async def first_chunk() -> bytes:
        async for chunk in response:
            return bytes(chunk)
        return b""

    assert async_to_sync(first_chunk)().decode().startswith("\ufeffat,by")
    assert 0 < len(read) < 50


def test_the_export_contains_the_filtered_entries(curator: Client, act: Act) -> None:
    record(by="curator@example.com", act=Act.Kind.PINNED, of=Bot(pk=8, login="=b"), reason="event")
    response = curator.get("/admin/audit/act/acts.csv?act=pinned")
    lines = content_of(response).splitlines()
    assert lines[0] == "\ufeffat,by,action,object_type,object_id,object,reason,before,after"
    assert [line.split(",", 1)[1] for line in lines[1:]] == ["curator@example.com,pinned,bot,8,'=b,event,,"]
    stranger = Client().get("/admin/audit/act/acts.csv")
    assert stranger.status_code == 302


def test_an_expired_decision_is_logged_as_ended_by_the_system() -> None:
    channel = Channel.objects.create(id="7", login="seven", name="Seven", note="kept")
    soon = NOW + timedelta(minutes=1)
    decide(channel, Decision(PIN, "event", soon, ("chess",)), by="a@example.com", now=NOW)
    assert expire_decisions(now=NOW) == 0
    assert expire_decisions(now=soon) == 1
    assert expire_decisions(now=soon) == 0
    channel.refresh_from_db()
    assert (channel.pinned, channel.decided_until, channel.reason) == (False, None, "")
    assert [tag.name for tag in channel.tags.all()] == ["chess"]
    last = Act.objects.all()[0]
    assert (last.by, last.act, last.reason) == ("system", "ended", "expired: event")


def test_a_decision_without_changes_is_not_logged() -> None:
    channel = Channel.objects.create(id="7", login="seven", name="Seven")
    assert decide(channel, Decision(BLOCK, "law"), by="a@example.com", now=NOW)
    assert not decide(channel, Decision(BLOCK, "law"), by="a@example.com", now=NOW)
    assert Act.objects.count() == 1
