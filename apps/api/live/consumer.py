"""The API's live WebSocket: the pages' protocol, authenticated with an API key."""

from __future__ import annotations

from django.urls import path

from apps.api.authentication import authenticate, digest_from_header, require_scope
from apps.api.keys.queries import ApiClient
from apps.api.keys.revocation import session_name
from apps.api.live.connections import ConnectionLease, acquire_lease
from apps.api.problems import PROBLEM_TYPES, Problem
from apps.api.process import ApiServices
from apps.api.scopes import Scope
from apps.live.consumer import INTERNAL_ERROR, NOT_SIGNED_IN, TOO_MANY_SOCKETS, LiveSocket

MISSING_SCOPE = 4403
CLOSE_CODES = {401: NOT_SIGNED_IN, 403: MISSING_SCOPE, 429: TOO_MANY_SOCKETS}


class KeySocket(LiveSocket):
    """Accepts the same subscriptions as the pages' socket.

    Closes with code 4401, 4403 or 4429 where HTTP would return 401, 403 or 429.
    """

    # If Redis is unavailable during a revocation, only the periodic check detects it.
    check_every_s = 1.0
    # The account's plan limits its live connections instead.
    sockets_max = None

    api_client: ApiClient
    key_digest = ""
    lease: ConnectionLease | None = None

    async def connect(self) -> None:
        try:
            await self._authenticate()
        except Problem as problem:
            await self.accept()
            await self.close(CLOSE_CODES.get(PROBLEM_TYPES[problem.code].status, INTERNAL_ERROR), problem.code)
            return
        await super().connect()

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.lease is not None:
            await self.lease.release()

    async def _authenticate(self) -> None:
        header = dict(self.scope["headers"]).get(b"authorization", b"").decode("latin-1")
        address = (self.scope.get("client") or [""])[0]
        self.api_client = await authenticate(self.services.clients, self.services.rate_limiter, header, address)
        self.key_digest = digest_from_header(header)
        await self.services.rate_limiter.take(self.api_client, address)
        require_scope(self.api_client, Scope.LIVE)
        self.lease = await acquire_lease(self.api_client)

    @property
    def services(self) -> ApiServices:
        """The API services of this process."""
        services: ApiServices = self.scope["state"]["api"]
        return services

    def _session(self) -> str:
        return session_name(self.api_client.key_id)

    async def _allowed(self) -> bool:
        try:
            await self.services.clients.find(self.key_digest)
        except Problem:
            return False
        return True


socket_urlpatterns = [path("api/v1/socket", KeySocket.as_asgi())]
