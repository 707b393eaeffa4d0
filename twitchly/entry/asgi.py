"""ASGI application of the web process: HTTP by Django, WebSockets by Channels."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path
from starlette.routing import Router

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twitchly.settings")
django = get_asgi_application()

from apps.accounts.staff.uploads import body_max_bytes  # noqa: E402
from apps.api.asgi import ApiApp  # noqa: E402
from apps.api.live.consumer import socket_urlpatterns  # noqa: E402
from apps.live.routing import websocket_urlpatterns  # noqa: E402
from twitchly.admin_host import AdminHost  # noqa: E402
from twitchly.compression import WeighedCodings  # noqa: E402
from twitchly.entry.lifespan import lifespan  # noqa: E402
from twitchly.https import StrictTransport  # noqa: E402
from twitchly.origin import SameOrigin  # noqa: E402
from twitchly.request_bodies import BodyLimit  # noqa: E402

http = BodyLimit(django, body_max_bytes)  # defense: page-body-size
# Page sockets require the same origin, partner sockets an API key.
pages = SameOrigin(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))  # defense: socket-origin
application = StrictTransport(
    AdminHost(
        ProtocolTypeRouter(
            {
                "http": WeighedCodings(ApiApp(http)),
                "lifespan": Router(lifespan=lifespan),
                "websocket": URLRouter([*socket_urlpatterns, re_path("", pages)]),
            }
        )
    )
)
