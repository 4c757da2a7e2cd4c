"""What Ctrl-C does to a run: once in order, twice at once."""

import asyncio
import os
import signal

import pytest

from reply_async.cli.row_import import Interruption, _stopped_by_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_stops_and_the_second_closes(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """One asks the run to stop and says so; two cancel it."""
    stops: list[str] = []
    interruption = Interruption()

    async def run() -> None:
        with _stopped_by_signals(lambda: stops.append("stop"), interruption):
            os.kill(os.getpid(), number)
            await asyncio.sleep(0)
            await asyncio.sleep(0.05)
            assert ["stop"] == stops
            os.kill(os.getpid(), number)
            await asyncio.sleep(5)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(run())

    assert ["stop"] == stops
    assert interruption.is_asked_for
    assert "no new requests" in capsys.readouterr().err


async def test_signals_are_given_back_after_the_run() -> None:
    """Outside the run a Ctrl-C means what it always means."""
    before = signal.getsignal(signal.SIGTERM)

    with _stopped_by_signals(lambda: None, Interruption()):
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before
