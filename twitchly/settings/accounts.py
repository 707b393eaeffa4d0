"""Accounts: sign-in, second factors, passwords and mail."""

from __future__ import annotations

from environs.exceptions import EnvError

from twitchly.settings.environment import env
from twitchly.settings.security import HTTPS_ONLY
from twitchly.settings.twitch import TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET, TWITCH_IS_SIMULATED

EMAIL = env.dj_email_url("EMAIL_URL", "console:")
if "EMAIL_BACKEND" not in EMAIL:
    raise EnvError("EMAIL_URL begins with an unknown scheme: use console:, smtp:, smtps:, submission: or file:")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", "Twitchly <twitchly@localhost>")
vars().update(EMAIL)
# Shown where users need help, such as when a password reset fails.
CONTACT_EMAIL = env.str("CONTACT_EMAIL", "")

# Emails contain codes instead of links, so that the user continues in the same tab and no Host header is trusted.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = LOGOUT_REDIRECT_URL = "account_login"
LOGIN_REDIRECT_URL = "board"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
# In addition to allauth's own limits, counted in the same way.
ACCOUNT_RATE_LIMITS = {"opt_out": "5/h/ip"}
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "apps.accounts.forms.SignupForm"}
MFA_ADAPTER = "apps.accounts.adapter.MFAAdapter"
MFA_FORMS = {"activate_totp": "apps.accounts.forms.ActivateTOTPForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Twitchly"
# Passkeys need HTTPS or localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS_ONLY
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_PROVIDERS = {
    "twitch": {
        "APPS": [] if TWITCH_IS_SIMULATED else [{"client_id": TWITCH_CLIENT_ID, "secret": TWITCH_CLIENT_SECRET}],
        "SCOPE": ["user:read:email"],
    }
}
# Failed sign-ins, used one-time codes and rate limits. They are in the database, so that sign-in works without Redis,
# all web processes share them, and nothing is evicted.
CACHES = {"default": {"BACKEND": "apps.accounts.security_cache.SecurityCache"}}  # defense: account-locks, used-codes
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
