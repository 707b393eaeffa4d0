"""Twitch's API and chat, real or simulated, and the producers that read the chat."""

from __future__ import annotations

from marshmallow.validate import Length, Range

from twitchly.env import refuse_if
from twitchly.settings.environment import WEB_PORT, env

# Without credentials, Twitchly connects to the simulated Twitch.
TWITCH_CLIENT_ID = env.str("TWITCH_CLIENT_ID", "")
TWITCH_CLIENT_SECRET = env.str("TWITCH_CLIENT_SECRET", "")
TWITCH_IS_SIMULATED = not (TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET)
SIMULATOR_IRC_PORT = env.int("SIMULATOR_IRC_PORT", WEB_PORT + 8)
SIMULATOR_HELIX_PORT = env.int("SIMULATOR_HELIX_PORT", WEB_PORT + 9)
SIMULATOR_WS_PORT = env.int("SIMULATOR_WS_PORT", WEB_PORT + 10)
SIMULATOR_TLS_PORT = env.int("SIMULATOR_TLS_PORT", WEB_PORT + 11)
_simulator = f"http://127.0.0.1:{SIMULATOR_HELIX_PORT}"
TWITCH_IRC_HOST = env.str("TWITCH_IRC_HOST", "127.0.0.1" if TWITCH_IS_SIMULATED else "irc.chat.twitch.tv")
TWITCH_IRC_PORT = env.int("TWITCH_IRC_PORT", SIMULATOR_IRC_PORT if TWITCH_IS_SIMULATED else 6697)
TWITCH_IRC_TLS = env.bool("TWITCH_IRC_TLS", not TWITCH_IS_SIMULATED)
TWITCH_IRC_CA_FILE = env.str("TWITCH_IRC_CA_FILE", "")
TWITCH_HELIX_URL = env.str(
    "TWITCH_HELIX_URL", f"{_simulator}/helix" if TWITCH_IS_SIMULATED else "https://api.twitch.tv/helix"
)
TWITCH_TOKEN_URL = env.str(
    "TWITCH_TOKEN_URL", f"{_simulator}/oauth2/token" if TWITCH_IS_SIMULATED else "https://id.twitch.tv/oauth2/token"
)

# Producers
CHANNELS_WANTED = env.int("CHANNELS_WANTED", 500, validate=Range(min=1, max=20_000))
CHANNELS_PER_CONNECTION = env.int("CHANNELS_PER_CONNECTION", 50, validate=Range(min=1, max=100))
STRICT_JOINS = env.bool("STRICT_JOINS", False)
JOINS_PER_10_S = env.int("JOINS_PER_10_S", 20, validate=Range(min=1, max=2_000))
OFFLINE_KEPT_S = env.int("OFFLINE_KEPT_S", 600, validate=Range(min=0))
COUNT_BOTS = env.bool("COUNT_BOTS", False)
PRODUCER_ID = env.str("PRODUCER_ID", "producer-1", validate=Length(min=1, max=100))
BUFFER_RECORDS = env.int("BUFFER_RECORDS", 200_000, validate=Range(min=1_000))

refuse_if(
    bool(TWITCH_CLIENT_ID) != bool(TWITCH_CLIENT_SECRET),
    "TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET go together: set both for the real Twitch, or neither",
)

# Ages at which viewer counts become stale and unknown.
VIEWERS_STALE_S = env.int("VIEWERS_STALE_S", 150, validate=Range(min=60))
VIEWERS_UNKNOWN_S = env.int("VIEWERS_UNKNOWN_S", 600, validate=Range(min=60))
