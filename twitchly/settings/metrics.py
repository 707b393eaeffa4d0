"""The stream job that computes metrics, and the ranking thresholds."""

from __future__ import annotations

from pathlib import Path

from marshmallow.validate import Range

from twitchly.settings.environment import ROOT, VAR_DIR, WEB_PORT, env

FLINK_REST_URL = env.str("FLINK_REST_URL", f"https://127.0.0.1:{WEB_PORT + 6}").rstrip("/")
FLINK_VENV = Path(env.str("FLINK_VENV", str(ROOT / ".venv-flink")))
FLINK_CONF_DIR = Path(env.str("FLINK_CONF_DIR", str(VAR_DIR / "conf" / "flink")))
# With an https URL: the certificate to trust, and the client certificate with its key. `make run` generates both at
# each start.
FLINK_CA_FILE = env.str("FLINK_CA_FILE", str(FLINK_CONF_DIR / "rest-ca.pem"))
FLINK_KEY_FILE = env.str("FLINK_KEY_FILE", str(FLINK_CONF_DIR / "rest.pem"))
FLINK_CHECKPOINTS = Path(env.str("FLINK_CHECKPOINTS", str(VAR_DIR / "flink" / "checkpoints")))
FLINK_CONNECTOR_JAR = Path(
    env.str("FLINK_CONNECTOR_JAR", str(ROOT / ".jars" / "flink" / "flink-sql-connector-kafka-5.0.0-2.2.jar"))
)

# A channel below a threshold is shown but not ranked.
ENGAGEMENT_MIN_VIEWERS = env.int("ENGAGEMENT_MIN_VIEWERS", 100, validate=Range(min=0))
RANKED_MIN_MESSAGES = env.int("RANKED_MIN_MESSAGES", 10, validate=Range(min=1))
