"""Faults: what can go wrong on purpose, and the rules that say when."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count
from typing import Final

MAX_RULES: Final = 100
MAX_PATTERN: Final = 500
MAX_TIMES: Final = 1_000_000
MAX_HANG_S: Final = 60
MAX_OVERSIZED_MIB: Final = 256

HOSTILE_KINDS: Final = (
    "nan",
    "exponent",
    "year",
    "nul",
    "huge",
    "duplicate",
    "negative_zero",
    "enum",
    "number",
    "literal",
    "missing",
    "surrogate",
)


class FaultUnknown(ValueError):
    """No fault of that name, or an argument that it does not take."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong; the argument is complete and valid."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.argument}" if self.argument else self.name


@dataclass(slots=True)
class Rule:
    """A fault that strikes requests whose path matches; `times` is what is left, None for ever."""

    id: int
    path: str
    fault: Fault
    times: int | None


class Rules:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._ids = count(1)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def add(self, path: str, fault: Fault, times: int | None) -> Rule | None:
        """Put a rule in force; None when there are too many."""
        if len(self._rules) >= MAX_RULES:
            return None
        rule = Rule(next(self._ids), path, fault, times)
        self._rules.append(rule)
        return rule

    def strike(self, path: str) -> Fault | None:
        """Answer the fault of the oldest matching rule and count it."""
        for rule in self._rules:
            if fnmatchcase(path, rule.path):
                self._count(rule)
                return rule.fault
        return None

    def remove(self, rule_id: int) -> bool:
        """Take a rule out of force; False when there is none of that id."""
        left = [rule for rule in self._rules if rule.id != rule_id]
        was_there = len(left) < len(self._rules)
        self._rules = left
        return was_there

    def clear(self) -> None:
        """Take all rules out of force."""
        self._rules.clear()

    def _count(self, rule: Rule) -> None:
        if rule.times is not None:
            rule.times -= 1
            if not rule.times:
                self.remove(rule.id)


def parse_fault(text: str) -> Fault:
    """Read `name` or `name:argument`; raises FaultUnknown."""
    name, _, argument = text.partition(":")
    if name not in _ARGUMENTS:
        raise FaultUnknown("No such fault.")
    return Fault(name, _ARGUMENTS[name](argument))


def _number(default: int, low: int, high: int) -> Callable[[str], str]:
    def read(argument: str) -> str:
        if not argument:
            return str(default)
        if not re.fullmatch(r"[0-9]{1,6}", argument) or not low <= int(argument) <= high:
            raise FaultUnknown(f"The argument is a whole number from {low} to {high}.")
        return argument

    return read


def _choice(*choices: str) -> Callable[[str], str]:
    def read(argument: str) -> str:
        if argument and argument not in choices:
            raise FaultUnknown(f"The argument is one of {choices}, or none.")
        return argument

    return read


def _word(argument: str) -> str:
    if not argument:
        raise FaultUnknown("The argument is the id that goes missing.")
    return argument


_ARGUMENTS: Final = {
    "expired_token": _choice(),
    "unauthorized": _choice(),
    "rate_limited": _number(2, 0, 3600),
    "gone": _choice(),
    "error": _number(500, 500, 599),
    "slow_drip": _number(100, 1, 10_000),
    "hang": _number(MAX_HANG_S, 0, MAX_HANG_S),
    "truncated_json": _choice("connection"),
    "html": _choice(),
    "redirect": _choice(),
    "zip_bomb": _choice(),
    "oversized": _number(64, 1, MAX_OVERSIZED_MIB),
    "mutation_while_paging": _choice(),
    "repeated_page": _choice("twice"),
    "endless_cursor": _choice("empty"),
    "without": _word,
    "hostile_values": _choice(*HOSTILE_KINDS),
}
