"""`make bench`: every benchmark, or those named; says on which machine."""

import os
import platform
import sys

from rich.console import Console

from benchmarks import foundation

BENCHMARKS = {"foundation": foundation.run}


def main(names: list[str]) -> None:
    """Run them one after another."""
    console = Console(width=100, soft_wrap=True)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = os.getloadavg()[0]
    console.print(f"{python}, {platform.platform()}, {os.cpu_count()} CPUs, load {load:.1f}\n")
    for name in names or BENCHMARKS:
        BENCHMARKS[name](console)


if __name__ == "__main__":
    main(sys.argv[1:])
