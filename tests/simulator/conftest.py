from collections.abc import AsyncIterator

import pytest

from tests.simulator.helix_api import Api


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    async with api.client:
        await api.sign_in()
        yield api
