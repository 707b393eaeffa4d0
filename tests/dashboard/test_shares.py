"""Share links show the shared page and nothing else."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import SecurityRecord, User
from apps.accounts.personal_data import delete_account, personal_data
from apps.accounts.services import ensure_user
from apps.dashboard.models import ShareLink
from apps.dashboard.shares import links
from apps.metrics import queries
from apps.workspaces import services as watchlists
from core.errors import NotFound, Refused
from tests.dashboard.conftest import EMAIL, Boards, use_redis
from tests.dashboard.page_script import run_program
from tests.dashboard.test_compare import Stored
from tests.dashboard.test_pages import UNREACHABLE_REDIS
from tests.page_services import page_services
from tests.pages import read_page

JSON = {"Accept": "application/json"}
PAST = "&from=2026-01-01T00:00Z&until=2026-01-01T06:00Z"


@pytest.fixture(autouse=True)
def fresh(db: None) -> None:
    page_services.reset()
    cache.clear()


@pytest.fixture
def owner(signed_in: Client) -> User:
    return User.objects.get(email=EMAIL)


def shared(
    owner: User, kind: str = "page", view: str = "channel", query: str = "channel=2&metric=viewers", **more: str
) -> str:
    return links.token_of(links.create_link(owner=owner, kind=kind, view=view, title="Beta", query=query, **more))


def test_a_share_link_shows_its_channel_without_sign_in(boards: Boards, owner: User) -> None:
    token, stranger = shared(owner), Client()
    page = stranger.get(f"/s/{token}")
    assert page.status_code == 200
    text = read_page(page)
    assert "<h1>Beta</h1>" in text
    assert '<span id="now">12,418</span>' in text
    assert stranger.get(f"/s/{token}/now").json()["channel"]["name"] == "Beta"
    assert stranger.get("/discover").status_code == 302
    assert stranger.get("/channels/2/series").status_code == 401


def test_shared_comparisons_have_no_controls(
    boards: Boards, owner: User, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CASSANDRA_HOSTS = ["store"]
    monkeypatch.setattr(queries, "WindowStore", Stored)
    token = shared(owner, view="compare", query="channels=1,2&metric=viewers")
    text = read_page(Client().get(f"/s/{token}"))
    assert "Alpha" in text
    assert "Take Alpha out" not in text
    assert 'id="add"' not in text
    assert 'name="metric"' not in text
    assert [line["name"] for line in Client().get(f"/s/{token}/series").json()["lines"]] == ["Alpha", "Beta"]


def test_a_shared_page_without_data_is_unavailable_instead_of_gone(
    boards: Boards, owner: User, settings: Settings
) -> None:
    compared = shared(owner, view="compare", query="channels=1,2")
    pages = [f"/s/{shared(owner)}", f"/s/{shared(owner, 'overlay')}", f"/w/{shared(owner, 'widget')}"]
    response = Client().get(f"/s/{compared}/series")
    assert (response.status_code, response.json()["reason"][:7]) == (503, "History")
    use_redis(settings, UNREACHABLE_REDIS)
    page_services.reset()
    for path in pages:
        response = Client().get(path)
        assert response.status_code == 503, path
        assert "temporarily unavailable" in read_page(response)
        assert "This link does not work" not in read_page(response)
    response = Client().get(f"/s/{compared}/series")
    assert (response.status_code, response.json()["reason"][:9]) == (503, "Live data")


def test_a_shared_comparison_shows_its_metrics(
    boards: Boards, owner: User, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CASSANDRA_HOSTS = ["store"]
    monkeypatch.setattr(queries, "WindowStore", Stored)
    token = shared(owner, view="compare", query="channels=1,2&metric=viewers,messages&previous=1")
    text = read_page(Client().get(f"/s/{token}"))
    assert re.findall(r'<div class="chart"[^>]* data-metric="(\w+)"', text) == ["viewers", "messages"]
    assert list(Client().get(f"/s/{token}/series").json()["units"]) == ["viewers", "messages"]


def test_only_widgets_can_be_framed(boards: Boards, owner: User) -> None:
    stranger = Client()
    widget = stranger.get(f"/w/{shared(owner, 'widget')}")
    assert "X-Frame-Options" not in widget.headers
    assert "frame-ancestors *" in widget.headers["Content-Security-Policy"]
    assert "12,418" in read_page(widget)
    for kind in ("page", "overlay"):
        response = stranger.get(f"/s/{shared(owner, kind)}")
        assert response.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors *" not in response.headers["Content-Security-Policy"]
        assert stranger.get(f"/w/{shared(owner, kind)}").status_code == 404
    assert stranger.get(f"/s/{shared(owner, 'widget')}").status_code == 404


def test_visits_are_counted_but_data_requests_are_not(boards: Boards, owner: User) -> None:
    token = shared(owner)
    for path in ("", "/now", "/series", ""):
        Client().get(f"/s/{token}{path}")
    link = ShareLink.objects.get()
    assert link.opened == 2
    assert link.opened_at is not None


def test_revoked_expired_and_forged_links_show_nothing(boards: Boards, signed_in: Client, owner: User) -> None:
    revoked, ended, left = shared(owner), shared(owner), shared(owner)
    signed_in.post(f"/shares/{links.find_link(revoked).pk}/revoke")
    ShareLink.objects.filter(pk=links.find_link(ended).pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    for token in (revoked, ended, left + "x", f"{left.split('.')[0]}.nonsense", "1", "x.y"):
        for path in ("", "/now", "/series", "/password"):
            assert Client().get(f"/s/{token}{path}").status_code == 404, (token, path)
    assert Client().get(f"/s/{left}").status_code == 200


def test_a_link_password_is_requested_once(boards: Boards, owner: User) -> None:
    token, stranger = shared(owner, password="open sesame"), Client()
    for path in ("", "/now", "/series"):
        assert stranger.get(f"/s/{token}{path}").headers["Location"] == f"/s/{token}/password"
    invalid = stranger.post(f"/s/{token}/password", {"password": "guess"})
    assert invalid.status_code == 403
    assert "Wrong password" in read_page(invalid)
    stranger.post(f"/s/{token}/password", {"password": "open sesame"})
    assert stranger.get(f"/s/{token}").status_code == 200


def submit_password(token: str, password: str, address: str = "203.0.113.1") -> HttpResponse:
    return Client(REMOTE_ADDR=address).post(f"/s/{token}/password", {"password": password})  # type: ignore[return-value]


def test_correct_passwords_are_not_rate_limited(boards: Boards, owner: User) -> None:
    token = shared(owner, password="open sesame")
    assert {submit_password(token, "open sesame").status_code for _ in range(3 * links.TRIES)} == {302}
    assert submit_password(token, "guess").status_code == 403


def test_wrong_passwords_are_limited_per_link_and_network(boards: Boards, owner: User) -> None:
    token, other = shared(owner, password="open sesame"), shared(owner, password="open sesame")
    assert {submit_password(token, "guess", "2001:db8::1").status_code for _ in range(links.TRIES)} == {403}
    assert submit_password(token, "open sesame", "2001:db8::2").status_code == 429
    assert submit_password(other, "open sesame", "2001:db8::1").status_code == 302
    assert submit_password(token, "open sesame", "2001:db8:1::1").status_code == 302


def test_blocked_attempts_show_the_wait_and_do_not_extend_it(boards: Boards, owner: User) -> None:
    token = shared(owner, password="open sesame")
    for _ in range(links.TRIES):
        submit_password(token, "guess")
    for seconds, text in ((125, "2 min 5 s"), (42, "42 s")):
        SecurityRecord.objects.update(expires_at=timezone.now() + dt.timedelta(seconds=seconds))
        refused = submit_password(token, "open sesame")
        assert refused.status_code == 429
        assert f"Try again in {text}." in read_page(refused)
        assert refused.headers["Retry-After"] == str(seconds)
        assert submit_password(token, "guess").status_code == 429
        left = SecurityRecord.objects.get(key__contains="share-tries").expires_at
        assert left
        assert left <= timezone.now() + dt.timedelta(seconds=seconds)
    SecurityRecord.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert submit_password(token, "guess").status_code == 403
    assert submit_password(token, "open sesame").status_code == 302


def test_access_tokens_are_valid_for_one_link_only(boards: Boards, owner: User) -> None:
    item, other = (links.find_link(shared(owner, password="same")) for _ in range(2))
    assert links.grants_access(item, links.access_token(item))
    assert not links.grants_access(item, links.access_token(other))
    assert not links.grants_access(item, "")


def test_share_links_store_known_parameters_only(boards: Boards, signed_in: Client, owner: User) -> None:
    form = {
        "kind": "page",
        "view": "channel",
        "title": " <b>Beta</b> ",
        "days": "0",
        "query": "?channel=2&evil=1&metric=spam",
    }
    page = read_page(signed_in.post("/shares", form, follow=True))
    link = ShareLink.objects.get()
    assert (link.title, link.expires_at) == ("<b>Beta</b>", None)
    assert "evil" not in link.query
    assert "<b>Beta</b>" not in page
    (url,) = re.findall(r'value="(http://testserver/s/[^"]+)"', page)
    assert Client().get(html.unescape(url)).status_code == 200


def test_a_share_request_for_json_returns_the_link_or_the_reason_for_a_refusal(
    boards: Boards, signed_in: Client, owner: User
) -> None:
    form = {"kind": "page", "view": "channel", "title": "For the client", "note": " The\nlaunch ", "days": "7"}
    sent = signed_in.post("/shares", form | {"query": "channel=2"}, headers=JSON)
    assert sent.json()["url"] == sent.json()["text"]
    page = read_page(Client().get(sent.json()["url"]))
    assert "<b>For the client</b>" in page
    assert "The launch" in page
    assert "<title>For the client · Twitchly</title>" in page
    assert "The launch" in read_page(signed_in.get("/shares"))
    refused = signed_in.post("/shares", form | {"query": ""}, headers=JSON)
    assert (refused.status_code, refused.json()["reason"]) == (400, "Open a channel first, then share it.")


def test_names_and_notes_are_escaped_in_pages_and_snippets(boards: Boards, signed_in: Client, owner: User) -> None:
    hostile = """"><script>x</script>"""
    form = {"kind": "widget", "view": "channel", "title": hostile, "note": hostile, "days": "7", "query": "channel=2"}
    snippet = signed_in.post("/shares", form, headers=JSON).json()["text"]
    assert 'title="&quot;&gt;&lt;script&gt;x&lt;/script&gt;"></iframe>' in snippet
    page = signed_in.post("/shares", form | {"kind": "page"}, headers=JSON).json()["url"]
    for text in (read_page(Client().get(page)), read_page(signed_in.get("/shares"))):
        assert "<script>x" not in text


