"""The start page of the admin site: what needs attention, for each role, and while services are unavailable."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.audit.models import Act
from apps.audit.services import record
from apps.channels.models import Channel, FormerLogin
from apps.curation.decisions import BLOCK, PIN, Decision, decide
from apps.curation.models import CurationRequest, OptOutRequest
from apps.dashboard.desk import live_channels
from apps.dashboard.desk.live_channels import HISTORY_AWAY, REDIS_AWAY, HeardChannel, heard_least
from apps.dashboard.desk.sections import ROWS, Row, Section, span_text
from apps.ingest import outside_list
from core.channels.outside import OutsideChannel
from core.contracts import redis_keys
from core.errors import ServiceUnavailable
from core.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.dashboard.conftest import Boards, use_redis
from tests.pages import read_page
from tests.staff import staff_client

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
OF_CHANNELS = ["expiring", "heard-least", "rising", "renamed", "unavailable"]
REQUESTS = ["channel-requests", "opt-out-requests"]
SEEN = {
    "curator": [*REQUESTS, *OF_CHANNELS, "decisions"],
    "support": [*REQUESTS, "new-accounts"],
    "owner": [*REQUESTS, *OF_CHANNELS, "decisions", "new-accounts", "staff", "staff-changes"],
}


@pytest.fixture
def curator(boards: Boards) -> Client:
    return staff_client("curator")


def open_desk(client: Client) -> Any:
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return answer


def section(client: Client, key: str) -> Section:
    (found,) = [found for found in open_desk(client).context["sections"] if found.key == key]
    assert isinstance(found, Section)
    return found


def labels(row: Row) -> list[str]:
    return [action.label for action in row.actions]


def channel(number: int, **fields: Any) -> Channel:
    row = {"id": str(number), "login": f"c{number}", "name": f"C{number}"} | fields
    return Channel.objects.create(**row)


def create_user(email: str = "asker@example.com") -> User:
    return User.objects.create_user(email, "a long password")


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


# Roles


@pytest.mark.parametrize("role", SEEN)
def test_each_role_sees_the_sections_that_it_may_open(boards: Boards, role: str) -> None:
    answer = open_desk(staff_client(role))
    assert [found.key for found in answer.context["sections"]] == SEEN[role]
    page = read_page(answer)
    for key in SEEN["owner"]:
        assert (f'id="{key}"' in page) == (key in SEEN[role])


@pytest.mark.parametrize(
    ("role", "searches"),
    [("curator", ["channel"]), ("support", ["account", "key"]), ("owner", ["channel", "account", "key"])],
)
def test_each_role_can_search_what_it_may_view(boards: Boards, role: str, searches: list[str]) -> None:
    client = staff_client(role)
    answer = open_desk(client)
    assert [search.key for search in answer.context["searches"]] == searches
    for address in re.findall(r'<form action="(.*?)">', read_page(answer)):
        assert client.get(f"{address}?q=x").status_code == 200


def test_staff_without_a_role_see_no_sections(boards: Boards) -> None:
    client = staff_client("curator")
    User.objects.get().groups.clear()
    answer = open_desk(client)
    assert answer.context["sections"] == answer.context["searches"] == []


@pytest.mark.parametrize("role", SEEN)
def test_every_link_on_the_start_page_opens_for_the_role(boards: Boards, role: str) -> None:
    client = staff_client(role)
    fill_sections(boards)
    links = set(re.findall(r'href="(/admin/[^"]*)"', read_page(open_desk(client)))) - {"/admin/password_change/"}
    assert len(links) > 5
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_the_admin_site_has_the_name_and_style_of_twitchly(curator: Client) -> None:
    page = read_page(open_desk(curator))
    assert "<title>Needs attention · Twitchly</title>" in page
    assert "Django administration" not in page
    assert page.index("css/tokens.css") < page.index("css/admin.css")
    for model in ("Audit log entries", "Channel requests", "Requests to opt out"):
        assert f">{model}</a>" in page


def test_the_start_page_has_no_inline_code(boards: Boards) -> None:
    fill_sections(boards)
    page = open_desk(staff_client("owner")).content.decode()
    assert "style=" not in page
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert not re.search(r"<[^>]* on[a-z]+=", page)


# Requests


def test_open_requests_are_listed_oldest_first_with_their_age(curator: Client) -> None:
    user = create_user()
    for login, days in (("young", 1), ("old", 3), ("closed", 9)):
        request = CurationRequest.objects.create(user=user, login=login, note=f"about {login}")
        closed = timezone.now() if login == "closed" else None
        CurationRequest.objects.filter(pk=request.pk).update(created_at=ago(days=days), closed_at=closed)
    found = section(curator, "channel-requests")
    assert [(row.subject, row.cells) for row in found.rows] == [
        ("old", ("about old", "3 d")),
        ("young", ("about young", "1 d")),
    ]
    assert labels(found.rows[0]) == ["Answer"]
    assert "decision" in read_page(curator.get(found.rows[0].url))


def test_open_opt_out_requests_show_their_kind(curator: Client) -> None:
    OptOutRequest.objects.create(kind="user", login="ada")
    (row,) = section(curator, "opt-out-requests").rows
    assert (row.subject, row.cells, labels(row)) == ("ada (user)", ("–", "< 1 min"), ["Answer"])


def test_a_section_shows_eight_rows_and_the_total(curator: Client) -> None:
    user = create_user()
    for number in range(ROWS + 3):
        CurationRequest.objects.create(user=user, login=f"c{number}")
    found = section(curator, "channel-requests")
    assert (len(found.rows), found.total) == (ROWS, ROWS + 3)
    assert f'<a href="{found.all_url}">All' in read_page(open_desk(curator))


# Channels


def test_decisions_that_expire_within_a_week_are_listed(curator: Client) -> None:
    now = timezone.now()
    channel(4, pinned=True, reason="event", decided_until=now + timedelta(days=3, hours=1))
    channel(5, blocked=True, reason="law", decided_until=now + timedelta(hours=2, minutes=5))
    channel(6, pinned=True, reason="event", decided_until=now + timedelta(days=8))
    channel(7, pinned=True, reason="partner")
    found = section(curator, "expiring")
    assert [(row.subject, row.cells, labels(row)) for row in found.rows] == [
        ("C5", ("blocked", "law", "in 2 h"), ["Change"]),
        ("C4", ("pinned", "event", "in 3 d"), ["Change", "Block…"]),
    ]


def test_renamed_channels_show_their_former_login(curator: Client) -> None:
    for number, fields in ((4, {"pinned": True}), (5, {"is_wanted": True}), (6, {}), (7, {"is_wanted": True})):
        FormerLogin.objects.create(channel=channel(number, **fields), login=f"old{number}")
    # One channel was renamed long ago, another was renamed back.
    FormerLogin.objects.filter(login="old7").update(left_at=ago(days=31))
    FormerLogin.objects.create(channel=channel(8, is_wanted=True), login="c8")
    FormerLogin.objects.filter(login="old4").update(left_at=ago(days=2))
    found = section(curator, "renamed")
    assert [(row.subject, row.cells) for row in found.rows] == [
        ("C5", ("old5", "< 1 min ago")),
        ("C4", ("old4", "2 d ago")),
    ]


def test_pinned_channels_that_are_never_live_are_listed_as_unavailable(curator: Client) -> None:
    channel(4, pinned=True, reason="partner", last_seen_at=ago(days=40))
    channel(5, pinned=True, reason="event")
    channel(6, pinned=True, last_seen_at=ago(days=2))
    channel(7, last_seen_at=ago(days=90))
    decide(channel(8), Decision(PIN, "event"), by="a@example.com", now=timezone.now())
    found = section(curator, "unavailable")
    assert [(row.subject, row.cells) for row in found.rows] == [
        ("C5", ("never", "event")),
        ("C4", ("40 d ago", "partner")),
    ]


def test_the_channel_list_can_be_filtered_like_the_sections(curator: Client) -> None:
    channel(41, pinned=True, decided_until=timezone.now() + timedelta(days=1), last_seen_at=timezone.now())
    FormerLogin.objects.create(channel=channel(42, is_wanted=True), login="former")
    channel(43, pinned=True)
    for key, login in (("expiring", "c41"), ("renamed", "c42"), ("unavailable", "c43")):
        page = read_page(curator.get(section(curator, key).all_url))
        assert re.findall(r'/change/[^"]*">(c4\d)</a>', page) == [login], key


# Live channels


def test_channels_heard_least_come_first() -> None:
    channels = [
        HeardChannel("1", "a", "A", 10, 0.5),
        HeardChannel("2", "b", "B", 10, 1.0),
        HeardChannel("3", "c", "C", 10, None),
        HeardChannel("4", "d", "D", 900, None),
    ]
    assert [channel.id for channel in heard_least(channels)] == ["4", "3", "1"]


def test_tracked_live_channels_are_listed_by_coverage(curator: Client, boards: Boards) -> None:
    for number, fields in ((1, {}), (2, {}), (3, {}), (4, {"offline_since": timezone.now()})):
        channel(number, is_wanted=True, viewers=1_200, **fields)
    boards.write_viewers({"1": 900}, observed_ms=15_000)
    boards.write_viewers({"2": 900})
    boards.valkey.client().hdel(redis_keys.window_values("live"), "3")
    found = section(curator, "heard-least")
    assert [(row.subject, row.cells) for row in found.rows] == [
        ("C3", ("not heard", "1,200", "–")),
        ("C1", ("50.0%", "1,200", "–")),
    ]
    assert labels(found.rows[0]) == ["Review", "Block…"]


def use_history(settings: Settings, monkeypatch: pytest.MonkeyPatch, read: Callable[..., dict[str, str]]) -> None:
    settings.CASSANDRA_HOSTS = ["reference"]
    monkeypatch.setattr(live_channels, "newest_gap_reasons", read)


def test_the_reason_for_a_channels_latest_gap_is_shown(
    curator: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(4, is_wanted=True)

    def read(channel_ids: Collection[str], _now_ms: int) -> dict[str, str]:
        return dict.fromkeys(channel_ids, "Twitch has suspended the channel")

    use_history(settings, monkeypatch, read)
    (row,) = section(curator, "heard-least").rows
    assert row.cells[-1] == "Twitch has suspended the channel"


def test_without_history_only_the_reasons_are_missing(
    curator: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel(4, is_wanted=True)

    def fail(_channel_ids: Collection[str], _now_ms: int) -> dict[str, str]:
        raise ServiceUnavailable("Cassandra is not responding")

    use_history(settings, monkeypatch, fail)
    found = section(curator, "heard-least")
    assert (len(found.rows), found.problem) == (1, HISTORY_AWAY)
    assert HISTORY_AWAY in read_page(open_desk(curator))


def publish_outside(boards: Boards, *channels: OutsideChannel) -> None:
    outside_list.write(boards.valkey.client(3), channels, boards.end_ms)


def test_rising_channels_can_be_pinned_or_blocked(curator: Client, boards: Boards) -> None:
    since_ms = boards.end_ms - 5 * MINUTE_MS
    publish_outside(
        boards,
        OutsideChannel("71", "steady", "Steady", "Chess", 900, since_ms, 900),
        OutsideChannel("72", "rising", "Rising", "", 300, since_ms, 100),
        OutsideChannel("73", "known", "Known", "Go", 400, since_ms, 150),
    )
    channel(73, login="known")
    found = section(curator, "rising")
    assert [(row.subject, row.cells, labels(row)) for row in found.rows] == [
        ("Known", ("400", "+250 in 5 min", "Go"), ["Pin…", "Block…"]),
        ("Rising", ("300", "+200 in 5 min", "–"), ["Pin…"]),
    ]
    form = read_page(curator.get(found.rows[1].actions[0].url))
    assert 'value="rising"' in form


def test_blocking_from_the_start_page_asks_for_a_reason_first(curator: Client) -> None:
    channel(9, is_wanted=True)
    (row,) = section(curator, "heard-least").rows
    block = row.actions[1]
    page = read_page(curator.post(block.url, block.fields))
    assert 'name="reason"' in page
    assert not Act.objects.exists()
    answer = curator.post(block.url, {**block.fields, "decided": "1", "reason": "law"}, follow=True)
    assert answer.status_code == 200
    (entry,) = section(curator, "decisions").rows
    assert (entry.subject, entry.cells) == (
        "c9 (channel)",
        ("blocked", "curator@example.com", "< 1 min ago", "law"),
    )


def test_the_age_of_an_old_poll_is_shown(curator: Client) -> None:
    assert "in the past 10 min" in section(curator, "rising").problem


# Unavailable services and empty sections


def test_without_redis_the_sections_that_need_it_say_so_and_the_others_work(settings: Settings, boards: Boards) -> None:
    client = staff_client("owner")
    use_redis(settings, "redis://127.0.0.1:1")
    channel(4, pinned=True)
    sections = {found.key: found for found in open_desk(client).context["sections"]}
    assert {key for key, found in sections.items() if found.problem} == {"heard-least", "rising"}
    assert sections["rising"].problem == REDIS_AWAY
    assert sections["unavailable"].total == 1
    assert REDIS_AWAY in read_page(open_desk(client))


def test_empty_sections_say_that_nothing_needs_attention(boards: Boards) -> None:
    publish_outside(boards)
    answer = open_desk(staff_client("owner"))
    page, empty = read_page(answer), [found for found in answer.context["sections"] if not found.rows]
    assert [found.key for found in empty] == [*REQUESTS, *OF_CHANNELS, "decisions", "new-accounts", "staff-changes"]
    assert all(found.empty in page for found in empty)


# Decisions and staff


def test_recent_decisions_link_to_the_history_of_their_object(curator: Client) -> None:
    known = channel(4)
    decide(known, Decision(PIN, "event"), by="a@example.com", now=timezone.now())
    decide(known, Decision(BLOCK, "law"), by="b@example.com", now=timezone.now())
    decide(channel(5), Decision(PIN, "partner"), by="a@example.com", now=timezone.now())
    found = section(curator, "decisions")
    assert [(row.subject, *row.cells[:2]) for row in found.rows] == [
        ("c5 (channel)", "pinned", "a@example.com"),
        ("c4 (channel)", "blocked", "b@example.com"),
        ("c4 (channel)", "pinned", "a@example.com"),
    ]
    history = read_page(curator.get(found.rows[1].actions[0].url))
    assert "b@example.com" in history
    assert "partner" not in history


def test_requests_keep_their_name_in_the_audit_log(curator: Client) -> None:
    request = CurationRequest.objects.create(user=create_user(), login="ada")
    record(by="a@example.com", act=Act.Kind.DECLINED, of=request)
    assert Act.objects.get().model == "curation request"
    (row,) = section(curator, "decisions").rows
    assert row.subject == "ada (curation request)"


def test_curators_do_not_see_changes_to_accounts(boards: Boards) -> None:
    owner, curator = staff_client("owner"), staff_client("curator")
    record(by="owner@example.com", act=Act.Kind.CHANGED, of=create_user(), label="account 9")
    assert section(curator, "decisions").rows == ()
    assert [row.subject for row in section(owner, "staff-changes").rows] == ["account 9 (user)"]


def test_staff_without_a_second_factor_are_listed_first_for_owners(boards: Boards) -> None:
    owner = staff_client("owner")
    member = User.objects.create_user("zoe@example.com", "a long password", is_staff=True)
    member.groups.add(Group.objects.get(name="support"))
    rows = section(owner, "staff").rows
    assert [(row.subject, row.cells[:2]) for row in rows] == [
        ("zoe@example.com", ("support", "missing")),
        ("owner@example.com", ("owner", "set up")),
    ]


def test_support_sees_new_accounts(boards: Boards) -> None:
    support = staff_client("support")
    create_user()
    User.objects.filter(pk=create_user("old@example.com").pk).update(date_joined=ago(days=8))
    (row,) = section(support, "new-accounts").rows
    assert (row.subject, row.cells, labels(row)) == ("asker@example.com", ("< 1 min ago", "never"), ["Open"])


# Safety and cost


def fill_sections(boards: Boards, numbers: Sequence[int] = (100,), text: str = "text") -> None:
    """For each of the numbers, add a row to every section."""
    soon, since_ms = timezone.now() + timedelta(days=1), boards.end_ms - MINUTE_MS
    for number in numbers:
        user = create_user(f"user{number}@example.com")
        CurationRequest.objects.create(user=user, login=f"r{number}", note=text)
        OptOutRequest.objects.create(kind="channel", login=f"o{number}", note=text)
        channel(number, name=text, pinned=True, reason=text, decided_until=soon)
        FormerLogin.objects.create(channel=channel(number + 1_000, name=text, is_wanted=True), login=f"f{number}")
        record(by=text, act=Act.Kind.PINNED, of=Channel(pk=f"{number + 2_000}", login=text), reason=text)
        record(by=text, act=Act.Kind.CHANGED, of=user, label=text, reason=text)
    rising = (OutsideChannel(str(n), f"s{n}", text, text, 900, since_ms, 100) for n in numbers)
    publish_outside(boards, *rising)


def test_hostile_texts_are_escaped(boards: Boards) -> None:
    fill_sections(boards, text=HOSTILE)
    page = read_page(open_desk(staff_client("owner")))
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 10


def test_the_number_of_queries_does_not_grow_with_the_rows(boards: Boards) -> None:
    owner, counts = staff_client("owner"), []
    for numbers in ([100], range(200, 200 + ROWS)):
        fill_sections(boards, numbers)
        open_desk(owner)
        with CaptureQueriesContext(connection) as queries:
            open_desk(owner)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 60


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [
        (0, "< 1 min"),
        (59_999, "< 1 min"),
        (MINUTE_MS, "1 min"),
        (HOUR_MS - 1, "59 min"),
        (DAY_MS - 1, "23 h"),
        (5_000 * DAY_MS, "5,000 d"),
    ],
)
def test_spans_are_shown_in_their_largest_unit(span_ms: int, text: str) -> None:
    assert span_text(span_ms) == text
