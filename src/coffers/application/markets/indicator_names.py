"""Names of technical indicators with their parameters, such as `sma_20` or `macd_12_26_9`."""

import re
from dataclasses import dataclass
from typing import Final

from coffers.domain.errors import Invalid

MAX_INDICATORS: Final = 20
MAX_WINDOW: Final = 500
#: Kind → its parameters by itself, in their order.
KINDS: Final = {
    "sma": {"window": 20},
    "ema": {"window": 12},
    "rsi": {"window": 14},
    "rsi_simple": {"window": 14},
    "macd": {"fast": 12, "slow": 26, "signal": 9},
    "bollinger": {"window": 20, "deviations": 2},
    "stochastic": {"window": 14, "smooth": 3},
    "williams_r": {"window": 14},
    "atr": {"window": 14},
}
_NAME: Final = re.compile(r"([a-z]+(?:_[a-z]+)*)((?:_[0-9]{1,4})*)")


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is asked for."""

    name: str
    kind: str
    parameters: dict[str, int]


def read_names(text: str) -> list[Indicator]:
    """The indicators of a list with commas; raises IndicatorInvalid."""
    names = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not 0 < len(names) <= MAX_INDICATORS:
        raise IndicatorInvalid(f"Name 1 to {MAX_INDICATORS} indicators.", field="names")
    return [_read(name) for name in names]


def _read(name: str) -> Indicator:
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in KINDS:
        known = ", ".join(KINDS)
        raise IndicatorInvalid(f"Not a known indicator; known are {known}.", field="names")
    kind, usual = match[1], KINDS[match[1]]
    told = [int(number) for number in match[2].split("_") if number]
    if len(told) > len(usual):
        raise IndicatorInvalid(f"{kind} takes {', '.join(usual)}.", field="names")
    values = [*told, *list(usual.values())[len(told) :]]
    parameters = dict(zip(usual, values, strict=True))
    if not all(1 <= value <= MAX_WINDOW for value in values):
        detail = f"Parameters are between 1 and {MAX_WINDOW}."
        raise IndicatorInvalid(detail, field="names")
    if kind == "macd" and parameters["fast"] >= parameters["slow"]:
        raise IndicatorInvalid("The fast average of macd is the shorter one.", field="names")
    return Indicator(name, kind, parameters)


class IndicatorInvalid(Invalid):
    """There is no such indicator, or not with these parameters."""
