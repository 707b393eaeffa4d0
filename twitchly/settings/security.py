"""Secrets, hosts, HTTPS, proxies, and the headers that browsers enforce."""

from __future__ import annotations

from django.http.request import split_domain_port, validate_host

from twitchly.env import refuse_if
from twitchly.settings.checks import check_secrets
from twitchly.settings.environment import DEBUG, env

SECRET_KEY = env.str("SECRET_KEY", "only-for-debugging" * 3 if DEBUG else "")
# Data signed or encrypted with these keys can still be read: see docs/operation.md.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost"])  # defense: page-hosts
ADMIN_HOST = env.str("ADMIN_HOST", "").lower()
HTTPS_ONLY = env.bool("HTTPS_ONLY", False)
HSTS_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", False)
# Only these proxies are trusted to report a client's IP address and scheme.
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", [])

check_secrets(SECRET_KEY, SECRET_KEY_FALLBACKS, debug=DEBUG)
refuse_if(
    split_domain_port(ADMIN_HOST)[0] != ADMIN_HOST,
    f"ADMIN_HOST is {ADMIN_HOST!r}: expected a host name without a port",
)
refuse_if(
    bool(ADMIN_HOST) and not validate_host(ADMIN_HOST, ALLOWED_HOSTS),
    "ADMIN_HOST is not in ALLOWED_HOSTS: add it there",
)
refuse_if(HSTS_SUBDOMAINS and not HTTPS_ONLY, "HSTS_SUBDOMAINS is set without HTTPS_ONLY: expected both")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_AGE = 14 * 24 * 3_600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HSTS_SUBDOMAINS
# Removal from the browsers' HSTS preload list takes months, so opting in is up to the domain's owner, not to this
# software.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
