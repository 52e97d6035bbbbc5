"""What invented things cost: a line that rises a little, with waves around it."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from coffers.sandbox.chance import Chance
from coffers.sandbox.days import DAY, FIRST_DAY, is_business_day
from coffers.sandbox.securities import Contract, Security, split_factor

WHOLE: Final = 10_000
#: A wave never takes a price below a third of its line nor above three times it.
LOWEST: Final = -6_667
HIGHEST: Final = 20_000
#: Each day a wave loses one part in so many of its height.
CALMING: Final = 200
DAYS_A_YEAR: Final = 365
#: What an option costs above its intrinsic value: one part in so many of the price, for a year.
YEAR_OF_TIME: Final = 6


class Prices:
    """The closing prices of every day, the same for one seed whatever is asked first."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._waves: dict[str, list[int]] = {}

    def on(self, security: Security, day: date) -> Decimal:
        """Answer the closing price of one unit, splits included; on a holiday the last one."""
        if security.contract is not None:
            return self._of_option(security.contract, day)
        line = security.first_price * (100 * DAYS_A_YEAR + security.growth * (day - FIRST_DAY).days)
        price = line * (WHOLE + self._wave(security, day)) / (100 * DAYS_A_YEAR * WHOLE)
        return _rounded(price / split_factor(security, day), security.tick)

    def _of_option(self, contract: Contract, day: date) -> Decimal:
        spot = self.on(contract.underlying, day)
        worth = in_the_money(contract, spot)
        time = spot * max((contract.expiry - day).days, 0) / (DAYS_A_YEAR * YEAR_OF_TIME)
        distance = abs(spot - contract.strike) / contract.strike
        return _rounded(worth + time / (1 + 10 * distance))

    def _wave(self, security: Security, day: date) -> int:
        waves = self._waves.setdefault(security.symbol, [0])
        while len(waves) <= (day - FIRST_DAY).days:
            waves.append(self._next_wave(security, FIRST_DAY + len(waves) * DAY, waves[-1]))
        return waves[(day - FIRST_DAY).days]

    def _next_wave(self, security: Security, day: date, wave: int) -> int:
        if not (security.is_instant or is_business_day(day)):
            return wave
        chance = Chance(self._seed, security.symbol, day)
        push = sum(chance.between(-security.swing, security.swing) for _ in range(2))
        return min(max(wave - wave // CALMING + push, LOWEST), HIGHEST)


def in_the_money(contract: Contract, spot: Decimal) -> Decimal:
    """Answer what exercising would gain for each unit of the underlying; zero when nothing."""
    gain = spot - contract.strike if contract.is_call else contract.strike - spot
    return max(gain, Decimal(0))


def _rounded(price: Decimal, tick: Decimal = Decimal("0.01")) -> Decimal:
    return max(price.quantize(tick, ROUND_HALF_EVEN), tick)
