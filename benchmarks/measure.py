"""Interleaved rounds of two subjects: CPU and wall time, medians and their ratio."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping

from attrs import frozen

Subject = Callable[[], Awaitable[None]]


@frozen
class Timing:
    """Seconds of one round: CPU of this process, and wall time."""

    cpu: float
    wall: float


async def rounds(subjects: Mapping[str, Subject], count: int) -> dict[str, list[Timing]]:
    """Run every subject ``count`` times, in turns, after one round that does not count."""
    timings: dict[str, list[Timing]] = {name: [] for name in subjects}
    for number in range(count + 1):
        for name, subject in subjects.items():
            cpu, wall = time.process_time(), time.perf_counter()
            await subject()
            timing = Timing(time.process_time() - cpu, time.perf_counter() - wall)
            if number:
                timings[name].append(timing)
    return timings


def table(title: str, timings: Mapping[str, list[Timing]], units: int, reference: str) -> str:
    """Return microseconds of CPU a unit, their spread, and ratios to the reference."""
    base = statistics.median(timing.cpu for timing in timings[reference])
    lines = [title, f"{'':24}{'CPU us':>10}{'spread':>10}{'wall us':>10}{'ratio':>8}"]
    for name, taken in timings.items():
        cpu = [timing.cpu for timing in taken]
        wall = statistics.median(timing.wall for timing in taken)
        median = statistics.median(cpu)
        spread = (max(cpu) - min(cpu)) / median
        lines.append(
            f"{name:24}{median / units * 1e6:10.1f}{spread:10.0%}"
            f"{wall / units * 1e6:10.1f}{median / base:8.2f}"
        )
    return "\n".join(lines)