def test_comparisons_are_named_after_their_channels(boards: Boards, signed_in: Client, owner: User) -> None:
    page = read_page(signed_in.get("/compare?channels=1,2,3&metric=viewers"))
    assert 'value="Alpha, Beta, Gamma: Viewers"' in page
    boards.list_channel("4", "Delta")
    page_services.reset()
    assert 'value="Alpha, Beta, Gamma and 1 more: Viewers"' in read_page(
        signed_in.get("/compare?channels=1,2,3,4&metric=viewers")
    )
    token = shared(owner, view="compare", query="channels=1,2", note="Two of them")
    page = read_page(Client().get(f"/s/{token}"))
    assert "<h1>Beta</h1>" in page
    assert "Two of them" in page


def test_a_shared_watchlist_follows_its_list_until_the_list_is_deleted(
    boards: Boards, signed_in: Client, owner: User
) -> None:
    watchlist = watchlists.create(owner=owner, name="Mine")
    watchlists.put(watchlist=watchlist, channel_ids=["3"])
    form = {"kind": "page", "view": "list", "title": "Ours", "days": "7", "query": f"list={watchlist.pk}&metric=spam"}
    url = signed_in.post("/shares", form, headers=JSON).json()["url"]
    watchlists.put(watchlist=watchlist, channel_ids=["3", "2"])
    page = read_page(Client().get(url))
    assert "<h1>Ours</h1>" in page
    assert re.findall(r'<tr data-id="(\d+)">', page) == ["3", "2"]
    assert "12,418" in page
    assert "Remove" not in page
    now = Client().get(f"{url}/now").json()["channels"]
    assert {channel_id: one["display"]["values"]["viewers"] for channel_id, one in now.items()} == {
        "2": "12,418",
        "3": "500",
    }
    assert Client().get(f"{url}/series").status_code == 503
    watchlists.delete(watchlist=watchlist)
    for path in ("", "/now", "/series"):
        assert Client().get(f"{url}{path}").status_code == 404, path


