"""The log: one JSON object a line on standard output; for people at a terminal, words on the other.

Nothing is logged that is secret. Should somebody try, names that smell of secrets are dropped and
tokens within texts are masked here, as the last defence.
"""

import functools
import json
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import Processor

#: Longer texts are cut: a log line is to be read.
MAX_TEXT: Final = 8_000
MASK: Final = "…"

_SECRET_NAMES: Final = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|credential|api_?key|private_?key|encryption_?key"
    r"|signature|verifier|^(body|payload|headers|query|query_string|params|parameters)$",
    re.IGNORECASE,
)
_SECRET_TEXTS: Final = re.compile(
    r"(?i:bearer|basic)\s+[\w.~+/=-]{8,}"  # authorization headers
    r"|eyJ[\w-]{5,}\.[\w-]*\.?[\w-]*"  # JSON web tokens
    r"|\$argon2\w*\$\S+"  # password hashes
    r"|-----BEGIN[^-]*PRIVATE KEY-----.*?(?:-----END[^-]*-----|\Z)"
    r"|(?<=://)[^\s/@:]*:[^\s/@]*(?=@)"  # user:password in addresses
    r"|(?i:(?<=token=)|(?<=password=)|(?<=secret=)|(?<=code=)|(?<=state=)|(?<=key=))[^\s&\"']+"
    r"|\bcof_\w+",  # API keys
    re.DOTALL,
)

#: What all of those have something of, and ids, routes and addresses have not.
_SUSPECT: Final = re.compile(r"[ =$]|://|eyJ|cof_")

EventDict = MutableMapping[str, Any]  # Any: whatever is logged


def configure(*, is_console: bool = False, level: int = logging.INFO) -> None:
    """Log like this from now on, what libraries log through `logging` included."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[*shared, _console() if is_console else _json],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=(
            structlog.PrintLoggerFactory(sys.stderr)
            if is_console
            else structlog.BytesLoggerFactory(sys.stdout.buffer)
        ),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Passage()]
    root.setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def without_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The event without secrets, as far as names and shapes give them away."""
    for name in [name for name in event if _is_secret(name)]:
        del event[name]
    for name, value in event.items():
        if isinstance(value, str):
            if _SUSPECT.search(value):
                event[name] = _masked(value)
        elif value is not None and not isinstance(value, int | float):
            event[name] = _masked(str(value))
    return event


def _masked(text: str) -> str:
    return _SECRET_TEXTS.sub(MASK, text)[:MAX_TEXT]


@functools.lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _json(_logger: object, _method: str, event: EventDict) -> bytes:
    try:
        return msgspec.json.encode(event)
    except (UnicodeEncodeError, TypeError, msgspec.MsgspecError):
        return json.dumps(event, default=str).encode()


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


class _Passage(logging.Handler):
    """From the libraries' log into ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it our way."""
        log = structlog.get_logger(record.name)
        level = min(max(record.levelno, logging.INFO), logging.CRITICAL)
        log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
