"""Run the benchmarks, those of a session against an emulator in a process of its own."""

import argparse
import asyncio
import importlib.metadata
import platform
import subprocess
import sys

from benchmarks.bulk_import import bulk_import
from benchmarks.conversion import conversion
from benchmarks.emulator import emulator
from benchmarks.limiter import limiter
from benchmarks.single_requests import single_requests
from benchmarks.stores import stores, stores_table

SUBJECTS = ("requests", "import", "conversion", "emulator", "limiter", "stores")


def main() -> None:
    """Print one table for each benchmark, or for the one that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("subject", nargs="?", choices=SUBJECTS)
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    parser.add_argument("--rows", type=int, default=20_000, help="rows an import (default 20000)")
    parser.add_argument("--hours", type=float, default=3, help="simulated hours (default 3)")
    parser.add_argument("--quick", action="store_true", help="fewer servers for the limiter")
    parser.add_argument("--json", action="store_true", help="the figures of the limiter as JSON")
    arguments = parser.parse_args()
    if arguments.json:
        if arguments.subject != "limiter":
            parser.error("--json goes with the limiter")
        print(limiter(arguments.hours, is_quick=arguments.quick, is_json=True))
        return
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("aiohttp", "attrs", "cattrs", "pydantic", "msgspec")
    ]
    print(f"Python {platform.python_version()}, {', '.join(versions)}\n")
    if arguments.subject in (None, "conversion"):
        print(conversion(arguments.rounds), end="\n\n")
    if arguments.subject in (None, "emulator"):
        print(emulator(arguments.rounds), end="\n\n")
    if arguments.subject in (None, "limiter"):
        print(limiter(arguments.hours, is_quick=arguments.quick), end="\n\n")
    if arguments.subject in (None, "stores"):
        print(stores_table(stores(arguments.rounds)), end="\n\n")
    if arguments.subject in (None, "requests", "import"):
        measure_session(arguments)


def measure_session(arguments: argparse.Namespace) -> None:
    """Measure what needs a server: single requests and imports."""
    with subprocess.Popen(
        [sys.executable, "-m", "reply_async.emulator", "--budget", "off", "--exit-with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None  # noqa: S101 - for the type checker
        url, key = server.stdout.readline().split()
        if arguments.subject in (None, "requests"):
            print(asyncio.run(single_requests(url, key, arguments.rounds)), end="\n\n")
        if arguments.subject in (None, "import"):
            print(asyncio.run(bulk_import(url, key, arguments.rounds, arguments.rows)))
        server.terminate()


main()
