"""`make drill-defenses`: weaken each defense in a copy of the source and expect its test to fail.

Each line that implements a defense ends with the comment `# defense: NAME` or several names. The table below lists the
threat, the test and the mutation of the line for each name. docs/security.md lists the same tests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Omitted from the copy of the tree; environments and packages are linked instead.
OMITTED = shutil.ignore_patterns(".git", ".venv*", "var", "node_modules", ".jars", "__pycache__", ".*_cache", "screens")
LINKED = ("node_modules", ".venv", ".venv-flink", ".jars")
TEST_LIMIT_S = 120

MARKED_FOLDERS = ("apps", "core", "deploy", "flink", "simulator", "twitchly")
MARKED_SUFFIXES = (".py", ".yaml")
_MARKER = re.compile(r" +# defense: (?P<names>[a-z-]+(?:, [a-z-]+)*)$")

Mutation = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Quote:
    """Text to mutate where no line can carry a marker; `reason` says why."""

    path: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Defense:
    """A defense: the threat, its test, and the mutation of the marked line or quote that removes it."""

    name: str
    threat: str
    test: str
    mutation: Mutation
    on_server: bool = False
    quote: Quote | None = None


def remove(_line: str) -> str:
    """Delete the line."""
    return ""


def skip_branch(line: str) -> str:
    """Make the condition of an `if` false."""
    return re.sub(r"\bif .+:$", "if False:", line)


def take_branch(line: str) -> str:
    """Make the condition of an `if` true."""
    return re.sub(r"\bif .+:$", "if True:", line)


def statement(code: str) -> Mutation:
    """Return a mutation that replaces the line's code and keeps its indentation."""
    return lambda line: f"{line[: len(line) - len(line.lstrip())]}{code}"


def replace(old: str, new: str) -> Mutation:
    """Return a mutation that replaces one part of the line. Raises: ValueError unless the part occurs once."""

    def mutate(line: str) -> str:
        if line.count(old) != 1:
            raise ValueError(f"expected {old!r} once in {line!r}")
        return line.replace(old, new)

    return mutate


def without(part: str) -> Mutation:
    """Return a mutation that deletes one part of the line."""
    return replace(part, "")


def precede(code: str) -> Mutation:
    """Return a mutation that inserts lines before this one, at its indentation."""

    def mutate(line: str) -> str:
        indentation = line[: len(line) - len(line.lstrip())]
        return "".join(f"{indentation}{inserted}\n" for inserted in code.splitlines()) + line

    return mutate


@dataclass(frozen=True, slots=True)
class Marker:
    """One name of a marker, and the line that carries it, counted from 0."""

    name: str
    path: Path
    line: int


def find_markers(root: Path) -> Iterator[Marker]:
    """Yield every marker of a tree."""
    for path in _marked_files(root):
        for number, line in enumerate(path.read_text().split("\n")):
            if match := _MARKER.search(line):
                for name in match["names"].split(", "):
                    yield Marker(name, path, number)


def _marked_files(root: Path) -> Iterator[Path]:
    yield root / "Makefile"
    for folder in MARKED_FOLDERS:
        yield from (path for path in sorted((root / folder).rglob("*")) if path.suffix in MARKED_SUFFIXES)


def weaken(root: Path, defense: Defense) -> tuple[Path, str]:
    """Return a defense's file and the file's text without the defense. Raises: ValueError unless it occurs once."""
    if quote := defense.quote:
        path = root / quote.path
        text = path.read_text()
        if quote.text not in text:
            raise ValueError(f"{quote.path} has no {quote.text!r}")
        return path, text.replace(quote.text, defense.mutation(quote.text), 1)
    markers = [marker for marker in find_markers(root) if marker.name == defense.name]
    if len(markers) != 1:
        raise ValueError(f"expected one marker named {defense.name!r}, found {len(markers)}")
    (marker,) = markers
    lines = marker.path.read_text().split("\n")
    line = _MARKER.sub("", lines[marker.line])
    mutated = defense.mutation(line)
    if mutated == line:
        raise ValueError(f"the mutation of {defense.name!r} changes nothing in {line!r}")
    lines[marker.line : marker.line + 1] = [mutated] if mutated else []
    return marker.path, "\n".join(lines)


