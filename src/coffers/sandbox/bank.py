"""The bank: everybody who can sign in, and the statements of their accounts."""

from collections import OrderedDict
from datetime import date
from typing import Final

from coffers.sandbox import active_trader, retiree, young_saver
from coffers.sandbox.household import Household, Persona
from coffers.sandbox.statement import Statement

#: Statements kept, for walks through pages.
KEPT_STATEMENTS: Final = 64

PERSONAS: Final = {
    persona.user_name: persona
    for persona in (
        Persona(
            "young-saver",
            "coffee-twice",
            "A salary, a rent, two coffees, and funds every month.",
            young_saver.ACCOUNTS,
            young_saver.live,
        ),
        Persona(
            "active-trader",
            "short-squeeze",
            "Stocks, shorts and options on margin, and coins.",
            active_trader.ACCOUNTS,
            active_trader.live,
        ),
        Persona(
            "retiree",
            "four-currencies",
            "Pensions in four currencies, an IRA, bonds and a mortgage.",
            retiree.ACCOUNTS,
            retiree.live,
        ),
    )
}


class Bank:
    """The books of all personas for one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._homes = {name: Household(seed, persona) for name, persona in PERSONAS.items()}
        self._statements: OrderedDict[tuple[str, date], Statement] = OrderedDict()

    def statements(self, user_name: str, as_of: date) -> list[Statement]:
        """Answer the statements of all accounts of a persona."""
        accounts = PERSONAS[user_name].accounts
        return [self._statement(user_name, account.id, as_of) for account in accounts]

    def statement(self, user_name: str, account_id: str, as_of: date) -> Statement | None:
        """Answer the statement of one account; None when this persona has none of that id."""
        if account_id not in self._homes[user_name].books:
            return None
        return self._statement(user_name, account_id, as_of)

    def _statement(self, user_name: str, account_id: str, as_of: date) -> Statement:
        key = (account_id, as_of)
        if key not in self._statements:
            home = self._homes[user_name]
            home.play(as_of)
            self._statements[key] = Statement(self._seed, home[account_id], home.prices, as_of)
        self._statements.move_to_end(key)
        while len(self._statements) > KEPT_STATEMENTS:
            self._statements.popitem(last=False)
        return self._statements[key]
