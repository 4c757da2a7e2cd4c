"""What the tests of the command share: the command itself, and an emulator beside it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from reply_async import Email, EmailVariant, ReplySession

Command = Callable[..., subprocess.CompletedProcess[str]]


@frozen
class Server:
    """An emulator that this test run started, without a limit of requests."""

    url: str
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to reach it."""
        return {"REPLY_BASE_URL": self.url, "REPLY_API_KEY": self.key}

    def add_sequence(self, name: str) -> int:
        """Create a sequence with one e-mail, and give its id."""

        async def create() -> int:
            async with ReplySession(self.key, base_url=self.url) as session:
                steps = [Email(variants=[EmailVariant(subject="Hi", message="<p>Hello</p>")])]
                return (await session.sequences.create(name, steps=steps)).id

        return asyncio.run(create())

    def members(self, sequence_id: int) -> set[str]:
        """Give the addresses of everyone in a sequence."""

        async def read() -> set[str]:
            async with ReplySession(self.key, base_url=self.url) as session:
                people = await session.sequence_contacts.list(sequence_id).collect()
            return {person.email or "" for person in people}

        return asyncio.run(read())


def clean_environment(**more: str) -> dict[str, str]:
    """Give the environment without the settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REPLY_")}
    return {**kept, **more}


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a folder of its own for what runs share."""
    folder = tmp_path / "state of the user"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def server(dialect: str) -> Iterator[Server]:
    """Start one emulator for all tests that import."""
    options = ["--budget", "off", "--exit-with-parent", "--dialect", dialect]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "reply_async.emulator", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield Server(*process.stdout.readline().split())
    process.terminate()
    process.communicate(timeout=60)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Give a function that runs ``reply-async`` in an empty folder."""

    def run(
        *arguments: str, environment: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "reply_async.cli", *arguments],
            cwd=tmp_path,
            env=clean_environment(**(environment or {})),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return run