def test_users_can_share_only_their_own_watchlists(boards: Boards, signed_in: Client, owner: User) -> None:
    ensure_user(email="other@example.com", password="another long password")
    foreign = watchlists.create(owner=User.objects.get(email="other@example.com"), name="Theirs")
    form = {"kind": "page", "view": "list", "title": "Ours", "days": "7"}
    for query in (f"list={foreign.pk}", "list=0", "list=x", ""):
        refused = signed_in.post("/shares", form | {"query": query}, headers=JSON)
        assert (refused.status_code, refused.json()["reason"]) == (400, "You have no such watchlist."), query
    own = watchlists.create(owner=owner, name="Mine")
    refused = signed_in.post("/shares", form | {"query": f"list={own.pk}&metric=love"}, headers=JSON)
    assert "Unknown metric" in refused.json()["reason"]
    refused = signed_in.post("/shares", form | {"query": f"list={own.pk}", "kind": "widget"}, headers=JSON)
    assert "available for channels only" in refused.json()["reason"]
    assert not ShareLink.objects.exists()


def test_widgets_and_overlays_have_a_size_a_theme_and_names(boards: Boards, signed_in: Client, owner: User) -> None:
    form = {"view": "channel", "title": "Beta", "days": "7", "query": "channel=2&metric=viewers&size=25"}
    look = {"theme": "light", "widget_size": "large"}
    widget = signed_in.post("/shares", form | look | {"kind": "widget"}, headers=JSON).json()
    assert 'width="480" height="320"' in widget["text"]
    page = read_page(Client().get(widget["url"]))
    assert re.findall(r'data-(theme|size)="(\w+)"', page) == [("theme", "light"), ("size", "large")]
    overlay = signed_in.post("/shares", form | {"kind": "overlay"}, headers=JSON).json()
    page = read_page(Client().get(overlay["url"]))
    assert re.findall(r'data-(theme|size)="(\w+)"', page) == [("theme", "dark"), ("size", "medium")]
    assert re.findall(r'<p class="who"><b>([^<]*)</b> ([^<]*)</p>', page) == [("Viewers", "Beta")]
    assert 'data-theme="light"' in read_page(Client().get(f"{overlay['url']}?theme=light&widget_size=huge"))
    refused = signed_in.post("/shares", form | {"kind": "widget", "widget_size": "huge"}, headers=JSON)
    assert refused.json()["reason"] == "Unknown widget_size “huge”. Choose one of small, medium, large."


