import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Test on the loop that the command runs on."""
    return {"uvloop": uvloop.new_event_loop}
