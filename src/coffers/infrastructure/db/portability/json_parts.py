"""Large JSON read piece by piece: an object whose lists are too long to be held whole.

Any layout of the JSON will do. What is held at a time is one value of the object, or one element of
a list of the object.
"""

import codecs
import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

CHUNK: Final = 64 * 1024
#: Characters of one element, or of a value that is no list.
MAX_VALUE: Final = 1024 * 1024
#: Digits of a whole number: those of 64 bits with its sign.
MAX_DIGITS: Final = 20
_SPACE: Final = " \t\r\n"
_TOO_LONG: Final = f"A row has at most {MAX_VALUE} characters."


class JsonUnreadable(Exception):
    """Not the JSON that was expected; the message says why, without repeating it."""


#: A key of the object, the place of the element in its list (0: the value is no list), the value.
Part = tuple[str, int, Any]  # Any: JSON


def parts(file: BinaryIO) -> Iterator[Part]:
    """Everything in the object, in its order; raises JsonUnreadable where it ends to be JSON."""
    text = _Text(file)
    text.take("{")
    seen: set[str] = set()
    while text.peek() != "}":
        if seen:
            text.take(",")
        key = text.value()
        if not isinstance(key, str) or key in seen:
            raise JsonUnreadable("A key of the file is no text, or there twice.")
        seen.add(key)
        text.take(":")
        yield from _of(key, text)
    text.take("}")
    if text.peek():
        raise JsonUnreadable("Something follows after the end.")


def _of(key: str, text: "_Text") -> Iterator[Part]:
    if text.peek() != "[":
        yield key, 0, text.value()
        return
    text.take("[")
    place = 0
    while text.peek() != "]":
        if place:
            text.take(",")
        place += 1
        yield key, place, text.value()
    text.take("]")


class _Text:
    """What was read of the file and not yet understood."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text = ""
        self._at = 0
        self._is_over = False

    def peek(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._read():
                return ""

    def take(self, wanted: str) -> None:
        """Go past this character; raises JsonUnreadable if it is another."""
        if self.peek() != wanted:
            raise JsonUnreadable(f"The file is damaged or cut off: {wanted} is missing.")
        self._at += 1

    def value(self) -> Any:  # Any: JSON
        """The value that begins here, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                self._read_on(error)
                continue
            if end - self._at > MAX_VALUE:
                raise JsonUnreadable(_TOO_LONG)
            # A number may go on behind what was read.
            if end < len(self._text):
                self._at = end
                return value
            self._read_on(None)

    def _read_on(self, error: Exception | None) -> None:
        if isinstance(error, RecursionError):
            raise JsonUnreadable("The file is nested too deeply.") from error
        if len(self._text) - self._at > MAX_VALUE:
            raise JsonUnreadable(_TOO_LONG) from error
        if not self._read():
            raise JsonUnreadable("The file is damaged or cut off.") from error

    def _read(self) -> bool:
        """Whether there was more."""
        if self._is_over:
            return False
        # As much again as is waiting: a long value is tried a few times, not at every piece.
        piece = self._file.read(max(CHUNK, len(self._text) - self._at))
        self._is_over = not piece
        try:
            more = self._decode(piece, self._is_over)
        except UnicodeDecodeError as error:
            raise JsonUnreadable("The file is not UTF-8.") from error
        self._text = self._text[self._at :] + more
        self._at = 0
        return not self._is_over


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON values
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonUnreadable("A row has the same key twice.")
    return found


def _no_constant(_text: str) -> None:
    raise JsonUnreadable("NaN and Infinity are not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonUnreadable("A number is too large.")
    return number


def _bounded(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise JsonUnreadable("A number is too large.")
    return int(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_constant=_no_constant,
    parse_float=_finite,
    parse_int=_bounded,
)
