"""What things are called in Beancount, whose names are narrower than ours; each its own."""

import re
import unicodedata
from typing import Final
from uuid import UUID

from coffers.application.portability.books import Outline
from coffers.domain.ledger.accounts import CREDIT_TYPES, Account
from coffers.domain.spending.categories import Category, CategoryKind

MAX_COMMODITY: Final = 24
_UNFIT: Final = re.compile(r"[^A-Za-z0-9]+")
_UNFIT_COMMODITY: Final = re.compile(r"[^A-Z0-9._'-]+")
_TAG: Final = re.compile(r"[A-Za-z0-9_/.-]+")


class Names:
    """Names of accounts, categories and commodities of one file."""

    def __init__(self, outline: Outline) -> None:
        self._taken: set[str] = set()
        self._by_id = {category.id: category for category in outline.categories}
        self._commodities: dict[tuple[str, bool], str] = {}
        self.accounts = {each.id: self._free(_account(each)) for each in outline.accounts}
        self.categories: dict[UUID, str] = {}
        for category in outline.categories:
            self.categories[category.id] = self._free(self._category(category))

    def currency(self, code: str) -> str:
        """The commodity of a currency."""
        return self._commodity(code, is_security=False)

    def security(self, symbol: str) -> str:
        """The commodity of a security, never that of a currency with the same code."""
        return self._commodity(symbol, is_security=True)

    def _commodity(self, code: str, *, is_security: bool) -> str:
        key = (code, is_security)
        if key not in self._commodities:
            taken = set(self._commodities.values())
            self._commodities[key] = _numbered(_commodity(code), taken, MAX_COMMODITY)
        return self._commodities[key]

    def _category(self, category: Category) -> str:
        parent = self._by_id.get(category.parent_id) if category.parent_id else None
        root = "Income" if category.kind is CategoryKind.INCOME else "Expenses"
        above = [] if parent is None else [_component(parent.name)]
        return ":".join([root, *above, _component(category.name)])

    def _free(self, name: str) -> str:
        free = _numbered(name, self._taken, None)
        self._taken.add(free)
        return free


def _account(account: Account) -> str:
    root = "Liabilities" if account.account_type in CREDIT_TYPES else "Assets"
    return ":".join([root, _component(account.account_type.value), _component(account.name)])


def _component(text: str) -> str:
    """A part of an account's name: a capital letter or digit, then letters, digits, hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = [word[0].upper() + word[1:] for word in _UNFIT.split(plain) if word]
    return "-".join(words) or "Unnamed"


def _commodity(code: str) -> str:
    fit = _UNFIT_COMMODITY.sub("-", code.upper())[:MAX_COMMODITY].strip("._'-")
    return fit if fit[:1].isalpha() else f"X{fit}"[:MAX_COMMODITY].rstrip("._'-")


def _numbered(name: str, taken: set[str], most: int | None) -> str:
    free, number = name, 1
    while free in taken:
        number += 1
        tail = f"-{number}"
        free = (name if most is None else name[: most - len(tail)]) + tail
    return free


def quoted(text: str) -> str:
    """A string, on one line."""
    flat = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    escaped = flat.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def is_tag(text: str) -> bool:
    """Whether Beancount can write it as a tag."""
    return _TAG.fullmatch(text) is not None
