"""Admin pages of curators: pins, blocks, tags, opt-outs, bots, and their audit log."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest
from django.test import Client
from pytest_django import Settings

from apps.audit.models import Act
from apps.channels.models import Channel
from apps.curation.decisions import apply_renames
from apps.curation.models import Bot, OptOut
from tests.ingest.conftest import use
from tests.ingest.twitch_api import Live
from tests.pages import read_page

pytestmark = pytest.mark.django_db
CHANNEL = "/admin/channels/channel/"
OPT_OUT = "/admin/curation/optout/"
BOT = "/admin/curation/bot/"


def page_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response
    return read_page(response)


def send(client: Client, url: str, **fields: str) -> str:
    """Send a form; return the page with its errors, or "" on success."""
    response = client.post(url, fields)
    assert response.status_code in (200, 302)
    return "" if response.status_code == 302 else read_page(response)


def confirm(client: Client, url: str, **fields: str) -> str:
    """Send a form, check that it asks for confirmation, and confirm; return the confirmation page."""
    page = send(client, url, **fields)
    displayed = re.search(r'name="account" value="(\d+)"', page)
    assert displayed, page
    assert send(client, url, **fields, account=displayed[1]) == ""
    match = re.search(r"<li>(This is|Twitch)(.*?)</li>", page)
    return match[1] + match[2] if match else ""


def channel(channel_id: str = "7", **fields: object) -> Channel:
    return Channel.objects.create(**{"id": channel_id, "login": f"channel{channel_id}", "name": "A", **fields})


# Channels


@pytest.mark.parametrize("typed", ["channel7", " @Channel7 ", "#channel7", "https://www.twitch.tv/Channel7/"])
def test_a_channel_is_pinned_by_its_login(curator: Client, twitch: Live, typed: str) -> None:
    assert send(curator, f"{CHANNEL}add/", login=typed, reason="partner", tag_names="Chess, big", note="by mail") == ""
    saved = Channel.objects.get()
    decided = (saved.id, saved.login, saved.name, saved.pinned, saved.reason, saved.note)
    assert decided == ("7", "channel7", "Channel7", True, "partner", "by mail")
    assert [tag.name for tag in saved.tags.all()] == ["big", "chess"]
    (act,) = Act.objects.all()
    assert (act.by, act.act, act.label, act.reason) == ("curator@example.com", "pinned", "channel7", "partner")
    assert (act.before["decision"], act.after["decision"]) == ("none", "pin")


def test_pinning_a_known_channel_keeps_its_data(curator: Client, twitch: Live) -> None:
    channel(title="a title", blocked=True, reason="law", note="old")
    assert send(curator, f"{CHANNEL}add/", login="channel7", reason="partner") == ""
    saved = Channel.objects.get()
    assert (saved.pinned, saved.blocked, saved.title, saved.note) == (True, False, "a title", "old")


def test_unknown_logins_are_reported(curator: Client, twitch: Live) -> None:
    assert "has no account with the login ghost" in send(curator, f"{CHANNEL}add/", login="ghost", reason="event")
    assert not Channel.objects.exists()


@pytest.mark.parametrize("typed", ["two words", "a\r\nb", "ädä", "x" * 65, ""])
def test_malformed_logins_are_not_looked_up(curator: Client, twitch: Live, typed: str) -> None:
    assert "errorlist" in send(curator, f"{CHANNEL}add/", login=typed, reason="event")
    assert twitch.requests == []


def test_an_unavailable_twitch_is_reported_next_to_the_field(curator: Client, settings: Settings, twitch: Live) -> None:
    use(settings, "http://127.0.0.1:1")
    assert "Twitch is not responding" in send(curator, f"{CHANNEL}add/", login="channel7", reason="event")


def test_a_refusal_by_twitch_is_reported_next_to_the_field(curator: Client, twitch: Live) -> None:
    twitch.fault = httpx.Response(400, json={"message": "Invalid login names"})
    assert "Twitch refused the lookup" in send(curator, f"{CHANNEL}add/", login="channel7", reason="event")


def test_opted_out_channels_cannot_be_pinned(curator: Client, twitch: Live) -> None:
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="7")
    assert "The channel has opted out" in send(curator, f"{CHANNEL}add/", login="channel7", reason="event")


def test_the_change_form_writes_only_decision_fields(curator: Client) -> None:
    channel(viewers=900)
    assert "Decided here" in page_of(curator, f"{CHANNEL}7/change/")
    assert (
        send(curator, f"{CHANNEL}7/change/", blocked="on", reason="law", note="spam", viewers="1", login="other") == ""
    )
    saved = Channel.objects.get()
    assert (saved.blocked, saved.note, saved.viewers, saved.login) == (True, "spam", 900, "channel7")


def test_a_channel_cannot_be_pinned_and_blocked(curator: Client) -> None:
    channel()
    page = send(curator, f"{CHANNEL}7/change/", blocked="on", pinned="on", reason="law")
    assert "A channel cannot be both pinned and blocked." in page


def test_channels_cannot_be_deleted(curator: Client) -> None:
    channel()
    assert curator.post(f"{CHANNEL}7/delete/", {"post": "yes"}).status_code == 403
    assert Channel.objects.exists()


@pytest.mark.parametrize("reason", ["", " "])
def test_a_pin_or_block_needs_a_reason(curator: Client, twitch: Live, reason: str) -> None:
    assert "required" in send(curator, f"{CHANNEL}add/", login="channel7", reason=reason)
    channel()
    assert "needs a reason" in send(curator, f"{CHANNEL}7/change/", blocked="on", reason=reason)
    assert "required" in send(curator, CHANNEL, action="pin", _selected_action="7", decided="1", reason=reason)
    assert not Channel.objects.filter(pinned=True).exists()


def test_the_expiry_must_be_in_the_future(curator: Client) -> None:
    channel()
    fields = {"pinned": "on", "reason": "event", "decided_until_0": "2020-01-01", "decided_until_1": "00:00"}
    assert "is in the past" in send(curator, f"{CHANNEL}7/change/", **fields)
    assert send(curator, f"{CHANNEL}7/change/", **fields | {"decided_until_0": "2099-01-01"}) == ""
    assert Channel.objects.get().decided_until == datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("action", "pinned", "blocked"), [("pin", True, False), ("block", False, True)])
def test_bulk_decisions_share_one_reason(curator: Client, action: str, pinned: bool, blocked: bool) -> None:
    channel("7", pinned=True, reason="partner")
    channel("8", blocked=True, reason="law")
    many = {"action": action, "_selected_action": ["7", "8"]}
    page = read_page(curator.post(CHANNEL, many))
    assert 'name="reason"' in page
    assert "channel7" in page
    assert not Act.objects.exists()
    response = curator.post(CHANNEL, many | {"decided": "1", "reason": "event", "until": "2099-01-01 18:00"})
    assert response.status_code == 302
    assert set(Channel.objects.values_list("pinned", "blocked", "reason")) == {(pinned, blocked, "event")}
    assert Act.objects.count() == 2


def test_an_expiry_out_of_range_in_utc_is_rejected(curator: Client) -> None:
    channel("7")
    many = {"action": "pin", "_selected_action": "7", "decided": "1", "reason": "event"}
    for until in ("9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"):
        page = curator.post(CHANNEL, many | {"until": until})
        assert page.status_code == 200
        assert "Enter a valid date/time." in read_page(page)
    assert not Act.objects.exists()


def test_bulk_actions_reset_decisions_and_set_tags(curator: Client) -> None:
    channel("7", pinned=True, reason="partner", note="kept")
    curator.post(CHANNEL, {"action": "tag", "_selected_action": "7", "decided": "1", "add": "chess, big"})
    curator.post(CHANNEL, {"action": "tag", "_selected_action": "7", "decided": "1", "remove": "BIG"})
    send(curator, CHANNEL, action="leave_to_rank", _selected_action="7")
    saved = Channel.objects.get()
    assert (saved.pinned, saved.reason, saved.note) == (False, "", "kept")
    assert [tag.name for tag in saved.tags.all()] == ["chess"]
    assert [act.act for act in Act.objects.all()] == ["left", "changed", "changed"]
    (tag,) = saved.tags.all()
    assert "channel7" in page_of(curator, f"{CHANNEL}?tags__id__exact={tag.pk}")


def test_a_failing_channel_does_not_stop_a_bulk_decision(curator: Client) -> None:
    channel("7")
    channel("8")
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="7")
    many = {"action": "pin", "_selected_action": ["7", "8"], "decided": "1", "reason": "event"}
    page = read_page(curator.post(CHANNEL, many, follow=True))
    assert "Channels changed: 1." in page
    assert "Unchanged: channel7: The channel has opted out" in page
    assert [channel.login for channel in Channel.objects.filter(pinned=True)] == ["channel8"]


def test_channels_are_found_by_former_logins(curator: Client) -> None:
    known = channel("7", pinned=True, reason="partner")
    assert apply_renames({"7": "newname"}) == 1
    assert apply_renames({"7": "newname", "9": "somebody"}) == 0
    known.refresh_from_db()
    assert (known.login, known.pinned) == ("newname", True)
    assert "newname" in page_of(curator, f"{CHANNEL}?q=channel7")
    assert "channel7" in page_of(curator, f"{CHANNEL}7/change/")


def test_channels_are_found_by_login_id_and_note(curator: Client) -> None:
    channel("71", note="the chess one")
    channel("72")
    for query in ("q=channel71", "q=71", "q=chess", "is_wanted__exact=0&q=71"):
        page = page_of(curator, f"{CHANNEL}?{query}")
        assert "channel71" in page
        assert "channel72" not in page


def test_channels_that_were_never_live_are_listed_last() -> None:
    channel("7")
    channel("8", last_seen_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert [channel.id for channel in Channel.objects.all()] == ["8", "7"]


# Opt-outs


def test_an_opt_out_by_login_stores_the_id(curator: Client, twitch: Live) -> None:
    question = confirm(curator, f"{OPT_OUT}add/", kind="channel", login="Channel7", note="asked by mail")
    assert question.startswith("This is Channel7: login channel7, Twitch ID 7. Its history will be deleted")
    saved = OptOut.objects.get()
    assert (saved.kind, saved.twitch_id, saved.login, saved.note) == ("channel", "7", "channel7", "asked by mail")


def test_an_opt_out_by_id_works_without_twitch(curator: Client, settings: Settings, twitch: Live) -> None:
    use(settings, "http://127.0.0.1:1")
    question = confirm(curator, f"{OPT_OUT}add/", kind="user", twitch_id="123")
    assert "the ID 123 could not be checked. Its messages will no longer be counted." in question
    assert OptOut.objects.get().twitch_id == "123"


def test_an_opt_out_by_id_shows_the_account(curator: Client, twitch: Live) -> None:
    page = send(curator, f"{OPT_OUT}add/", kind="channel", twitch_id="7", login="channel8")
    assert "The ID belongs to channel7." in page
    assert "Twitch has no account with the ID 123" in confirm(
        curator, f"{OPT_OUT}add/", kind="channel", twitch_id="123"
    )
    assert "login channel7" in confirm(curator, f"{OPT_OUT}add/", kind="channel", twitch_id="7")
    assert OptOut.objects.get(twitch_id="7").login == "channel7"


def test_an_opt_out_accepts_channel_urls_only(curator: Client, twitch: Live) -> None:
    page = send(curator, f"{OPT_OUT}add/", kind="channel", login="https://www.twitch.tv/videos/2460329693")
    assert "This is the URL of a video." in page
    assert twitch.requests == []
    assert "ID 7" in confirm(curator, f"{OPT_OUT}add/", kind="channel", login="twitch.tv/channel7/about")


def test_digits_are_a_known_id_or_else_a_login(curator: Client, twitch: Live) -> None:
    twitch.accounts["77"] = "500"
    assert "login 500, Twitch ID 77" in confirm(curator, f"{OPT_OUT}add/", kind="user", login="500")
    twitch.accounts["500"] = "other"
    channel("500", login="other")
    assert "login other, Twitch ID 500" in confirm(curator, f"{OPT_OUT}add/", kind="user", login="500")
    assert "login channel8, Twitch ID 8" in confirm(curator, f"{OPT_OUT}add/", kind="user", login="8")


def test_a_confirmation_is_valid_for_the_displayed_account_only(curator: Client, twitch: Live) -> None:
    page = send(curator, f"{OPT_OUT}add/", kind="channel", login="channel8", account="7")
    assert "This is Channel8" in page
    assert not OptOut.objects.exists()


def test_an_opt_out_requires_a_login_or_id(curator: Client, twitch: Live) -> None:
    assert "Enter the login or the ID." in send(curator, f"{OPT_OUT}add/", kind="user")
    assert "has no account" in send(curator, f"{OPT_OUT}add/", kind="user", login="ghost")
    assert "up to 20 digits" in send(curator, f"{OPT_OUT}add/", kind="user", twitch_id="12a")
    assert not OptOut.objects.exists()


def test_an_opt_out_is_unique_per_kind(curator: Client, twitch: Live) -> None:
    confirm(curator, f"{OPT_OUT}add/", kind="user", login="channel7")
    confirm(curator, f"{OPT_OUT}add/", kind="channel", login="channel7")
    assert "already opted out" in send(curator, f"{OPT_OUT}add/", kind="user", login="channel7")
    assert "already opted out" in send(curator, f"{OPT_OUT}add/", kind="user", twitch_id="7")
    assert OptOut.objects.count() == 2


def test_only_the_note_of_an_opt_out_can_be_changed(curator: Client) -> None:
    saved = OptOut.objects.create(kind=OptOut.Kind.USER, twitch_id="7", login="ada")
    assert "ada" in page_of(curator, OPT_OUT)
    assert send(curator, f"{OPT_OUT}{saved.pk}/change/", kind="channel", twitch_id="8", note="by mail") == ""
    saved.refresh_from_db()
    assert (saved.kind, saved.twitch_id, saved.note) == ("user", "7", "by mail")
    (act,) = Act.objects.all()
    assert (act.act, act.before, act.after) == ("changed", {"note": ""}, {"note": "by mail"})


# Bots


def test_known_bots_are_preinstalled(curator: Client) -> None:
    page = page_of(curator, BOT)
    assert all(login in page for login in ("nightbot", "streamelements", "sery_bot", "creatisbot"))


def test_bot_logins_are_normalized_and_unique(curator: Client) -> None:
    assert send(curator, f"{BOT}add/", login="@MyBot", is_counted_out="on") == ""
    assert Bot.objects.get(login="mybot").is_counted_out
    assert "already exists" in send(curator, f"{BOT}add/", login="MYBOT")
    (act,) = Act.objects.all()
    assert (act.act, act.model, act.after["login"]) == ("added", "bot", "mybot")


def test_changes_and_deletions_of_bots_are_audited(curator: Client) -> None:
    bot = Bot.objects.get(login="nightbot")
    assert send(curator, f"{BOT}{bot.pk}/change/", login="nightbot", note=bot.note) == ""
    assert send(curator, f"{BOT}{bot.pk}/delete/", post="yes") == ""
    assert [(act.act, act.before) for act in Act.objects.all()] == [
        ("deleted", {"is_counted_out": False, "login": "nightbot", "note": "chat bot"}),
        ("changed", {"is_counted_out": True}),
    ]
