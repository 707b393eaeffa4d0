"""Django's applications, middleware and entry points."""

from __future__ import annotations

import django_stubs_ext

# Lets generic admin and form classes be subscripted with their model at run time.
django_stubs_ext.monkeypatch()

INSTALLED_APPS = [
    "django_cassandra_engine",
    "apps.dashboard.desk.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.twitch",
    "allauth.usersessions",
    "csp",
    "apps.audit",
    "apps.channels",
    "apps.curation",
    "apps.ingest",
    "apps.metrics",
    "apps.accounts",
    "apps.status",
    "apps.workspaces",
    "apps.dashboard",
    "apps.api",
]
MIDDLEWARE = [
    "twitchly.request_counts.count_requests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "twitchly.compression.PageCompression",
    "twitchly.unstorable_input.UnstorableText",
    "csp.middleware.CSPMiddleware",  # defense: csp
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",  # defense: csrf
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
ROOT_URLCONF = "twitchly.entry.urls"
ASGI_APPLICATION = "twitchly.entry.asgi.application"
