"""What every test shares: settings without servers; tests that need servers start their own."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "twitchly.settings"
os.environ["SECRET_KEY"] = "a-key-for-tests-only-a-key-for-tests-only-a-key-for-tests"
os.environ["TWITCHLY_VAR"] = "/nonexistent/twitchly-tests"
os.environ["DATABASE_URL"] = "sqlite://:memory:"
os.environ["CASSANDRA_HOSTS"] = ""
django.setup()