@contextmanager
def weakened(root: Path, defense: Defense) -> Iterator[None]:
    """Remove a defense from a tree while the block runs."""
    path, mutated = weaken(root, defense)
    original = path.read_text()
    path.write_text(mutated)
    try:
        yield
    finally:
        path.write_text(original)


@contextmanager
def copied_tree() -> Iterator[Path]:
    """Copy the working tree to a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=OMITTED, symlinks=True)
        for name in LINKED:
            (copy / name).symlink_to(ROOT / name)
        yield copy


def passes(tree: Path, defense: Defense) -> bool:
    """Return whether a defense's test passes in a tree; a test that exceeds the limit does not."""
    selection = ["-m", "server" if defense.on_server else "not server"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", *selection, "-p", "no:cacheprovider", defense.test]
    try:
        return subprocess.run(command, cwd=tree, capture_output=True, timeout=TEST_LIMIT_S).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def verdict(tree: Path, defense: Defense) -> str:
    """Return "ok" if the test passes with the defense and fails without it; otherwise the reason."""
    if not passes(tree, defense):
        return "FAILS WITH IT"
    with weakened(tree, defense):
        return "PASSES WITHOUT IT" if passes(tree, defense) else "ok"


def main(word: str = "") -> int:
    """Print a verdict for each defense whose name or threat contains `word`; return the number of failures."""
    selected = [defense for defense in DEFENSES if word in f"{defense.name} {defense.threat}"]
    failures = 0
    with copied_tree() as tree:
        for defense in selected:
            result = verdict(tree, defense)
            print(f"{result:18} {defense.name:24} {defense.threat}", flush=True)
            failures += result != "ok"
    print(f"{len(selected)} defenses, {failures} of them without a valid test")
    return failures


DEFENSES = (
    Defense(
        "session-fixation",
        "session fixation",
        "tests/security/test_sessions.py::test_a_sign_in_starts_a_new_session",
        precede(
            "from django.contrib.sessions.backends.db import SessionStore\n"
            "SessionStore.cycle_key = lambda self: None  # type: ignore[method-assign]"
        ),
        quote=Quote(
            "twitchly/entry/urls.py",
            "urlpatterns = [\n",
            "Django provides this defense: login() cycles the session key",
        ),
    ),
    Defense(
        "csrf",
        "forms from other sites (CSRF)",
        "tests/security/test_sessions.py::test_no_page_accepts_a_form_without_a_csrf_token",
        remove,
    ),
    Defense(
        "socket-origin",
        "WebSockets from other sites",
        "tests/live/test_consumer.py::test_a_socket_from_another_origin_is_refused",
        without("SameOrigin"),
    ),
    Defense(
        "forged-keys",
        "forged API keys",
        "tests/api/test_keys.py::test_a_forged_key_is_rejected",
        statement("known = {digest: (key, state_of(key, now)) for digest in digests for key in ApiKey.objects.all()}"),
    ),
    Defense(
        "expired-keys",
        "expired API keys",
        "tests/api/test_keys.py::test_an_expired_key_is_rejected",
        skip_branch,
    ),
    Defense(
        "revoked-keys",
        "revoked API keys",
        "tests/api/test_keys.py::test_a_revoked_key_is_rejected_within_a_second_even_without_a_notification",
        replace("0.8", "60.0"),
    ),
    Defense(
        "key-guessing",
        "guessing API keys",
        "tests/api/test_limits.py::test_key_guessing_is_limited_without_affecting_cached_keys",
        statement("pass"),
    ),
    Defense(
        "key-timing",
        "finding API keys by response time",
        "tests/api/test_key_lookup_timing.py",
        precede("if not known:\n    ApiKey.objects.count()"),
    ),
    Defense(
        "key-scopes",
        "API keys used beyond their scopes",
        "tests/api/test_keys.py::test_a_key_gives_access_to_its_scopes_only",
        remove,
    ),
    Defense(
        "page-ownership",
        "access to objects of other accounts through pages",
        "tests/security/test_ownership.py::test_pages_neither_show_nor_change_objects_of_other_accounts",
        without("owner=owner, "),
    ),
    Defense(
        "key-ownership",
        "access to objects of other accounts with an API key",
        "tests/security/test_ownership.py::test_a_key_gives_no_access_to_objects_of_other_accounts",
        without("owner_id=owner_id, "),
    ),
    Defense(
        "escaped-titles",
        "markup in names and titles",
        "tests/dashboard/test_pages.py::test_hostile_names_and_titles_are_escaped",
        replace("True", "False"),
    ),
    Defense(
        "escaped-notes",
        "markup in notes",
        "tests/dashboard/test_notes.py::test_hostile_notes_are_escaped",
        replace("True", "False"),
    ),
    Defense(
        "csp",
        "scripts from other origins",
        "tests/dashboard/test_pages.py::test_pages_have_a_strict_csp_and_no_inline_code",
        remove,
    ),
    Defense(
        "csv-formulas",
        "formulas in CSV",
        "tests/dashboard/test_exports.py::test_formulas_are_escaped_in_csv",
        skip_branch,
    ),
    Defense(
        "api-body-size",
        "oversized bodies of API requests",
        "tests/api/test_problems.py::test_a_failed_request_is_answered_with_a_problem",
        replace("else None", "else b''"),
    ),
    Defense(
        "frame-size",
        "oversized frames",
        "tests/live/test_consumer.py::test_malformed_frames_get_an_error_and_the_socket_stays_open",
        skip_branch,
    ),
    Defense(
        "frame-rate",
        "floods of frames",
        "tests/live/test_consumer.py::test_frames_above_the_rate_limit_are_rejected_and_then_close_the_socket",
        skip_branch,
    ),
    Defense(
        "slow-requests",
        "requests sent byte by byte (slow loris)",
        "tests/security/test_slow_requests.py",
        replace("self.transport.abort", "int"),
    ),
    Defense(
        "slow-readers",
        "sockets that never read",
        "tests/live/test_slow_reader.py::test_readers_that_never_read_are_cut_off_and_released",
        statement("pass"),
    ),
    Defense(
        "forwarded-headers",
        "forged client addresses (X-Forwarded-For)",
        "tests/security/test_proxies.py",
        without('"--no-proxy-headers"'),
    ),
    Defense(
        "open-redirects",
        "redirects to other sites",
        "tests/dashboard/test_watchlists.py::test_forms_redirect_only_to_pages_of_this_site",
        replace("if is_ours", "if target"),
    ),
    Defense(
        "page-hosts",
        "forged Host headers in requests for pages",
        "tests/security/test_sessions.py::test_a_foreign_host_is_rejected",
        replace(" = ", ' = ["*"] or '),
    ),
    Defense(
        "api-hosts",
        "forged Host headers in API requests",
        "tests/api/test_problems.py::test_a_failed_request_is_answered_with_a_problem",
        remove,
    ),
    Defense(
        "ssrf",
        "redirects to internal addresses (SSRF)",
        "tests/security/test_outgoing_requests.py::test_redirects_from_twitch_are_not_followed",
        replace("httpx.AsyncClient(", "httpx.AsyncClient(follow_redirects=True, "),
    ),
    Defense(
        "admin-factor",
        "access to the admin site with a password alone",
        "tests/accounts/test_staff_site.py::test_direct_posts_without_a_second_factor_change_nothing",
        without(" and _is_verified(request)"),
    ),
    Defense(
        "admin-session",
        "access to the admin site in a session without a second factor",
        "tests/accounts/test_staff_site.py::test_older_sessions_must_verify_the_new_factor",
        without(" and _has_verified_factor(request)"),
    ),
    Defense(
        "admin-host",
        "access to the admin site on hosts other than its own",
        "tests/test_admin_host.py::test_the_admin_site_is_served_on_its_host_only",
        statement("return True"),
    ),
    Defense(
        "staff-roles",
        "staff who exceed their role",
        "tests/accounts/test_roles.py::test_owners_cannot_change_superusers_or_roles",
        statement("return True"),
    ),
    Defense(
        "password-hashes",
        "staff who read password hashes",
        "tests/accounts/test_roles.py::test_support_can_view_accounts_but_not_change_them_or_see_passwords",
        skip_branch,
    ),
    Defense(
        "opt-out-owner",
        "opt-outs on behalf of others",
        "tests/curation/test_opt_outs.py::test_opting_out_another_account_is_impossible",
        without("user=request.user, "),
    ),
    Defense(
        "opt-out-rate",
        "floods of opt-out requests",
        "tests/curation/test_opt_outs.py::test_opt_out_requests_are_limited_per_network",
        take_branch,
    ),
    Defense(
        "flink-rest-key",
        "requests to Flink's REST API without a client certificate",
        "tests/deploy/test_flink_rest.py::test_a_request_without_the_key_is_rejected",
        replace("true", "false"),
        on_server=True,
    ),
    Defense(
        "flink-rest-origin",
        "responses from Flink's REST API readable by other origins",
        "tests/deploy/test_flink_rest.py::test_a_client_with_the_key_is_served_but_other_origins_cannot_read_responses",
        remove,
        on_server=True,
    ),
    Defense(
        "simulator-json",
        "faults sent to the simulated Twitch by other sites, as plain text",
        "tests/simulator/test_control.py::test_faults_are_accepted_only_as_json",
        skip_branch,
    ),
    Defense(
        "simulator-origin",
        "access to the simulated Twitch from other origins or host names",
        "tests/simulator/test_control.py::test_pages_on_other_sites_cannot_access_the_simulator",
        statement("return endpoint"),
    ),
    Defense(
        "process-secrets",
        "secrets in the environment of processes",
        "tests/deploy/test_paths.py::test_processes_have_no_secret_in_their_environment",
        without(" if name not in settings"),
    ),
    Defense(
        "supervisor-paths",
        "paths that supervisord expands",
        "tests/deploy/test_supervision.py::test_supervisord_parses_paths_and_arguments_unchanged",
        statement("return value"),
    ),
    Defense(
        "backup-secrets",
        "destroyed keys and ended sessions in backups",
        "tests/metrics/test_backup.py::test_a_backup_contains_neither_hash_keys_nor_sessions",
        remove,
    ),
    Defense(
        "beat-schedule",
        "a damaged schedule file that keeps beat from starting",
        "tests/test_scheduler.py::test_beat_ignores_a_damaged_schedule_file_and_writes_none",
        replace(
            '"--loglevel", "INFO"',
            '"-S", "celery.beat:PersistentScheduler", "-s", str(layout.var / "celerybeat-schedule")',
        ),
    ),
    Defense(
        "flink-proxy",
        "an HTTP proxy that receives requests for servers on this machine",
        "tests/test_outgoing_proxy.py",
        without(", trust_env=False"),
    ),
    Defense(
        "package-hashes",
        "packages with altered contents",
        "tests/security/test_dependencies.py",
        replace("sha256", "md5"),
        quote=Quote("requirements/web.txt", "    --hash=sha256:", "`make lock` generates the file and drops comments"),
    ),
    Defense(
        "log-length",
        "log lines so long that redaction takes minutes",
        "tests/security/test_patterns.py::test_a_long_message_or_exception_is_truncated_before_redaction",
        replace("4_096", "10**9"),
    ),
    Defense(
        "log-redaction",
        "personal data and secrets in the log",
        "tests/test_logs.py::test_logs_of_requests_have_no_personal_data",
        remove,
    ),
    Defense(
        "log-patterns",
        "log lines that make redaction patterns take minutes",
        "tests/security/test_patterns.py::test_redaction_is_linear",
        replace(r"(?<![\w.+%-])[\w.+%-]++@", r"[\w.+%-]+@"),
    ),
    Defense(
        "head-size",
        "oversized headers",
        "tests/security/test_large_heads.py::test_an_oversized_head_is_answered_with_431",
        replace("32_768", "10**9"),
    ),
    Defense(
        "endless-header",
        "a header that never ends",
        "tests/security/test_large_heads.py::test_an_endless_header_is_rejected_before_it_fills_memory",
        skip_branch,
    ),
    Defense(
        "one-host",
        "requests without a Host header, or with several",
        "tests/security/test_large_heads.py::test_a_request_must_have_exactly_one_host",
        skip_branch,
    ),
    Defense(
        "account-locks",
        "account locks evicted from the cache",
        "tests/security/test_security_records.py::test_the_lock_of_an_account_survives_10_000_other_records",
        replace(
            '"apps.accounts.security_cache.SecurityCache"',
            '"django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"',
        ),
    ),
    Defense(
        "used-codes",
        "used one-time codes evicted from the cache",
        "tests/security/test_security_records.py::test_a_used_code_survives_10_000_other_records",
        replace(
            '"apps.accounts.security_cache.SecurityCache"',
            '"django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"',
        ),
    ),
    Defense(
        "page-body-size",
        "oversized bodies of requests for pages",
        "tests/security/test_large_bodies.py::test_an_oversized_body_is_rejected_before_django_reads_it",
        replace("BodyLimit(django, body_max_bytes)", "django"),
    ),
    Defense(
        "import-size",
        "large uploads by users other than staff",
        "tests/security/test_large_bodies.py::test_only_staff_may_upload_a_larger_import",
        without(" and await sync_to_async(_is_from_staff)(scope)"),
    ),
    Defense(
        "share-password",
        "guessing the password of a share link",
        "tests/dashboard/test_shares.py::test_wrong_passwords_are_limited_per_link_and_network",
        skip_branch,
    ),
    Defense(
        "share-lockout",
        "visitors to a share link locked out by others",
        "tests/dashboard/test_shares.py::test_correct_passwords_are_not_rate_limited",
        skip_branch,
    ),
    Defense(
        "sign-up-timing",
        "finding accounts by the response time of a sign-up",
        "tests/security/test_account_enumeration.py::test_a_sign_up_does_the_same_work_for_a_known_address",
        remove,
    ),
    Defense(
        "sign-up-races",
        "parallel sign-ups with one address",
        "tests/security/test_account_enumeration.py::test_parallel_sign_ups_with_one_address_create_one_account",
        replace("IntegrityError", "ZeroDivisionError"),
    ),
    Defense(
        "set-up-codes",
        "reuse of the code that activated a second factor",
        "tests/accounts/test_pages.py::test_the_setup_code_cannot_be_reused_to_sign_in",
        skip_branch,
    ),
    Defense(
        "socket-tls",
        "WebSockets without TLS",
        "tests/security/test_https.py::test_websockets_require_tls_and_an_https_origin",
        skip_branch,
    ),
    Defense(
        "metrics-host",
        "pages that reach metrics endpoints by DNS rebinding",
        "tests/test_telemetry.py::test_the_endpoint_answers_requests_for_the_loopback_address_only",
        replace('if host not in ("127.0.0.1", "localhost", "[::1]")', "if False"),
    ),
    Defense(
        "page-tls",
        "WebSockets of pages loaded without TLS",
        "tests/security/test_https.py::test_websockets_require_tls_and_an_https_origin",
        replace("if needs_https", "if False"),
    ),
    Defense(
        "hsts",
        "responses without HSTS",
        "tests/security/test_https.py::test_every_response_over_https_has_hsts",
        without(", (HSTS, _policy().encode())"),
    ),
    Defense(
        "socket-count",
        "unlimited sockets per session",
        "tests/live/test_consumer.py::test_open_sockets_are_limited_per_session",
        skip_branch,
    ),
    Defense(
        "logged-links",
        "share links in the log",
        "tests/test_logs.py::test_personal_data_and_secrets_are_redacted",
        remove,
    ),
    Defense(
        "run-env",
        "a damaged run.env",
        "tests/deploy/test_layout.py::test_a_damaged_run_env_is_rejected_and_not_changed",
        statement("if not key:"),
    ),
    Defense(
        "strict-audit",
        "packages that cannot be audited",
        "tests/security/test_dependencies.py::test_the_audit_fails_if_a_package_cannot_be_audited",
        without("--strict "),
    ),
)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
