"""Choosing a dialect: names, text forms, the command line and the control plane."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from reply_async.emulator import Emulator
from reply_async.emulator.__main__ import main
from reply_async.emulator.dialects import NAMES, dialects_of, entries

if TYPE_CHECKING:
    from emulator.client import Api


def test_every_variant_is_in_one_of_the_sets() -> None:
    """All 42 entries are chosen in all sets, and no variant is in none of them."""
    sets = [dialects_of(name) for name in NAMES]
    assert 42 == len(entries())
    for entry in entries().values():
        assert set(entry.variants) == {chosen[entry.id] for chosen in sets}
    assert {entry.id: entry.default for entry in entries().values()} == dict(sets[0])


def test_a_text_and_a_mapping_name_what_differs() -> None:
    """A set comes first, single entries change it; equal choices are equal values."""
    chosen = dialects_of("legacy, import_mode=sync_200")
    assert ("sync_200", "pascal") == (chosen["import_mode"], chosen["enum_casing"])
    assert dialects_of({"enum_casing": "pascal"}) == dialects_of("default,enum_casing=pascal")
    assert dialects_of("legacy,import_mode=async_202") == dialects_of("legacy")
    assert 1 == len({pickle.loads(pickle.dumps(chosen)), chosen})  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("newest", "default, modern, legacy"),
        ("legacy,imports=x", "whoami_body"),
        ("legacy,import_mode=later", "sync_200, async_202"),
        ("import_mode=async_202", "begins with its name"),
        ("legacy,import_mode", "ENTRY=VARIANT"),
    ],
)
def test_what_is_unknown_is_told_with_what_there_is(text: str, said: str) -> None:
    """Each part of a text is checked against the contract."""
    with pytest.raises(ValueError, match=said):
        Emulator(dialect=text)


def test_the_program_refuses_an_unknown_dialect(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is the one of wrong usage."""
    assert 2 == main(["--dialect", "newest"])
    assert "default, modern, legacy" in capsys.readouterr().err


def test_the_program_speaks_the_dialect() -> None:
    """`--dialect` takes a set and single entries."""
    command = [sys.executable, "-m", "reply_async.emulator", "--exit-with-parent"]
    command += ["--dialect", "legacy,import_mode=sync_200"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own line
        assert process.stdout is not None
        url = process.stdout.readline().split()[0].decode()
        with urlopen(f"{url}/_emulator/dialects") as answer:  # noqa: S310 - our own address
            shown = json.load(answer)
        process.communicate()
    chosen = {name: entry["choice"] for name, entry in shown.items()}
    assert dict(dialects_of("legacy,import_mode=sync_200")) == chosen


async def test_dialects_are_told_and_changed_while_it_runs(api: Api, emulator: Emulator) -> None:
    """A set, single entries, or both; a reset keeps them, and nonsense changes nothing."""
    shown = await api.control("GET", "dialects")
    assert 42 == len(shown)
    assert {"sync_200", "async_202"} == set(shown["import_mode"]["variants"])
    body: Any = {"dialect": "modern", "choices": {"import_mode": "async_202"}}
    shown = await api.control("POST", "dialects", body)
    assert ("async_202", "sync_200") == tuple(
        shown["import_mode"][name] for name in ("choice", "default")
    )
    await api.control("POST", "dialects", {"choices": {"page_envelope": "info"}})
    await api.control("POST", "reset")
    assert dialects_of("modern,import_mode=async_202,page_envelope=info") == emulator.dialects
    wrong: tuple[Any, ...] = (
        {},
        {"set": "legacy"},
        {"dialect": 1},
        {"choices": ["x"]},
        {"dialect": "x"},
    )
    for body in (*wrong, {"choices": {"import_mode": ["x"]}}):
        assert 400 == (await api("POST", "/_emulator/dialects", body))[0]
    assert "info" == emulator.dialects["page_envelope"]
