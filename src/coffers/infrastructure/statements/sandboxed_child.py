"""The child that reads files for the service: with less memory, less priority and no secrets.

Started by StatementParser; ends when its standard input does.
"""

import gc
import os
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from coffers.domain.ledger.statements import ReportedStatement, RowProblem, StatementUnreadable
from coffers.infrastructure.statements.formats import format_named
from coffers.infrastructure.statements.parse import parse_statements
from coffers.infrastructure.statements.sandboxed_wire import (
    LENGTH,
    READY,
    Request,
    frames_of,
    refusal_frame,
    request_in,
)

#: Reading may take its time; answering other requests may not.
NICENESS: Final = 10


def main() -> None:
    """Answer one request after the other."""
    _limit_memory(int(sys.argv[1]))
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # Reading makes masses of objects and no cycles: looking for some takes a tenth of the time.
    gc.disable()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    _write(target, [READY])
    while header := source.read(LENGTH.size):
        _write(target, _answer(source.read(*LENGTH.unpack(header))))
        gc.collect()


def _answer(frame: bytes) -> list[bytes]:
    try:
        return list(frames_of(_read(request_in(frame))))
    except StatementUnreadable as refusal:
        return [refusal_frame(refusal.rows)]
    except MemoryError:
        return [_refusal("too_much_memory", "reading the file takes too much memory.")]
    except Exception as error:  # noqa: BLE001 - the last resort: says where, but not what was read
        place = traceback.extract_tb(error.__traceback__)[-1]
        message = f"the reader failed at {Path(place.filename).name}:{place.lineno}."
        return [_refusal("reader_failed", message)]


def _read(request: Request) -> list[ReportedStatement]:
    return parse_statements(
        request.content,
        file_name=request.file_name,
        format=format_named(request.format) if request.format else None,
        mapping=request.mapping,
        default_currency=request.default_currency,
        day_first=request.day_first,
    )


def _refusal(code: str, message: str) -> bytes:
    return refusal_frame([RowProblem(0, "file", code, message)])


def _write(target: BinaryIO, frames: Iterable[bytes]) -> None:
    for frame in frames:
        target.write(LENGTH.pack(len(frame)))
        target.write(frame)
    target.flush()


def _limit_memory(bytes_: int) -> None:
    with suppress(ImportError, ValueError, OSError):  # not every system can
        import resource  # noqa: PLC0415 - nor has every system this

        resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))


if __name__ == "__main__":
    main()