SHARE = """
class FakeElement {
  constructor(fields) { Object.assign(this, { dataset: {}, hidden: false, listeners: {} }, fields); }
  addEventListener(name, listener) { this.listeners[name] = listener; }
  querySelectorAll() { return this.inputs ?? []; }
}
class Input extends FakeElement {}
class Select extends FakeElement {}
class Anchor extends FakeElement {}
class Form extends FakeElement {
  querySelectorAll() { return parts; }
  querySelector(selector) { return inner[selector] ?? null; }
}
Object.assign(globalThis, {
  Element: FakeElement, HTMLInputElement: Input, HTMLSelectElement: Select, HTMLAnchorElement: Anchor,
  HTMLFormElement: Form,
});
const part = (kinds) => new FakeElement({ dataset: { for: kinds }, inputs: [new Input()] });
const parts = ["page", "widget overlay"].map(part);
const inner = { "[data-preview]": new Anchor(), "[data-created]": new FakeElement({ hidden: true }) };
const kind = new Select({ value: given.kind });
const form = new Form({ action: "/shares", elements: { namedItem: () => kind } });
const byId = { "share-address": new Input({ value: "" }), "share-status": new FakeElement() };
globalThis.document = {
  addEventListener() {},
  documentElement: { dataset: {} },
  querySelector: () => form,
  getElementById: (id) => byId[id] ?? null,
};
globalThis.addEventListener = () => {};
globalThis.FormData = class { *[Symbol.iterator]() { yield ["kind", kind.value]; } };
const copied = [];
Object.defineProperty(globalThis, "navigator", {
  value: { clipboard: { writeText: async (text) => { if (given.denied) throw new Error(); copied.push(text); } } },
});
let sent;
globalThis.fetch = async (url, { body }) => {
  sent = [url, Object.fromEntries(body)];
  return { ok: given.ok, json: async () => given.reply };
};
await import("./share.js");
let stopped = false;
form.listeners.submit({ preventDefault: () => (stopped = true) });
await new Promise((resolve) => setTimeout(resolve, 0));
print({
  shown: parts.map(({ hidden, inputs }) => [hidden, inputs[0].disabled]),
  stopped,
  sent,
  copied,
  address: byId["share-address"].value,
  created: !inner["[data-created]"].hidden,
  status: byId["share-status"].textContent,
  preview: inner["[data-preview]"].href ?? null,
});
"""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"copied": ["<iframe>"], "status": "Link created and copied.", "created": True, "address": "<iframe>"}),
        ({"denied": True}, {"copied": [], "status": "Link created.", "created": True, "preview": "/w/x"}),
        ({"ok": False, "reply": {"reason": "Full."}}, {"copied": [], "status": "Full.", "created": False}),
    ],
)
def test_the_share_menu_creates_and_copies_a_link_in_place(
    tmp_path: Path, changes: dict[str, object], expected: dict[str, object]
) -> None:
    given = {"kind": "widget", "ok": True, "reply": {"url": "/w/x", "text": "<iframe>"}} | changes
    output = run_program(tmp_path, SHARE, given)
    assert output["shown"] == [[True, True], [False, False]]
    assert (output["stopped"], output["sent"]) == (True, ["/shares", {"kind": "widget"}])
    assert expected.items() <= output.items()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "film"}, "Choose what to share"),
        ({"days": "3"}, "Choose what to share"),
        ({"query": ""}, "Open a channel first"),
        ({"kind": "widget", "password": "x"}, "cannot have a password"),
        ({"kind": "widget", "view": "compare", "query": "channels=1,2"}, "available for channels only"),
        ({"password": "x" * 129}, "up to 128"),
        ({"kind": "widget", "query": f"channel=2{PAST}"}, "show live values"),
        ({"kind": "overlay", "query": f"channel=2{PAST}"}, "show live values"),
    ],
)
def test_invalid_share_links_are_rejected(
    boards: Boards, signed_in: Client, changes: dict[str, str], reason: str
) -> None:
    form = {"kind": "page", "view": "channel", "title": "Beta", "days": "7", "query": "channel=2"} | changes
    assert reason in read_page(signed_in.post("/shares", form, follow=True))
    assert not ShareLink.objects.exists()


