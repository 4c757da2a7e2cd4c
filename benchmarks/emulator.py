"""The emulator beside a bare aiohttp server: small reads, an import, start and reset."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from benchmarks.raw_client import requests_a_second

REQUESTS = 4_000
ROWS = 1_000
ACCOUNT = 200_000
READS = ("/v3/whoami", "/v3/sequences", "/v3/sequences/1001")
EMULATOR = ("reply_async.emulator", "--budget", "off", "--key", "emu_bench")
HEADERS = {"Authorization": "Bearer emu_bench", "Content-Type": "application/json"}
STEP = {"type": "call", "delayInMinutes": 0, "executionMode": "manual", "message": "Hello"}
SEQUENCE = json.dumps({"name": "One", "steps": [STEP]}).encode()


@frozen
class Server:
    """A process that serves, and how to ask it one thing at a time."""

    url: str
    process: subprocess.Popen[str]

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        """Return the body of an answer."""
        request = urllib.request.Request(self.url + path, body, HEADERS)  # noqa: S310 - our own
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own child
            return bytes(answer.read())

    def cpu(self) -> float:
        """Return the seconds of CPU that the process has used (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(*module: str) -> Iterator[Server]:
    """Run a module that prints its address and serves, as long as the block."""
    command = [sys.executable, "-m", *module]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        assert process.stdout is not None  # noqa: S101 - for the type checker
        yield Server(process.stdout.readline().split()[0], process)
        process.kill()


def emulator(rounds: int) -> str:
    """Return the tables; the best round counts, because other work can only slow it."""
    return "\n".join([*reads(rounds), "", *imports(rounds), "", *starts_and_resets(rounds)])


def reads(rounds: int) -> Iterator[str]:
    """Ask both servers in turns over eight connections; the client has its own process."""
    with serving("benchmarks.bare_server") as bare, serving(*EMULATOR) as ours:
        ours.ask("/v3/sequences", SEQUENCE)
        subjects = [("bare aiohttp server", bare, "/"), *((path, ours, path) for path in READS)]
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _ in subjects}
        for _ in range(rounds + 1):
            for name, server, path in subjects:
                head = f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer emu_bench\r\n\r\n"
                before = server.cpu()
                rate = asyncio.run(requests_a_second(server.url, head.encode(), REQUESTS))
                taken[name].append((rate, (server.cpu() - before) / REQUESTS * 1e6))
    yield "Small reads, budget off"
    yield f"{'':24}{'requests/s':>12}{'CPU us each':>14}"
    for name, pairs in taken.items():
        yield f"{name:24}{max(r for r, _ in pairs[1:]):12.0f}{min(c for _, c in pairs[1:]):14.0f}"


def imports(rounds: int) -> Iterator[str]:
    """Take an import apart in this process, and measure it whole from outside."""
    from reply_async.emulator import Emulator, validation  # noqa: PLC0415 - not for other subjects
    from reply_async.emulator.operations import HANDLERS  # noqa: PLC0415 - as above

    emulator = Emulator()
    operation, dialects = emulator.contract.operation("import_contacts"), emulator.dialects
    assert operation.id in HANDLERS  # noqa: S101 - else the figure would say nothing
    bodies = [json.dumps(people(batch)).encode() for batch in range(rounds * 2)]
    check = _best(
        bodies, lambda body: validation.check(operation, dialects, [], {}, "application/json", body)
    )
    with serving(*EMULATOR) as ours:
        whole = _best(bodies, lambda body: ours.ask("/v3/contacts/import", body))
    yield f"An import of {ROWS:,} rows"
    yield f"{'read and validated':24}{check * 1e3:10.1f} ms"
    yield f"{'whole call, with client':24}{whole * 1e3:10.1f} ms"


def people(batch: int, sequence_id: int | None = None) -> dict[str, object]:
    """Return the body of an import of people that no other batch has."""
    items = [
        {
            "firstName": f"Name {number}",
            "lastName": "Example",
            "email": f"person{number}.{batch}@example.com",
            "company": "Example and Sons",
        }
        for number in range(ROWS)
    ]
    return {"items": items, "options": {"sequenceId": sequence_id} if sequence_id else {}}


def starts_and_resets(rounds: int) -> Iterator[str]:
    """From the start of the process to the first answer; empty and with a full account."""

    def first_answer(*options: str) -> float:
        began = time.perf_counter()
        with serving(*EMULATOR, *options) as ours:
            ours.ask("/v3/whoami")
            return time.perf_counter() - began

    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "account.db")
        with serving(*EMULATOR, "--data", file) as ours:
            sequence = json.loads(ours.ask("/v3/sequences", SEQUENCE))["id"]
            for batch in range(ACCOUNT // ROWS):
                ours.ask("/v3/contacts/import", json.dumps(people(batch, sequence)).encode())
        restarts = [first_answer("--data", file) for _ in range(3)]
        with serving(*EMULATOR, "--data", file) as ours:
            full = _best([b"{}"], lambda body: ours.ask("/_emulator/reset", body))
            empty = _best([b"{}"] * rounds, lambda body: ours.ask("/_emulator/reset", body))
    yield "Start and reset"
    yield f"{'first answer':24}{min(first_answer() for _ in range(rounds)) * 1e3:10.0f} ms"
    yield f"{f'on a file of {ACCOUNT:,}':24}{min(restarts) * 1e3:10.0f} ms"
    yield f"{'reset':24}{empty * 1e3:10.1f} ms"
    yield f"{f'reset of {ACCOUNT:,}':24}{full * 1e3:10.1f} ms"


def _best(bodies: list[bytes], work: Callable[[bytes], object]) -> float:
    times = []
    for body in bodies:
        began = time.perf_counter()
        work(body)
        times.append(time.perf_counter() - began)
    return min(times)
