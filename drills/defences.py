"""`python -m drills.defences`: each defence is taken out of a copy of the source, and its test has to fail.

A test that passes without what it tests is none. The copy is made of the tree as it stands and removed at the end;
the tests are those of docs/security.md, and pass on the tree itself first.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What a test does not need of the tree; environments and jars are linked to those of the tree itself.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "var", "node_modules", ".jars", "__pycache__", ".*_cache", "screens"
)
LINKED = ("node_modules", ".venv", ".venv-flink", ".jars")
LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Defence:
    """A line of the table: against what, the test, and the text that defends in a file, with what takes it out."""

    against: str
    test: str
    path: str
    text: str
    instead: str
    # Whether its test starts a real server.
    on_server: bool = False


DEFENCES = (
    Defence(
        "session fixation",
        "tests/security/test_sessions.py::test_a_sign_in_starts_a_new_session",
        "twitchly/entry/urls.py",
        "urlpatterns = [\n",
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "SessionStore.cycle_key = lambda self: None  # type: ignore[method-assign]\n"
        "urlpatterns = [\n",
    ),
    Defence(
        "forms of other sites (CSRF)",
        "tests/security/test_sessions.py::test_no_page_accepts_a_form_without_a_csrf_token",
        "twitchly/settings.py",
        '    "django.middleware.csrf.CsrfViewMiddleware",\n',
        "",
    ),
    Defence(
        "websockets of other sites",
        "tests/live/test_consumer.py::test_another_origin_is_refused",
        "twitchly/entry/asgi.py",
        "SameOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))",
        "AuthMiddlewareStack(URLRouter(websocket_urlpatterns))",
    ),
    Defence(
        "forged keys",
        "tests/api/test_keys.py::test_a_forged_key_is_refused",
        "apps/api/keys/queries.py",
        "{key.digest: (key, state_of(key, now)) for key in keys}",
        "{digest: (key, state_of(key, now)) for digest in digests for key in ApiKey.objects.all()}",
    ),
    Defence(
        "expired keys",
        "tests/api/test_keys.py::test_an_expired_key_is_refused",
        "apps/api/clients.py",
        'if client.state == "expired" or has_expired:',
        "if False:",
    ),
    Defence(
        "revoked keys",
        "tests/api/test_keys.py::test_a_revoked_key_is_refused_within_a_second_without_a_notification",
        "apps/api/clients.py",
        "CACHE_TTL_S = 0.8",
        "CACHE_TTL_S = 60.0",
    ),
    Defence(
        "guessing of keys, by their number",
        "tests/api/test_limits.py::test_key_guessing_is_limited_without_affecting_cached_keys",
        "apps/api/authentication.py",
        "            await rate_limiter.count_guess(address)  # defense: key-guessing\n",
        "            pass\n",
    ),
    Defence(
        "guessing of keys, by the time it takes",
        "tests/api/test_key_lookup_timing.py",
        "apps/api/keys/queries.py",
        "    default = cache(default_plan)  # defense: key-timing\n",
        "    if not known:\n        ApiKey.objects.count()\n    default = cache(default_plan)  # defense: key-timing\n",
    ),
    Defence(
        "a key that does what its scopes do not say",
        "tests/api/test_keys.py::test_a_key_gives_access_to_its_scopes_only",
        "apps/api/rest/view.py",
        "        require_scope(self.api_client, scope)  # defense: key-scopes\n",
        "",
    ),
    Defence(
        "things of other accounts, by pages",
        "tests/security/test_ownership.py::test_pages_neither_show_nor_change_objects_of_other_accounts",
        "apps/api/keys/queries.py",
        "ApiKey.objects.filter(owner=owner, pk=key_id)",
        "ApiKey.objects.filter(pk=key_id)",
    ),
    Defence(
        "things of other accounts, by keys",
        "tests/security/test_ownership.py::test_a_key_gives_no_access_to_objects_of_other_accounts",
        "apps/api/rest/lists.py",
        "Segment.objects.filter(owner_id=owner_id, pk=segment_id)",
        "Segment.objects.filter(pk=segment_id)",
    ),
    Defence(
        "markup in names and titles",
        "tests/dashboard/test_pages.py::test_hostile_names_and_titles_are_only_text",
        "twitchly/settings.py",
        '        "APP_DIRS": True,\n        "OPTIONS": {\n',
        '        "APP_DIRS": True,\n        "OPTIONS": {\n            "autoescape": False,\n',
    ),
    Defence(
        "markup in notes",
        "tests/dashboard/test_notes.py::test_hostile_notes_are_only_text",
        "twitchly/settings.py",
        '        "APP_DIRS": True,\n        "OPTIONS": {\n',
        '        "APP_DIRS": True,\n        "OPTIONS": {\n            "autoescape": False,\n',
    ),
    Defence(
        "script that is not ours",
        "tests/dashboard/test_pages.py::test_pages_keep_a_strict_policy_and_have_nothing_inline",
        "twitchly/settings.py",
        '    "csp.middleware.CSPMiddleware",\n',
        "",
    ),
    Defence(
        "formulas in CSV",
        "tests/dashboard/test_exports.py::test_no_text_is_a_formula",
        "apps/metrics/exports/formats.py",
        "if isinstance(cell, str) and cell.startswith(_FORMULA):",
        "if False:",
    ),
    Defence(
        "bodies that are too large",
        "tests/api/test_problems.py::test_a_failed_request_is_answered_with_a_problem",
        "twitchly/bodies.py",
        "max_bytes else None",
        "max_bytes else b''",
    ),
    Defence(
        "frames that are too large",
        "tests/live/test_consumer.py::test_garbage_is_answered_with_its_reason_and_the_board_goes_on",
        "apps/live/subscriptions.py",
        'if len(text.encode(errors="surrogatepass")) > FRAME_MAX_BYTES:',
        "if False:",
    ),
    Defence(
        "frames that are too many",
        "tests/live/test_consumer.py::test_frames_beyond_the_allowance_are_refused_and_then_end_the_socket",
        "apps/live/consumer.py",
        "if not self.rate_limit.try_consume(time.monotonic()):",
        "if False:",
    ),
    Defence(
        "requests in drops (slow loris)",
        "tests/security/test_slow_requests.py",
        "twitchly/requests.py",
        "self._limit = self.loop.call_later(self.REQUEST_S, self.transport.abort)",
        "self._limit = self.loop.call_later(self.REQUEST_S, int)",
    ),
    Defence(
        "sockets that read nothing",
        "tests/live/test_slow_reader.py::test_who_never_reads_is_cut_off_and_nothing_of_him_stays",
        "twitchly/websockets.py",
        "self.loop.call_later(self.CUT_OFF_S, self.transport.abort)",
        "pass",
    ),
    Defence(
        "made-up addresses (X-Forwarded-For)",
        "tests/security/test_proxies.py",
        "deploy/local/programs.py",
        '["--no-proxy-headers"]',
        "[]",
    ),
    Defence(
        "redirects to other sites",
        "tests/dashboard/test_watchlists.py::test_a_form_leads_to_no_page_of_others",
        "apps/dashboard/watchlists/views.py",
        "return target if is_ours else",
        "return target if target else",
    ),
    Defence(
        "hosts that are not ours, pages",
        "tests/security/test_sessions.py::test_a_foreign_host_is_refused",
        "twitchly/settings.py",
        "ALLOWED_HOSTS = ",
        'ALLOWED_HOSTS = ["*"] or ',
    ),
    Defence(
        "hosts that are not ours, API",
        "tests/api/test_problems.py::test_a_failed_request_is_answered_with_a_problem",
        "apps/api/asgi.py",
        "        request.get_host()  # defense: api-hosts\n",
        "",
    ),
    Defence(
        "being sent to addresses inside",
        "tests/security/test_outgoing_requests.py::test_redirects_from_twitch_are_not_followed",
        "apps/ingest/services.py",
        "client=httpx.Client(",
        "client=httpx.Client(follow_redirects=True, ",
    ),
    Defence(
        "a password alone at the admin",
        "tests/accounts/test_staff_site.py::test_a_form_that_is_sent_straight_away_changes_nothing",
        "apps/accounts/staff/site.py",
        " and _has_factor(request) and _has_shown_one(request)",
        "",
    ),
    Defence(
        "a session at the admin that has shown no factor",
        "tests/accounts/test_staff_site.py::test_a_session_from_before_the_factor_has_to_show_it",
        "apps/accounts/staff/site.py",
        " and _has_shown_one(request)",
        "",
    ),
    Defence(
        "the admin on other hosts than its own",
        "tests/test_admin_host.py::test_the_admin_is_on_its_host_alone",
        "twitchly/admin_host.py",
        "        return not is_admin\n",
        "        return True\n",
    ),
    Defence(
        "staff who take more than their role",
        "tests/accounts/test_roles.py::test_an_owner_leaves_superusers_and_the_roles_themselves_alone",
        "apps/dashboard/admin.py",
        "return user is None or not user.is_superuser or bool(request.user.is_superuser)",
        "return True",
    ),
    Defence(
        "staff who read hashes of passwords",
        "tests/accounts/test_roles.py::test_support_neither_sees_nor_changes_a_password_nor_anything_else",
        "apps/dashboard/admin.py",
        "if obj and not self.has_change_permission(request, obj):",
        "if False:",
    ),
    Defence(
        "opting out in the name of others",
        "tests/curation/test_opt_outs.py::test_nobody_opts_out_in_another_s_name",
        "apps/dashboard/opt_outs/views.py",
        'filter(user=request.user, provider="twitch")',
        'filter(provider="twitch")',
    ),
    Defence(
        "requests to opt out without end",
        "tests/curation/test_opt_outs.py::test_only_so_many_requests_come_from_one_network",
        "apps/dashboard/opt_outs/views.py",
        'if ratelimit.consume(request, action="opt_out"):',
        "if True:",
    ),
    Defence(
        "requests to Flink's REST without the key",
        "tests/deploy/test_flink_rest.py::test_a_request_without_the_key_is_not_answered",
        "deploy/local/templates/flink-config.yaml",
        "      authentication-enabled: true\n",
        "      authentication-enabled: false\n",
        on_server=True,
    ),
    Defence(
        "answers of Flink's REST that other origins may read",
        "tests/deploy/test_flink_rest.py::test_who_has_the_key_is_answered_and_no_other_origin_may_read_it",
        "deploy/local/templates/flink-config.yaml",
        '  access-control-allow-origin: "https://127.0.0.1:$flink_rest_port"\n',
        "",
        on_server=True,
    ),
    Defence(
        "faults of other sites for the simulated Twitch, by plain text",
        "tests/simulator/test_control.py::test_a_fault_is_taken_as_json_alone",
        "simulator/control.py",
        '.strip().lower() != "application/json":',
        '.strip().lower() == "image/png":',
    ),
    Defence(
        "other sites at the simulated Twitch, by their origin or a host name of theirs",
        "tests/simulator/test_control.py::test_pages_of_other_sites_reach_no_route_of_the_simulator",
        "simulator/control.py",
        "        return await endpoint(request)\n\n    return answer\n",
        "        return await endpoint(request)\n\n    return endpoint\n",
    ),
    Defence(
        "secrets in the environment of processes",
        "tests/deploy/test_paths.py::test_processes_have_no_secret_in_their_environment",
        "deploy/local/run.py",
        " if name not in settings}",
        "}",
    ),
    Defence(
        "paths that servers read as something else",
        "tests/deploy/test_supervision.py::test_supervisord_reads_the_file_and_keeps_every_word",
        "deploy/local/supervision.py",
        'return value.replace("%", "%%")',
        "return value",
    ),
    Defence(
        "destroyed keys and ended sessions in backups",
        "tests/metrics/test_backup.py::test_a_backup_holds_neither_hash_keys_nor_sessions",
        "apps/metrics/backup/relational.py",
        "        _leave_out(copy)\n",
        "",
    ),
    Defence(
        "a damaged file that keeps beat from starting",
        "tests/test_timetable.py::test_beat_starts_beside_a_damaged_schedule_file_and_leaves_none_of_its_own",
        "deploy/local/programs.py",
        '[*celery, "beat", "--loglevel", "INFO"]',
        '[*celery, "beat", "-S", "celery.beat:PersistentScheduler", "-s", str(layout.var / "celerybeat-schedule")]',
    ),
    Defence(
        "a proxy that is asked for servers of this machine",
        "tests/test_outgoing_proxy.py",
        "apps/metrics/flink_cluster.py",
        ", trust_env=False)",
        ")",
    ),
    Defence(
        "packages of other content",
        "tests/security/test_dependencies.py",
        "requirements/web.txt",
        "    --hash=sha256:",
        "    --hash=md5:",
    ),
    Defence(
        "log lines that take minutes, by their length",
        "tests/security/test_patterns.py::test_a_long_message_or_exception_is_truncated_before_redaction",
        "twitchly/logs.py",
        "TEXT_MAX_CHARS = 4_096",
        "TEXT_MAX_CHARS = 10**9",
    ),
    Defence(
        "log lines that take minutes, by their patterns",
        "tests/security/test_patterns.py::test_redaction_is_linear",
        "twitchly/logs.py",
        r"(?<![\w.+%-])[\w.+%-]++@",
        r"[\w.+%-]+@",
    ),
    Defence(
        "headers that are too large",
        "tests/security/test_large_heads.py::test_a_too_large_head_is_answered_with_431",
        "twitchly/requests.py",
        "HEAD_MAX_BYTES = 32_768",
        "HEAD_MAX_BYTES = 10**9",
    ),
    Defence(
        "a header that never ends",
        "tests/security/test_large_heads.py::test_an_endless_header_is_refused_before_it_fills_memory",
        "twitchly/requests.py",
        "if self._head_bytes + self._pending_bytes > HEAD_MAX_BYTES:",
        "if False:",
    ),
    Defence(
        "requests that name no host",
        "tests/security/test_large_heads.py::test_a_request_must_have_exactly_one_host",
        "twitchly/requests.py",
        'if sum(name == b"host" for name, _ in self.headers) != 1:',
        "if False:",
    ),
    Defence(
        "locks of accounts that are evicted",
        "tests/security/test_security_records.py::test_the_lock_of_an_account_survives_10_000_other_records",
        "twitchly/settings.py",
        '"BACKEND": "apps.accounts.security_cache.SecurityCache"',
        '"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"',
    ),
    Defence(
        "used codes that are evicted",
        "tests/security/test_security_records.py::test_a_used_code_survives_10_000_other_records",
        "twitchly/settings.py",
        '"BACKEND": "apps.accounts.security_cache.SecurityCache"',
        '"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"',
    ),
    Defence(
        "bodies that are too large, pages",
        "tests/security/test_large_bodies.py::test_a_too_large_body_is_refused_before_django_reads_it",
        "twitchly/entry/asgi.py",
        "BodyLimit(http, body_max_bytes)",
        "http",
    ),
    Defence(
        "large files from anybody",
        "tests/security/test_large_bodies.py::test_only_staff_may_upload_a_larger_import",
        "apps/accounts/staff/uploads.py",
        "is_import and await sync_to_async(_is_from_staff)(scope)",
        "is_import",
    ),
    Defence(
        "guessing of a link's password",
        "tests/dashboard/test_shares.py::test_wrong_passwords_are_limited_by_link_and_network",
        "apps/dashboard/shares/links.py",
        "    if _count(key) > TRIES:\n",
        "    if False:\n",
    ),
    Defence(
        "visitors who are locked out by others",
        "tests/dashboard/test_shares.py::test_any_number_of_visitors_open_a_page_with_its_password",
        "apps/dashboard/shares/links.py",
        "    if _count(key, -1) <= 0:\n        cache.delete(key)\n",
        "",
    ),
    Defence(
        "learning who has an account, by the time of a sign-up",
        "tests/security/test_account_enumeration.py::test_a_sign_up_does_the_same_work_for_a_known_address",
        "apps/accounts/forms.py",
        '            make_password(self.cleaned_data["password1"])\n',
        "",
    ),
    Defence(
        "parallel sign-ups of one address",
        "tests/security/test_account_enumeration.py::test_parallel_sign_ups_with_one_address_create_one_account",
        "apps/accounts/forms.py",
        "except IntegrityError:",
        "except ZeroDivisionError:",
    ),
    Defence(
        "the code of a set-up, used again",
        "tests/accounts/test_pages.py::test_the_code_of_the_set_up_opens_no_session",
        "apps/accounts/forms.py",
        "if not TOTP(Authenticator(user=self.user))._mark_code_used(code):",
        "if False:",
    ),
    Defence(
        "websockets without TLS",
        "tests/security/test_https.py::test_websockets_require_tls_and_an_https_origin",
        "twitchly/https.py",
        'if scope["type"] == "websocket" and settings.HTTPS_ONLY and scope.get("scheme") != "wss":',
        "if False:",
    ),
    Defence(
        "websockets of pages that came without TLS",
        "tests/security/test_https.py::test_websockets_require_tls_and_an_https_origin",
        "twitchly/origin.py",
        '("https",) if needs_https else ("http", "https")',
        '("http", "https")',
    ),
    Defence(
        "answers that do not ask for HTTPS",
        "tests/security/test_https.py::test_every_response_over_https_has_hsts",
        "twitchly/https.py",
        "*others, (HSTS, _policy().encode())",
        "*others",
    ),
    Defence(
        "sockets without end by one session",
        "tests/live/test_consumer.py::test_a_session_has_so_many_sockets_at_once",
        "apps/live/consumer.py",
        "running_hub().sockets_of(self._session()) >= self.sockets_max",
        "False",
    ),
    Defence(
        "a share link in the log",
        "tests/test_logs.py::test_what_names_a_person_or_opens_a_door_is_hidden",
        "twitchly/logs.py",
        '(re.compile(r"(?<![\\w.-])[0-9]{1,19}\\.[\\w-]{20,}+"), "<link>"),',
        "",
    ),
    Defence(
        "a damaged run.env",
        "tests/deploy/test_layout.py::test_a_damaged_run_env_is_refused_and_left_as_it_is",
        "deploy/local/layout.py",
        "if len(key) < SECRET_KEY_MIN_CHARS:",
        "if not key:",
    ),
    Defence(
        "packages that could not be audited",
        "tests/security/test_dependencies.py::test_the_audit_fails_if_a_package_cannot_be_audited",
        "Makefile",
        "--strict ",
        "",
    ),
)


def main(only: str = "") -> int:
    """Print a line for each defence, or for those with a word; return how many are not held by their test."""
    chosen = [defence for defence in DEFENCES if only in defence.against]
    failing = [defence.test for defence in chosen if not passes(ROOT, defence)]
    if failing:
        print(f"these do not pass on the tree as it stands: {', '.join(failing)}")
        return len(failing)
    wrong = 0
    for defence in chosen:
        with tempfile.TemporaryDirectory(prefix="tw-") as folder:
            copy = Path(folder) / "tree"
            shutil.copytree(ROOT, copy, ignore=LEFT_OUT, symlinks=True)
            for name in LINKED:
                (copy / name).symlink_to(ROOT / name)
            take_out(copy, defence)
            is_seen = not passes(copy, defence)
        print(f"{'fails without it' if is_seen else 'PASSES WITHOUT IT':18} {defence.against}", flush=True)
        wrong += not is_seen
    print(f"{len(chosen)} defences, {wrong} of them not held by their test")
    return wrong


def take_out(copy: Path, defence: Defence) -> None:
    """Take a defence out of a copy. Raises: ValueError when it is not where the table says."""
    path = copy / defence.path
    text = path.read_text()
    if defence.text not in text:
        raise ValueError(f"{defence.path} has no {defence.text!r}")
    path.write_text(text.replace(defence.text, defence.instead))


def passes(tree: Path, defence: Defence) -> bool:
    """Tell whether the test of a defense passes in a tree; one that never ends does not."""
    chosen = ["-m", "server" if defence.on_server else "not server"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", *chosen, "-p", "no:cacheprovider", defence.test]
    try:
        return subprocess.run(command, cwd=tree, capture_output=True, timeout=LIMIT_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
