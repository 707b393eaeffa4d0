"""The web process: HTTP by Django, websockets by Channels, both from our own origin only."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitchly.settings")
http = get_asgi_application()

from apps.dashboard.routing import websocket_urlpatterns  # noqa: E402  needs the app registry
from twitchly.origin import SameOrigin  # noqa: E402
from twitchly.websockets import StraightSend  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": SameOrigin(StraightSend(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))),
    }
)
