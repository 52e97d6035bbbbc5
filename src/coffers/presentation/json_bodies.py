"""Strict JSON: what a lenient parser would let pass is refused before anything reads it."""

import json
import math
import re
from typing import Any, Final

from coffers.presentation.problems import MalformedJson

MAX_DEPTH: Final = 32
_TOO_DEEP: Final = f"The JSON is nested deeper than {MAX_DEPTH} levels."
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def strict_json(body: bytes) -> Any:  # Any: whatever JSON can say
    """The value of a body.

    Raises MalformedJson for NaN, Infinity, numbers too large, duplicate keys, nesting deeper than
    32, control characters and lone surrogates in strings, and all that is not UTF-8 JSON.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
        _check(value, 1)
    except (ValueError, RecursionError) as error:
        raise MalformedJson(_reason(error)) from error
    return value


def _reason(error: ValueError | RecursionError) -> str:
    """What is wrong and where, without what was sent."""
    if isinstance(error, json.JSONDecodeError):
        where = f"line {error.lineno}, column {error.colno}"
        return f"The body is not valid JSON: {error.msg}, {where}."
    if isinstance(error, UnicodeDecodeError):
        return f"The body is not UTF-8: byte {error.start + 1} cannot be read."
    return _TOO_DEEP if isinstance(error, RecursionError) else str(error)


class _Flaw(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON values
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Flaw("A JSON object has the same key twice.")
    return found


def _no_constant(_text: str) -> None:
    raise _Flaw("NaN and Infinity are not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Flaw("A number is too large.")
    return number


def _bounded(text: str) -> int:
    if len(text) > 20:  # noqa: PLR2004 - digits of a 64-bit integer with its sign
        raise _Flaw("A number is too large.")
    return int(text)


def _check(value: Any, depth: int) -> None:  # Any: JSON values
    if depth > MAX_DEPTH:
        raise _Flaw(_TOO_DEEP)
    if isinstance(value, str):
        if _CONTROL.search(value):
            raise _Flaw("A string has control characters or lone surrogates.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
