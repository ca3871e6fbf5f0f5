"""How much longer `kwake --help` takes than Python alone. Run it by hand: it measures, and judges nothing but a ratio.

python benchmarks/help_start.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 15
LIMIT_S = 0.150
"""Seconds that help may cost beyond an empty program."""


def seconds(*arguments: str) -> float:
    """The median time of a process."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    """Print both times and their ratio; 1 if help costs more than the limit."""
    nothing, help_ = seconds("-c", "pass"), seconds("-m", "kwake_tui", "--help")
    print(f"python -c pass   {nothing * 1000:6.1f} ms")
    print(f"kwake --help     {help_ * 1000:6.1f} ms   {help_ / nothing:.1f} times")
    return int(help_ - nothing > LIMIT_S)


if __name__ == "__main__":
    raise SystemExit(main())