def test_links_are_private_and_deleted_with_the_account(boards: Boards, owner: User) -> None:
    token = shared(owner)
    link = links.find_link(token)
    ensure_user(email="other@example.com", password="another long password")
    other = Client()
    assert other.login(username="other@example.com", password="another long password")
    assert other.post(f"/shares/{link.pk}/revoke").status_code == 404
    assert "Beta" not in read_page(other.get("/shares"))
    assert Client().post("/shares").status_code == 302
    assert [item["title"] for item in personal_data(owner)["share_links"]] == ["Beta"]
    delete_account(owner)
    with pytest.raises(NotFound):
        links.find_link(token)


def test_the_number_of_links_is_limited(owner: User) -> None:
    link = links.find_link(shared(owner))
    ShareLink.objects.bulk_create(
        ShareLink(owner=owner, kind="page", view="channel", title="x", query="channel=1")
        for _ in range(links.LINKS_MAX - 1)
    )
    with pytest.raises(Refused, match="Revoke one"):
        shared(owner)
    links.revoke_link(owner=owner, link_id=link.pk)
    shared(owner)


SHARED_PAGE = """
import { writeFileSync } from "node:fs";
writeFileSync("chart.js", "export class Chart { draw() {} }");
const elements = Object.fromEntries(given.ids.map((id) => [id, { replaceChildren() {} }]));
elements.start = { textContent: JSON.stringify(given.start) };
globalThis.document = {
  hidden: false,
  documentElement: { dataset: {} },
  addEventListener() {},
  createElement: () => ({ dataset: {} }),
  getElementById: (id) => elements[id] ?? null,
};
globalThis.addEventListener = () => {};
const requests = [], timers = [];
globalThis.setInterval = (work) => timers.push(work);
globalThis.fetch = async (url) => {
  requests.push(url);
  return { ok: url === given.start.now_url, json: async () => ({ channel: null }) };
};
await import("./shared.js");
requests.length = 0;
for (const work of timers) await work();
print({ requests, now: elements.now?.textContent ?? null });
"""


