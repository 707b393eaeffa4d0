"""The socket of the pages, opened with a key."""

from __future__ import annotations

from django.urls import path

from apps.api.admission import caller_of, require
from apps.api.clients import running_callers, secret_in
from apps.api.keys.queries import Caller
from apps.api.keys.revocation import session_of
from apps.api.limits import running_limits
from apps.api.live.connections import Place, open_place
from apps.api.problems import KINDS, Problem
from apps.api.scopes import Scope
from apps.live.consumer import INTERNAL_ERROR, NOT_SIGNED_IN, TOO_MANY_SOCKETS, LiveSocket

NO_SCOPE = 4403
CODES = {401: NOT_SIGNED_IN, 403: NO_SCOPE, 429: TOO_MANY_SOCKETS}


class KeySocket(LiveSocket):
    """The same subscriptions and frames. It is closed with 4401, 4403 or 4429 where HTTP would answer 401, 403, 429."""

    # Where a key ends while Redis is away, nobody tells.
    check_every_s = 1.0
    # The plan of the account says how many.
    sockets_max = None

    caller: Caller
    secret = ""
    place: Place | None = None

    async def connect(self) -> None:
        try:
            await self._admit()
        except Problem as problem:
            await self.accept()
            await self.close(CODES.get(KINDS[problem.code].status, INTERNAL_ERROR), problem.code)
            return
        await super().connect()

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.place is not None:
            await self.place.aclose()

    async def _admit(self) -> None:
        header = dict(self.scope["headers"]).get(b"authorization", b"").decode("latin-1")
        address = (self.scope.get("client") or [""])[0]
        self.caller = await caller_of(header, address)
        self.secret = secret_in(header)
        await running_limits().take(self.caller, address)
        require(self.caller, Scope.LIVE)
        self.place = await open_place(self.caller)

    def _session(self) -> str:
        return session_of(self.caller.key_id)

    async def _allowed(self) -> bool:
        try:
            await running_callers().find(self.secret)
        except Problem:
            return False
        return True


socket_urlpatterns = [path("api/v1/socket", KeySocket.as_asgi())]
