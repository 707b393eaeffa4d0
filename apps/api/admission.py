"""Who is let in: whoever has a key, as long as neither it nor the address is used too often."""

from __future__ import annotations

from apps.api.clients import running_callers, secret_in
from apps.api.keys.queries import Caller
from apps.api.limits import running_limits
from apps.api.problems import Problem
from apps.api.scopes import Scope


async def caller_of(header: str, address: str) -> Caller:
    """Return whose key is in an Authorization header. Raises: Problem."""
    limits, callers = running_limits(), running_callers()
    try:
        secret = secret_in(header)
        if not callers.knows(secret):
            limits.refuse_guesser(address)
        return await callers.find(secret)
    except Problem as problem:
        if problem.code == "unknown-key":
            await limits.guess(address)  # defense: key-guessing
        elif problem.code in ("no-key", "bad-key"):
            # Nothing was looked up.
            await limits.take_open(address)
        raise


def require(caller: Caller, scope: Scope) -> None:
    """Refuse a key that may not do something. Raises: Problem."""
    if scope not in caller.scopes:
        has = ", ".join(sorted(caller.scopes))
        raise Problem("missing-scope", f"This needs a key with the scope {scope}. Yours has {has}.")