@pytest.mark.parametrize("is_past", [False, True])
def test_a_shared_page_shows_live_values_unless_its_range_is_past(
    boards: Boards, owner: User, tmp_path: Path, is_past: bool
) -> None:
    span = PAST if is_past else ""
    page = read_page(Client().get(f"/s/{shared(owner, query=f'channel=2&metric=viewers{span}')}"))
    ids = re.findall(r'id="([a-z-]+)"', page)
    assert ("now" in ids, '<div class="k">Now</div>' in page) == (not is_past, not is_past)
    start = json.loads(re.findall(r'<script id="start" type="application/json">(.*?)</script>', page)[0])
    output = run_program(tmp_path, SHARED_PAGE, {"ids": ids, "start": start})
    live = {"requests": [start["now_url"], start["series_url"]], "now": "–"}
    assert output == ({"requests": [start["series_url"]], "now": None} if is_past else live)


SHARED_TILES = (
    SHARED_PAGE.replace(
        "json: async () => ({ channel: null })",
        "json: async () => (url === given.start.now_url ? { channel: given.channel } : given.history)",
    )
    .replace("ok: url === given.start.now_url", "ok: true")
    .replace(
        "print({ requests, now: elements.now?.textContent ?? null });",
        "print([elements.now.textContent, elements.peak.textContent]);",
    )
)


def test_the_peak_of_a_shared_page_is_never_below_its_live_value(
    boards: Boards, owner: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CASSANDRA_HOSTS = ["store"]
    monkeypatch.setattr(queries, "WindowStore", Stored)
    token = shared(owner, query="channel=2&metric=viewers&range=6h")
    page = read_page(Client().get(f"/s/{token}"))
    assert re.findall(r'<span id="(?:now|peak)">([^<]*)</span>', page) == ["12,418", "12,418"]
    start = json.loads(re.findall(r'<script id="start" type="application/json">(.*?)</script>', page)[0])
    channel, history = (Client().get(start[name]).json() for name in ("now_url", "series_url"))
    assert history["summary"]["viewers"]["peak"] == "12,418"
    # If the live value was lower when the history was read, the script raises the displayed peak.
    history["summary"]["viewers"] |= {"peak": "110", "peak_value": 110}
    given = {"ids": re.findall(r'id="([a-z-]+)"', page), "start": start, "history": history} | channel
    assert run_program(tmp_path, SHARED_TILES, given) == ["12,418", "12,418"]
