import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from coffers.domain.errors import Unavailable
from coffers.domain.ledger.statements import StatementUnreadable
from coffers.infrastructure.statements import sandboxed, sandboxed_child
from coffers.infrastructure.statements.csv_layout import csv_mapping
from coffers.infrastructure.statements.formats import format_named
from coffers.infrastructure.statements.parse import MAX_BYTES, parse_statements
from coffers.infrastructure.statements.sandboxed import MAX_WAITING, StatementParser
from coffers.infrastructure.statements.sandboxed_wire import (
    ROWS_IN_A_FRAME,
    Request,
    encode,
    outline_in,
)
from tests.infrastructure.statements.ofx_files import bank, file, investment, row

SMALL: Final = file(bank(row())).encode()
LARGE: Final = file(bank(*(row(fitid=str(number)) for number in range(20_000)))).encode()
POSITION: Final = "<POSSTOCK><SECID><UNIQUEID>1</SECID><UNITS>1<MKTVAL>2</POSSTOCK>"
#: Enough to start a child and to read SMALL, not to take GREEDY apart.
LITTLE_MEMORY: Final = 96 * 1024**2
GREEDY: Final = file(bank(row()), "<AB>12" * 900_000).encode()


async def code_of(parsing: Awaitable[object]) -> str:
    with pytest.raises(StatementUnreadable) as refusal:
        await parsing
    (problem,) = refusal.value.rows
    return problem.code


def pids(parser: StatementParser) -> list[int]:
    return [child._running.pid for child in parser._children]


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


@pytest.fixture
async def parser() -> AsyncIterator[StatementParser]:
    parser = StatementParser()
    yield parser
    await parser.aclose()


async def test_a_child_answers_what_reading_here_would(parser: StatementParser) -> None:
    content = file(
        bank(*(row(fitid=str(number)) for number in range(ROWS_IN_A_FRAME + 1))),
        investment("", f"<INVPOSLIST>{POSITION}</INVPOSLIST>"),
        investment("", "<INVPOSLIST></INVPOSLIST>").replace("777", "888"),
    ).encode()

    statements = await parser.parse(content, file_name="a.ofx")

    assert statements == parse_statements(content, file_name="a.ofx")


async def test_a_child_is_told_all_that_the_caller_knows(parser: StatementParser) -> None:
    columns = {"date": "D", "amount": "A"}
    mapping = csv_mapping({"columns": columns, "date_format": "%d.%m.%Y", "currency": "EUR"})
    qif = b"!Type:Bank\nD3/4/2024\nT1\n^\n"

    (by_mapping,) = await parser.parse(b"D,A\n31.01.2024,7\n", file_name="a", mapping=mapping)
    (by_format,) = await parser.parse(
        qif, file_name="a", format=format_named("qif"), default_currency="CHF", day_first=True
    )

    assert by_mapping.transactions[0].amount == 7
    assert by_format.transactions[0].currency == "CHF"
    assert by_format.transactions[0].transaction_date.month == 4


async def test_a_refusal_comes_back_with_its_rows(parser: StatementParser) -> None:
    content = file(bank(row(), row("NaN", fitid="2"))).encode()

    with pytest.raises(StatementUnreadable) as refusal:
        await parser.parse(content, file_name="a.ofx")

    assert [(one.row, one.code) for one in refusal.value.rows] == [(2, "not_a_number")]
    assert "row 2" in refusal.value.detail


async def test_a_child_is_started_when_needed_and_kept(parser: StatementParser) -> None:
    assert pids(parser) == []

    await parser.parse(SMALL, file_name="a.ofx")
    first = pids(parser)
    assert await code_of(parser.parse(b"<OFX></OFX>", file_name="a.ofx")) == "no_statement"
    await parser.parse(SMALL, file_name="a.ofx")

    assert len(first) == 1
    assert pids(parser) == first


async def test_what_is_too_large_does_not_even_reach_a_child(parser: StatementParser) -> None:
    assert await code_of(parser.parse(b"x" * (MAX_BYTES + 1), file_name="a.ofx")) == "too_large"
    assert pids(parser) == []


