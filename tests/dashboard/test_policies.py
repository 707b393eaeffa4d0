"""The public privacy and terms pages, with the configured retention."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from pytest_django import Settings

from apps.audit.models import Act
from apps.curation.models import OptOut, OptOutRequest
from apps.curation.opt_outs import accept_request, request_opt_out
from apps.dashboard.policies.retention import TABLES, TOPICS, UNTIL_OPT_OUT, duration_text
from apps.dashboard.script import script_constants
from apps.metrics import models
from core.channels.account import Account
from core.pipeline.topics import TOPICS as ALL_TOPICS
from core.pipeline.topics import dead_letter_topic
from tests.pages import read_page

pytestmark = pytest.mark.django_db
FOREVER = "indefinitely"


def rows(client: Client) -> dict[str, str]:
    """Return the rows of the page's tables."""
    page = read_page(client.get("/privacy"))
    result = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td></tr>", page)
    return {html.unescape(data): html.unescape(retention) for data, retention in result}


def test_the_retention_of_every_topic_is_listed(client: Client) -> None:
    displayed, retention = rows(client), {topic.name: topic.retention_ms for topic in ALL_TOPICS}
    assert set(TOPICS) | set(map(dead_letter_topic, TOPICS)) == set(retention)
    for name, label in TOPICS.items():
        data, _, unread = displayed[label].partition("; unreadable records: ")
        assert data == duration_text(retention[name])
        assert (unread or data) == duration_text(max(retention[name], retention[dead_letter_topic(name)]))


def test_the_retention_of_every_history_table_is_listed(client: Client) -> None:
    displayed = rows(client)
    stored = {item for item in vars(models).values() if hasattr(item, "__table_name__") and item.__table_name__}
    assert set(TABLES) == stored
    for table, label in TABLES.items():
        ttl_s = table.__options__.get("default_time_to_live", 0) if hasattr(table, "__options__") else 0
        assert displayed[label] == (duration_text(ttl_s * 1000) if ttl_s else UNTIL_OPT_OUT)


def test_the_page_shows_the_configured_durations(client: Client, settings: Settings) -> None:
    settings.SESSION_COOKIE_AGE = 5 * 86_400
    assert rows(client)["Sessions, with IP address and browser"] == "5 days"
    assert "for up to 5 days" in read_page(client.get("/privacy"))


def test_data_kept_after_an_opt_out_is_listed(client: Client) -> None:
    request_opt_out(kind="channel", login="channel7", contact="ada@example.com", note="it is mine")
    request = OptOutRequest.objects.get()
    accept_request(request, Account(id="7", login="channel7", name="Channel7"), by="curator@example.com")
    OptOut.objects.all().delete()
    request.refresh_from_db()
    assert (request.login, request.state, request.contact, request.note) == ("channel7", "accepted", "", "")
    assert {act.label for act in Act.objects.all()} == {"channel channel7"}
    assert [act.after["twitch_id"] for act in Act.objects.filter(act="added")] == ["7"]
    displayed = rows(client)
    assert displayed["Opt-outs, by Twitch ID and name"] == "until withdrawn"
    assert displayed["Text of opt-out requests"] == "until a curator decides"
    assert displayed["Opt-out requests: Twitch name, time and decision"] == FOREVER
    assert displayed["Audit log: opt-outs and requests, by Twitch ID and name, with notes"] == FOREVER
    assert displayed["Amount of deleted data per channel that opted out, by Twitch ID"] == FOREVER
    assert "the audit log records who opted out" in read_page(client.get("/privacy"))


@pytest.mark.parametrize(("ms", "expected"), [(82_800_000, "23 h"), (86_400_000, "24 h"), (172_800_000, "2 days")])
def test_retention_durations_are_formatted(ms: int, expected: str) -> None:
    assert duration_text(ms) == expected


@pytest.mark.parametrize("path", ["/privacy", "/terms", "/methodology", "/status", "/account/login/", "/nowhere"])
def test_every_footer_links_to_the_policies(client: Client, path: str) -> None:
    page = read_page(client.get(path))
    foot = page[page.index('<footer class="foot">') :]
    assert all(f'href="{link}"' in foot for link in ("/methodology", "/privacy", "/terms", "/opt-out", "/status"))
    assert "not affiliated with Twitch" in foot
    assert page.count("<footer") == 1


@pytest.mark.parametrize(
    ("simulated", "expected"),
    [
        (True, "Simulated data. Source: Simulated Twitch, measured by Twitchly."),
        (False, "Source: Twitch, measured by Twitchly."),
    ],
)
def test_a_printed_page_names_the_source_of_its_data(
    client: Client, settings: Settings, simulated: bool, expected: str
) -> None:
    settings.TWITCH_IS_SIMULATED = simulated
    page = read_page(client.get("/methodology"))
    assert f'<p class="printed">{expected}</p>' in page
    assert re.search(r'href="[^"]*css/print[^"]*\.css" media="print"', page)
    assert script_constants()["source"]["is_simulated"] is simulated
