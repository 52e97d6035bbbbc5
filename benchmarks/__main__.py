"""`make bench`: every benchmark, or those named; says on which machine."""

import os
import platform
import sys
from collections.abc import Callable, Mapping

from rich.console import Console

from benchmarks import (
    foundation,
    imports,
    ledger_reads,
    ledger_writes,
    markets,
    ofx_parsing,
    portfolios,
    spending,
    sync,
)
from coffers.garbage import collect_rarely


def ratios(measure: Callable[[], Mapping[str, float]]) -> Callable[[Console], None]:
    """A benchmark that prints each ratio on a line."""

    def run(console: Console) -> None:
        for name, ratio in measure().items():
            console.print(f"{name}: {ratio:.2f}", highlight=False)

    return run


BENCHMARKS = {
    "foundation": foundation.run,
    "imports": ratios(imports.measure),
    "ledger_reads": ratios(ledger_reads.measure),
    "ledger_writes": ratios(ledger_writes.measure),
    "markets": ratios(markets.measure),
    "ofx_parsing": ratios(ofx_parsing.measure),
    "portfolios": ratios(portfolios.measure),
    "spending": ratios(spending.measure),
    "sync": ratios(sync.measure),
}


def main(names: list[str]) -> None:
    """Run them one after another."""
    console = Console(width=100, soft_wrap=True)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = os.getloadavg()[0]
    # As the service does when it starts.
    collect_rarely()
    console.print(f"{python}, {platform.platform()}, {os.cpu_count()} CPUs, load {load:.1f}\n")
    for name in names or BENCHMARKS:
        BENCHMARKS[name](console)


if __name__ == "__main__":
    main(sys.argv[1:])
