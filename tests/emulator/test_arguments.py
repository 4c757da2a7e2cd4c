"""Wrong arguments of an emulator and of its program are told at once, by their names."""

from __future__ import annotations

from typing import Any

import pytest

from reply_async.emulator import Emulator, Rates
from reply_async.emulator.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"budget": 5}, "budget is two numbers, per minute and per hour"),
        ({"budget": (1,)}, "budget is two numbers"),
        ({"budget": "100,3000"}, "budget is two numbers"),
        ({"budget": (1, 0)}, "hour is a whole number from 1"),
        ({"budget": (True, 1)}, "minute is a whole number from 1"),
        ({"budget": (10**30, 1)}, "minute is a whole number from 1"),
        ({"window": 5}, "window is one of fixed, log, counter, bucket, not 5"),
        ({"rates": {"replied": 1}}, r"rates are made by Rates\(...\)"),
        ({"faults": 5}, "faults is an iterable"),
        ({"faults": [1]}, "faults are made by Fault"),
        ({"faults": [{}]}, "faults are made by Fault"),
        ({"dialect": None}, "a dialect is a name or a mapping"),
        ({"dialect": 5}, "a dialect is a name or a mapping"),
        ({"dialect": {"import_mode": []}}, r"no variant of import_mode is called \[\]"),
        ({"key": 5}, "a key must start with emu_"),
        ({"key": None}, "a key must start with emu_"),
        ({"seed": "x"}, "seed is a whole number of 64 bits, not 'x'"),
        ({"seed": True}, "seed is a whole number"),
        ({"seed": 2**63}, "seed is a whole number"),
        ({"started_at": "x"}, "started_at is seconds since 1970"),
        ({"started_at": float("nan")}, "started_at is seconds since 1970"),
        ({"started_at": 1e15}, "started_at is seconds since 1970"),
        ({"kept_requests": -1}, "kept_requests is a whole number from 0"),
        ({"kept_requests": "x"}, "kept_requests is a whole number from 0"),
        ({"speed": "x"}, "a speed is a number above 0"),
        ({"clock": None}, "no kind of clock None"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], said: str) -> None:
    """With what it may be, when the emulator is made."""
    with pytest.raises(ValueError, match=said):
        Emulator(**arguments)


def test_the_same_is_told_later() -> None:
    """Where settings of a running emulator are changed."""
    emulator = Emulator(budget=[7, 70], seed=-(2**63), started_at=0)
    assert (7, 70) == (emulator.budget.rules.minute, emulator.budget.rules.hour)
    wrong: Any = 5
    for change in (
        lambda: emulator.set_budget(wrong),
        lambda: emulator.set_rates(wrong),
        lambda: emulator.set_rates(Rates(), sequence_id=wrong),
        lambda: emulator.advance("5x"),
        lambda: emulator.add_key(wrong),
        lambda: emulator.add_key("emu_a", user_id=wrong),
        lambda: emulator.add_key("emu_a", scopes=wrong),
        lambda: emulator.faults.add(wrong),
        lambda: setattr(emulator, "dialects", wrong),
    ):
        with pytest.raises(ValueError, match=r"5|emu_|duration"):
            change()
    emulator.advance("5d")
    assert 5 * 86_400 == emulator.clock.now()
    emulator.set_rates(Rates(replied=1))
    assert (7, [emulator.key]) == (emulator.budget.rules.minute, list(emulator.keys))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "9" * 26], "a seed is a whole number of 64 bits"),
        (["--seed", "9" * 5_000], "a seed is a whole number of 64 bits"),
        (["--budget", "99999999999,1"], "each from 1 to 1,000,000,000"),
        (["--budget", "1," + "9" * 5_000], "each from 1 to 1,000,000,000"),
        (["--stats-limit", "9" * 12], "a number from 1 to 1,000,000,000"),
        (["--port", "\u00b2"], "a port is a number from 0 to 65535"),
        (["--port", "9" * 5_000], "a port is a number from 0 to 65535"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_option_is_told(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with exit code 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments, prog="emulator")
    error = capsys.readouterr().err
    assert (2, 1) == (caught.value.code, len(error.splitlines()))
    assert said in error
