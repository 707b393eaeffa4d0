"""What every test shares: settings without servers, unless a test starts them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitchly.settings")
os.environ.setdefault("SECRET_KEY", "a-key-for-tests-only-a-key-for-tests-only-a-key-for-tests")
os.environ.setdefault("TWITCHLY_VAR", "/nonexistent/twitchly-tests")
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
os.environ.setdefault("CASSANDRA_HOSTS", "")
