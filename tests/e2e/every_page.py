"""Every page of the product, by the name of its address; the URL conf says whether one is missing here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

# Addresses that give data, files or a redirect, or that only take a form: nothing to look at.
NO_PAGES = frozenset(
    [
        "find-json",
        "span-json",
        "channel-file",
        "compare-lines",
        "found-file",
        "segment-keep",
        "segment-forget",
        "watchlist-restore",
        "watch",
        "star",
        "board-file",
        "comparison-file",
        "streams-file",
        "watchlist-file",
        "welcome",
        "welcome-leave",
        "welcome-again",
        "watch-lists",
        "watchlist-lines",
        "watchlist-rename",
        "watchlist-delete",
        "watchlist-order",
        "channel-series",
        "channel-standing",
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
# Steps of a sign-in, a reset or of Twitch's own sign-in, which open in their course alone. They are made of the same
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


# Somebody signed in, a stranger, one who has just signed up, and one who has just asked for a new password.
WHO = ("account", "stranger", "newcomer", "forgetful")


@dataclass(frozen=True, slots=True)
class Place:
    """A page: the name of its address, and the address, with the parts of `Found` in braces.

    `who` of WHO looks at it. `status` is what it answers.
    """

    name: str
    path: str
    who: str = "account"
    status: int = 200

    def __str__(self) -> str:
        return self.path


def _boards(keys: Sequence[str]) -> Iterator[Place]:
    return (Place("board", f"/?board={key}") for key in keys)


def _ranges(keys: Sequence[str]) -> Iterator[Place]:
    return (Place("board", f"/?channel={{channel}}&board=messages&range={key}") for key in keys)


def every_place(boards: Sequence[str], ranges: Sequence[str]) -> list[Place]:
    """Return the pages; those that ask for the password again after a while come first."""
    return [
        Place("account-delete", "/account/delete"),
        Place("mfa_activate_totp", "/account/2fa/totp/activate/"),
        Place("mfa_add_webauthn", "/account/2fa/webauthn/add/"),
        Place("account_email", "/account/email/"),
        Place("account_change_password", "/account/password/change/"),
        Place("account_reauthenticate", "/account/reauthenticate/"),
        Place("account", "/account/"),
        Place("mfa_index", "/account/2fa/"),
        Place("mfa_list_webauthn", "/account/2fa/webauthn/"),
        Place("usersessions_list", "/account/sessions/"),
        Place("socialaccount_connections", "/account/3rdparty/"),
        Place("socialaccount_login_cancelled", "/account/3rdparty/login/cancelled/"),
        Place("socialaccount_login_error", "/account/3rdparty/login/error/", status=401),
        Place("account_logout", "/account/logout/"),
        Place("account_login", "/account/login/", "stranger"),
        Place("account_signup", "/account/signup/", "stranger"),
        Place("account_reset_password", "/account/password/reset/", "stranger"),
        Place("account_password_reset_completed", "/account/password/reset/done/", "stranger"),
        Place("account_inactive", "/account/inactive/", "stranger"),
        Place("account_email_verification_sent", "/account/confirm-email/", "newcomer"),
        Place("account_confirm_password_reset_code", "/account/password/reset/confirm/", "forgetful"),
        *_boards(boards),
        Place("board", "/?board=messages&size=100"),
        *_ranges(ranges),
        Place("board", "/?channel={channel}&from=2025-01-01T00:00Z&until=2025-01-02T00:00Z"),
        Place("board", "/?channel=999999999", status=404),
        Place("find", "/find?q=a"),
        Place("find", "/find?q=nobody-has-this-name"),
        Place("ask", "/ask"),
        Place("requests", "/requests"),
        Place("opt-out", "/opt-out", "stranger"),
        Place("opt-out", "/opt-out"),
        Place("opt-out-receipt", "{receipt}", "stranger"),
        Place("methodology", "/methodology", "stranger"),
        Place("privacy", "/privacy", "stranger"),
        Place("terms", "/terms", "stranger"),
        Place("status", "/status", "stranger"),
        Place("status", "/status"),
        Place("channel-streams", "/channels/{channel}/streams"),
        Place("channel-stream", "/channels/{channel}/streams/{started_ms}"),
        Place("compare", "/compare"),
        Place("compare", "/compare?channels={channels}&metric=messages"),
        Place("discover", "/discover"),
        Place("watchlists", "/watchlists"),
        Place("watchlist", "/watchlists/{watchlist}"),
        *(Place("welcome-step", f"/welcome/{step}") for step in range(1, 6)),
        Place("api", "/api/", "stranger"),
        Place("api-keys", "/account/keys/"),
        Place("api-usage", "/account/usage/"),
        Place("shares", "/shares"),
        Place("share", "{page}", "stranger"),
        Place("share", "{comparison}", "stranger"),
        Place("share", "{overlay}", "stranger"),
        Place("share", "/s/nothing", "stranger", 404),
        Place("share-password", "{locked}/password", "stranger"),
        Place("share-widget", "{widget}", "stranger"),
        Place("", "/nowhere", "stranger", 404),
    ]


def names_of_addresses() -> set[str]:
    """Return the names of all addresses but the admin's, which is Django's own."""
    return {name for name in _names(get_resolver().url_patterns) if name}


def _names(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[str | None]:
    for one in patterns:
        if isinstance(one, URLPattern):
            yield one.name
        elif one.namespace != "admin":
            yield from _names(one.url_patterns)
