"""WebSocket URLs."""

from django.urls import path

from apps.live.consumer import LiveSocket

websocket_urlpatterns = [path("live", LiveSocket.as_asgi())]
