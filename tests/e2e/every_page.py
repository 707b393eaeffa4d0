"""All pages by URL name; a test compares them with the URL configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

# URLs that return data, files or redirects, or that only accept forms.
NO_PAGES = frozenset(
    [
        "find-json",
        "span-json",
        "channel-file",
        "compare-lines",
        "discover-file",
        "discover-selection",
        "segment-save",
        "segment-delete",
        "watchlist-restore",
        "watch",
        "star",
        "board-file",
        "front-board",
        "comparison-file",
        "streams-file",
        "watchlist-file",
        "welcome",
        "welcome-leave",
        "welcome-restart",
        "watch-lists",
        "watchlist-add",
        "watchlist-lines",
        "watchlist-rename",
        "watchlist-delete",
        "watchlist-order",
        "channel-series",
        "channel-peer-groups",
        "channel-streams-part",
        "channel-notes",
        "channel-note-restore",
        "channel-note",
        "channel-note-delete",
        "request-withdraw",
        "share-revoke",
        "share-now",
        "share-series",
        "account-data",
        "account-times",
        "mfa_download_recovery_codes",
        "mfa_login_webauthn",
        "twitch_login",
        "twitch_callback",
        "healthz",
        "readyz",
        "status-now",
        "api-key-revoke",
        "opt-out-by-twitch",
        "method",
        "favicon",
        "robots",
    ]
)
# Steps of a sign-in, a password reset or a sign-in with Twitch, which cannot be opened directly. They have the same
# layout and form elements as the pages below.
STEPS = frozenset(
    [
        "account_confirm_login_code",
        "account_complete_password_reset",
        "account_set_password",
        "mfa_authenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
        "socialaccount_signup",
    ]
)

# Admin pages under `/admin/`, at least one of each kind.
ADMIN_PAGES = (
    "",
    "channels/channel/",
    "channels/channel/add/",
    "channels/channel/import/",
    "curation/curationrequest/",
    "curation/optoutrequest/",
    "audit/act/",
    "accounts/user/",
)

# A signed-in user, an anonymous visitor, a new user, and a user who has requested a password reset.
VISITORS = ("account", "stranger", "newcomer", "forgetful")


@dataclass(frozen=True, slots=True)
class PageCase:
    """A page: its URL name, and its path with placeholders in braces.

    `visitor`, one of VISITORS, opens it. `status` is the expected status.
    """

    name: str
    path: str
    visitor: str = "account"
    status: int = 200

    def __str__(self) -> str:
        return self.path


def _boards(keys: Sequence[str]) -> Iterator[PageCase]:
    return (PageCase("board", f"/?board={key}") for key in keys)


def _ranges(keys: Sequence[str]) -> Iterator[PageCase]:
    return (PageCase("board", f"/?channel={{channel}}&board=messages&range={key}") for key in keys)


def page_cases(boards: Sequence[str], ranges: Sequence[str]) -> list[PageCase]:
    """Return all pages, beginning with those that the signed-in user opens."""
    return [
        PageCase("account-delete", "/account/delete"),
        PageCase("mfa_activate_totp", "/account/2fa/totp/activate/"),
        PageCase("mfa_add_webauthn", "/account/2fa/webauthn/add/"),
        PageCase("account_email", "/account/email/"),
        PageCase("account_change_password", "/account/password/change/"),
        PageCase("account_reauthenticate", "/account/reauthenticate/"),
        PageCase("account", "/account/"),
        PageCase("mfa_index", "/account/2fa/"),
        PageCase("mfa_list_webauthn", "/account/2fa/webauthn/"),
        PageCase("usersessions_list", "/account/sessions/"),
        PageCase("socialaccount_connections", "/account/3rdparty/"),
        PageCase("socialaccount_login_cancelled", "/account/3rdparty/login/cancelled/"),
        PageCase("socialaccount_login_error", "/account/3rdparty/login/error/", status=401),
        PageCase("account_logout", "/account/logout/"),
        PageCase("board", "/", "stranger"),
        PageCase("account_login", "/account/login/", "stranger"),
        PageCase("account_signup", "/account/signup/", "stranger"),
        PageCase("account_reset_password", "/account/password/reset/", "stranger"),
        PageCase("account_password_reset_completed", "/account/password/reset/done/", "stranger"),
        PageCase("account_inactive", "/account/inactive/", "stranger"),
        PageCase("account_email_verification_sent", "/account/confirm-email/", "newcomer"),
        PageCase("account_confirm_password_reset_code", "/account/password/reset/confirm/", "forgetful"),
        *_boards(boards),
        PageCase("board", "/?board=messages&size=100"),
        PageCase("board", "/?board=spam&window=5m"),
        *_ranges(ranges),
        PageCase("board", "/?channel={channel}&from=2025-01-01T00:00Z&until=2025-01-02T00:00Z"),
        PageCase("board", "/?channel=999999999", status=404),
        PageCase("find", "/find?q=a"),
        PageCase("find", "/find?q=nobody-has-this-name"),
        PageCase("ask", "/ask"),
        PageCase("requests", "/requests"),
        PageCase("opt-out", "/opt-out", "stranger"),
        PageCase("opt-out", "/opt-out"),
        PageCase("opt-out-receipt", "{receipt}", "stranger"),
        PageCase("methodology", "/methodology", "stranger"),
        PageCase("privacy", "/privacy", "stranger"),
        PageCase("terms", "/terms", "stranger"),
        PageCase("status", "/status", "stranger"),
        PageCase("status", "/status"),
        PageCase("channel-streams", "/channels/{channel}/streams"),
        PageCase("channel-stream", "/channels/{channel}/streams/{started_ms}"),
        PageCase("channel-week", "/channels/{channel}/week"),
        PageCase("compare", "/compare"),
        PageCase("compare", "/compare?channels={channels}&metric=messages"),
        PageCase("compare", "/compare?channels={channels}&metric=viewers,messages,chatters&previous=1"),
        PageCase("discover", "/discover?range=7d"),
        PageCase("discover", "/discover"),
        PageCase("watchlists", "/watchlists"),
        PageCase("watchlist", "/watchlists/{watchlist}"),
        PageCase("watchlist", "/watchlists/{watchlist}?view=table"),
        *(PageCase("welcome-step", f"/welcome/{step}") for step in range(1, 6)),
        PageCase("api", "/api/", "stranger"),
        PageCase("api-keys", "/account/keys/"),
        PageCase("api-usage", "/account/usage/"),
        PageCase("my-channel", "/my-channel?change"),
        PageCase("shares", "/shares"),
        PageCase("share", "{page}", "stranger"),
        PageCase("share", "{comparison}", "stranger"),
        PageCase("share", "{shared_list}", "stranger"),
        PageCase("share", "{overlay}", "stranger"),
        PageCase("share", "/s/nothing", "stranger", 404),
        PageCase("share-password", "{locked}/password", "stranger"),
        PageCase("share-widget", "{widget}", "stranger"),
        PageCase("", "/nowhere", "stranger", 404),
    ]


def url_names() -> set[str]:
    """Return all URL names except those of Django's admin."""
    return {name for name in _names(get_resolver().url_patterns) if name}


def _names(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[str | None]:
    for one in patterns:
        if isinstance(one, URLPattern):
            yield one.name
        elif one.namespace != "admin":
            yield from _names(one.url_patterns)
