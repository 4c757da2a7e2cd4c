"""The account that a command line asks for: a fresh one, or one kept in a file."""

from __future__ import annotations

import gc
import json
import secrets
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from attrs import evolve

from reply_async.emulator.armed_faults import read_faults
from reply_async.emulator.budget import BudgetRules
from reply_async.emulator.control import PREFIX, checked
from reply_async.emulator.data_file import DataFile
from reply_async.emulator.dialects import DEFAULT, dialects_of
from reply_async.emulator.emulator import Emulator
from reply_async.emulator.journal import Journal, replay
from reply_async.emulator.keys import PREFIX as KEY_PREFIX

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

DEFAULT_SEED = 1


def open_account(
    options: argparse.Namespace,
) -> tuple[Emulator, AbstractContextManager[DataFile | None]]:
    """Return an emulator as the options want it, and the file that must be closed.

    DataFileError if the file cannot be used, ValueError if options do not fit.
    """
    if options.data is None:
        return _emulator(options, {}), nullcontext()
    file = DataFile(options.data)
    try:
        kept = file.settings()
        emulator = _emulator(options, kept)
        began = kept.get("started_at", emulator.clock.now())
        file.set({"seed": emulator.seed, "key": emulator.key, "started_at": began})
        _resume(emulator, file, options)
    except BaseException:
        file.close()
        raise
    return emulator, file


def _emulator(options: argparse.Namespace, kept: dict[str, Any]) -> Emulator:
    seed = kept.get("seed", DEFAULT_SEED if options.seed is None else options.seed)
    if options.seed not in {None, seed}:
        raise ValueError(f"{options.data} is of seed {seed}; leave --seed out, or name another")
    return Emulator(
        options.key or kept.get("key") or KEY_PREFIX + secrets.token_hex(8),
        budget=BudgetRules(**{"seed": seed, **_given_rules(options)}),
        seed=seed,
        speed=options.speed,
        clock=options.clock,
        started_at=kept.get("started_at"),
        dialect=DEFAULT if options.dialect is None else options.dialect,
        faults=read_faults(options.faults) if options.faults else (),
    )


def _given_rules(options: argparse.Namespace) -> dict[str, Any]:
    """Return the rules of the budget that the options name."""
    names = ("window", "counts_refused", "competitor")
    given = {name: getattr(options, name) for name in names if name in options}
    if "budget" in options:
        off = (None, None, None)
        given |= zip(("minute", "hour", "stats"), options.budget or off, strict=False)
    if "stats_limit" in options:
        given["stats"] = options.stats_limit
    return given


def _resume(emulator: Emulator, file: DataFile, options: argparse.Namespace) -> None:
    """Play what is in the file; what the options say anew is kept and holds from now on.

    The time that passed meanwhile has passed here, too, at the speed of the clock and
    unless it is held.
    """
    dialects = emulator.dialects
    emulator.dialects = dialects_of(DEFAULT)
    emulator.set_budget(BudgetRules(seed=emulator.seed))
    gc.disable()  # nothing of it is garbage
    try:
        replay(emulator, file)
    finally:
        gc.enable()
    gc.freeze()
    written, now = file.last_wall_time(), emulator.clock.now()
    if written is not None and not emulator.clock.is_held:
        now += max(0.0, time.time() - written) * emulator.clock.speed
        emulator.clock.set(now)
    emulator.journal = Journal(file, now)
    if options.dialect is not None and dialects != emulator.dialects:
        _change(emulator, "dialects", {"dialect": options.dialect})
    rules, given = emulator.budget.rules, _given_rules(options)
    if rules != evolve(rules, **given):
        _change(emulator, "budget", given)


def _change(emulator: Emulator, name: str, content: dict[str, Any]) -> None:
    """Change a setting as a tool would, so that the next start finds it in the file."""
    path, body = PREFIX + name, json.dumps(content).encode()
    change = checked(emulator, "POST", path, {}, body)
    if emulator.journal is not None:
        emulator.journal.control(emulator.clock.now(), "POST", path, body)
    change()
