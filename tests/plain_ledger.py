"""A ledger by hand as plainly as it can be: what the real one is compared with."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

VOID: Final = {"failed", "cancelled"}


@dataclass(frozen=True)
class Said:
    """What the model has of an entry."""

    account: str
    amount: Decimal
    day: str
    status: str = "settled"
    category: str | None = None
    tags: tuple[str, ...] = ()
    splits: tuple[tuple[str, str | None], ...] = ()
    reconciliation: str | None = None

    @property
    def counted(self) -> Decimal:
        return Decimal(0) if self.status in VOID else self.amount


@dataclass
class Model:
    """Accounts with what they opened with, and entries."""

    openings: dict[str, Decimal | None] = field(default_factory=dict)
    entries: dict[str, Said] = field(default_factory=dict)

    def balance(self, account: str, until: str = "9999") -> Decimal | None:
        opening = self.openings[account]
        if opening is None:
            return None
        return opening + sum(
            entry.counted
            for entry in self.entries.values()
            if entry.account == account and entry.day <= until
        )

    def settled(self, account: str, until: str) -> Decimal:
        return (self.openings[account] or Decimal(0)) + sum(
            entry.amount
            for entry in self.entries.values()
            if (entry.account, entry.status) == (account, "settled") and entry.day <= until
        )

    def free(self, account: str, status: str) -> dict[str, Said]:
        """The entries of an account with this status that no reconciliation stands on."""
        return {
            name: said
            for name, said in self.entries.items()
            if (said.account, said.status, said.reconciliation) == (account, status, None)
        }

    def stands_on(self, account: str) -> bool:
        return any(
            entry.reconciliation for entry in self.entries.values() if entry.account == account
        )
