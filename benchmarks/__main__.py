"""Run the benchmarks against an emulator in a process of its own."""

import argparse
import asyncio
import importlib.metadata
import platform
import subprocess
import sys

from benchmarks.bulk_import import bulk_import
from benchmarks.single_requests import single_requests


def main() -> None:
    """Start an emulator without a budget, and print one table for each benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    parser.add_argument("--rows", type=int, default=20_000, help="rows an import (default 20000)")
    arguments = parser.parse_args()
    versions = [
        f"{name} {importlib.metadata.version(name)}" for name in ("aiohttp", "attrs", "cattrs")
    ]
    print(f"Python {platform.python_version()}, {', '.join(versions)}\n")
    with subprocess.Popen(
        [sys.executable, "-m", "reply_async.emulator", "--budget", "off", "--exit-with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None  # noqa: S101 - for the type checker
        url, key = emulator.stdout.readline().split()
        print(asyncio.run(single_requests(url, key, arguments.rounds)), end="\n\n")
        print(asyncio.run(bulk_import(url, key, arguments.rounds, arguments.rows)))
        emulator.terminate()


main()