async def test_a_child_that_takes_too_long_is_replaced(parser: StatementParser) -> None:
    await parser.parse(SMALL, file_name="a.ofx")
    slow = pids(parser)
    parser._timeout_s = 0.01

    assert await code_of(parser.parse(LARGE, file_name="a.ofx")) == "too_slow"

    assert pids(parser) == []
    parser._timeout_s = sandboxed.TIMEOUT_S
    assert await parser.parse(SMALL, file_name="a.ofx")
    assert pids(parser) != slow


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory cannot be limited so")
async def test_a_file_that_takes_too_much_memory_is_refused() -> None:
    parser = StatementParser(memory_bytes=LITTLE_MEMORY)
    try:
        assert await parser.parse(SMALL, file_name="a.ofx")
        assert await code_of(parser.parse(GREEDY, file_name="a.ofx")) == "too_much_memory"
        assert await parser.parse(SMALL, file_name="a.ofx")
    finally:
        await parser.aclose()


async def test_a_child_that_dies_refuses_its_file_only(parser: StatementParser) -> None:
    await parser.parse(SMALL, file_name="a.ofx")
    reading = asyncio.create_task(parser.parse(LARGE, file_name="a.ofx"))
    await asyncio.sleep(0.01)

    os.kill(pids(parser)[0], signal.SIGKILL)

    assert await code_of(reading) == "too_much_memory"
    assert await parser.parse(SMALL, file_name="a.ofx")


async def test_a_child_that_died_while_idle_is_not_missed(parser: StatementParser) -> None:
    await parser.parse(SMALL, file_name="a.ofx")
    (child,) = parser._children

    os.kill(child._running.pid, signal.SIGKILL)
    await child._running.wait()

    assert await parser.parse(SMALL, file_name="a.ofx")
    assert len(pids(parser)) == 1


async def test_a_cancelled_caller_leaves_nothing_behind(parser: StatementParser) -> None:
    await parser.parse(SMALL, file_name="a.ofx")
    (child,) = parser._children
    reading = asyncio.create_task(parser.parse(LARGE, file_name="a.ofx"))
    await asyncio.sleep(0.01)

    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading

    assert child._running.returncode == -signal.SIGKILL
    assert pids(parser) == []
    assert await parser.parse(SMALL, file_name="a.ofx")


async def test_at_most_16_files_wait(parser: StatementParser) -> None:
    reading = [
        asyncio.create_task(parser.parse(SMALL, file_name="a.ofx")) for _ in range(MAX_WAITING)
    ]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable) as refusal:
        await parser.parse(SMALL, file_name="a.ofx")

    assert refusal.value.retry_after_s == sandboxed.RETRY_AFTER_S
    assert len(await asyncio.gather(*reading)) == MAX_WAITING
    assert await parser.parse(SMALL, file_name="a.ofx")


async def test_without_a_child_nothing_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = StatementParser()
    monkeypatch.setattr(sandboxed, "_CHILD", "coffers.no_such_module")

    with pytest.raises(Unavailable):
        await parser.parse(SMALL, file_name="a.ofx")

    assert pids(parser) == []


@pytest.mark.skipif(sys.platform != "linux", reason="told by /proc")
async def test_a_child_inherits_no_secrets_and_little_priority(
    monkeypatch: pytest.MonkeyPatch, parser: StatementParser
) -> None:
    monkeypatch.setenv("COFFERS_SECRET_KEY", "hush")

    await parser.parse(SMALL, file_name="a.ofx")

    (pid,) = pids(parser)
    assert b"COFFERS" not in environment_of(pid)
    assert os.getpriority(os.PRIO_PROCESS, pid) == sandboxed_child.NICENESS


async def test_a_child_ends_with_its_service(parser: StatementParser) -> None:
    await parser.parse(SMALL, file_name="a.ofx")
    (child,) = parser._children

    child._input.close()

    assert await asyncio.wait_for(child._running.wait(), 10) == 0


async def test_the_event_loop_hardly_notices_20000_rows(parser: StatementParser) -> None:
    gaps: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            gaps.append(time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    (statement,) = await parser.parse(LARGE, file_name="a.ofx")
    watching.cancel()

    assert len(statement.transactions) == 20_000
    assert sorted(gaps)[int(len(gaps) * 0.99)] < 0.1


@pytest.mark.parametrize(
    ("error", "code"), [(KeyError("secret"), "reader_failed"), (MemoryError(), "too_much_memory")]
)
def test_a_failing_reader_says_where_but_not_what_it_read(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(sandboxed_child, "parse_statements", fail)
    request = encode(Request(SMALL, "a.ofx", None, None, None, None))

    (frame,) = sandboxed_child._answer(request)

    (problem,) = outline_in(frame).problems
    assert problem.code == code
    assert "secret" not in problem.message
