"""OFX as a flat list of records, whether it came as SGML (1.x) or XML (2.x).

OFX needs no tree: an aggregate that matters is opened by a tag of its own, and everything up to the
next such tag belongs to it. Closing tags are therefore passed over, which makes missing ones
harmless and the reading linear. Nothing is ever expanded: a document type is refused, and of the
entities only the predefined ones, `&nbsp;` and character references are known.
"""

import re
from collections.abc import Iterator
from itertools import compress, count, groupby
from typing import Final

from coffers.infrastructure.statements.refusals import unreadable

#: Where the header must have ended; real ones take 200 characters.
MAX_HEADER_CHARACTERS: Final = 20_000
#: In 10 MiB, one every ten bytes.
MAX_TAGS: Final = 1_000_000

STATEMENTS: Final = frozenset({"STMTRS", "CCSTMTRS", "INVSTMTRS"})
POSITIONS: Final = frozenset({"POSDEBT", "POSMF", "POSOPT", "POSOTHER", "POSSTOCK"})
SECURITIES: Final = frozenset({"DEBTINFO", "MFINFO", "OPTINFO", "OTHERINFO", "STOCKINFO"})
MOVEMENTS: Final = frozenset(
    [
        "STMTTRN",
        "STMTTRNP",
        "BUYDEBT",
        "BUYMF",
        "BUYOPT",
        "BUYOTHER",
        "BUYSTOCK",
        "CLOSUREOPT",
        "INCOME",
        "INVEXPENSE",
        "JRNLFUND",
        "JRNLSEC",
        "MARGININTEREST",
        "REINVEST",
        "RETOFCAP",
        "SELLDEBT",
        "SELLMF",
        "SELLOPT",
        "SELLOTHER",
        "SELLSTOCK",
        "SPLIT",
        "TRANSFER",
    ]
)
#: What else opens a record: read, or only to keep what follows out of the record before.
_SECTIONS: Final = frozenset(
    [
        "AVAILBAL",
        "BALLIST",
        "BANKTRANLIST",
        "BANKTRANLISTP",
        "CCSTMTTRNRS",
        "FI",
        "INV401K",
        "INV401KBAL",
        "INVBAL",
        "INVOOLIST",
        "INVPOSLIST",
        "INVSTMTTRNRS",
        "INVTRANLIST",
        "LEDGERBAL",
        "SECLIST",
        "SONRS",
        "STMTTRNRS",
    ]
)
RECORDS: Final = STATEMENTS | POSITIONS | SECURITIES | MOVEMENTS | _SECTIONS

_ROOT: Final = re.compile(r"<OFX(?:\s[^<>]*)?>", re.IGNORECASE)
_END: Final = re.compile(r"</OFX\s*>", re.IGNORECASE)
#: A closing tag, or an opening one with its name, and the blanks behind it.
_TAG: Final = re.compile(r"<(?:/[^<>]*|([A-Z0-9._-]+))>\s*")
#: What a tag may look like before `_regular` has tidied it; any other "<" is text.
_ODD_TAG: Final = re.compile(r"<(?:(/?)\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\s[^<>]*)?/?>)?")
_SECTION: Final = re.compile(r"<!\[CDATA\[|<!--|<\?|<!")
_SECTION_END: Final = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
_ENTITY: Final = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|[a-z]{2,4});")
#: In an order in which they can be replaced one after the other.
_ENTITIES: Final = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&nbsp;": " ",
    "&amp;": "&",
}
_MAX_CODE_POINT: Final = 0x10FFFF


class _Layouts(dict[tuple[str, ...], dict[str, int]]):
    """Where the records have their tags, by the names of those. Most records are laid out alike."""

    def __missing__(self, names: tuple[str, ...]) -> dict[str, int]:
        self[names] = {name: at for at, name in enumerate(names)}
        return self[names]


class Run:
    """Consecutive records of one name, from each of `starts` up to each of `ends`."""

    def __init__(self, tags: "Tags", starts: list[int], ends: list[int]) -> None:
        self.name = tags.names[starts[0]]
        self._tags = tags
        self._starts = starts
        self._ends = ends
        self._layouts = _Layouts()
        self._offsets: list[dict[str, int]] = []

    def __len__(self) -> int:
        return len(self._starts)

    def raws(self) -> list[str]:
        """Each record as the bank wrote it: its values in their order."""
        values = self._tags.values
        return ["|".join(values[start:end]) for start, end in self._spans()]

    def records(self) -> Iterator[dict[str, str]]:
        """Each record's values by name; of several the first, as what repeats is nested deeper."""
        names, values = self._tags.names, self._tags.values
        for start, end in self._spans():
            pairs = zip(reversed(names[start:end]), reversed(values[start:end]), strict=True)
            yield dict(pairs)

    def column(self, name: str) -> list[str]:
        """The values of one name, "" where a record has none."""
        values, offsets = self._tags.values, self._laid_out()
        if len(self._layouts) == 1 and name in offsets[0]:
            first, width = self._starts[0] + offsets[0][name], self._ends[0] - self._starts[0]
            return values[first : self._ends[-1] : width]
        pairs = zip(self._starts, offsets, strict=True)
        return [values[start + at[name]] if name in at else "" for start, at in pairs]

    def has(self, name: str) -> bool:
        """Whether any of the records has such a tag."""
        return bool(self._laid_out()) and any(name in at for at in self._layouts.values())

    def having(self, name: str) -> list[bool]:
        """Which of the records have such a tag."""
        return [name in at for at in self._laid_out()]

    def _laid_out(self) -> list[dict[str, int]]:
        """Where each record has which tag."""
        if not self._offsets:
            names, layouts = self._tags.names, self._layouts
            first = names[self._starts[0] : self._ends[0]]
            if names[self._starts[0] : self._ends[-1]] == first * len(self):
                self._offsets = [layouts[tuple(first)]] * len(self)
            else:
                self._offsets = [layouts[tuple(names[start:end])] for start, end in self._spans()]
        return self._offsets

    def _spans(self) -> Iterator[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)


class Tags:
    """Every opening tag of a file in order, with the text behind it."""

    def __init__(self, names: list[str], values: list[str]) -> None:
        self.names = names
        self.values = values
        self.runs = list(self._all_runs())

    def _all_runs(self) -> Iterator[Run]:
        """The records in order, those of one name that follow one another together."""
        starts = list(compress(count(), map(RECORDS.__contains__, self.names)))
        ends = [*starts[1:], len(self.names)]
        kinds = [self.names[start] for start in starts]
        for _, group in groupby(range(len(kinds)), key=kinds.__getitem__):
            indices = list(group)
            run = slice(indices[0], indices[-1] + 1)
            yield Run(self, starts[run], ends[run])


def tags_of(text: str) -> Tags:
    """The tags of an OFX file; raises StatementUnreadable if it is none, cut off, or has a DTD."""
    body = _body(text)
    tags = body.count("<")
    if tags > MAX_TAGS:
        raise unreadable("too_many_tags", f"a file has at most {MAX_TAGS} tags.")
    parts = _TAG.split(body)
    if len(parts) // 2 != tags:
        body = _regular(body)
        parts = _TAG.split(body)
    is_opening = parts[1::2]
    names = list(filter(None, is_opening))
    values = list(map(str.rstrip, compress(parts[2::2], is_opening)))
    if "&" in body:
        values = [with_entities(value) if "&" in value else value for value in values]
    return Tags(names, values)


def with_entities(text: str) -> str:
    """The text with its character references resolved, once; unknown names stay as they are."""
    if "&#" in text:
        return _ENTITY.sub(_character, text)
    for name, character in _ENTITIES.items():
        text = text.replace(name, character)
    return text


def _body(text: str) -> str:
    root = _ROOT.search(text, 0, MAX_HEADER_CHARACTERS)
    if root is None:
        raise unreadable("not_ofx", "there is no <OFX> in the file.")
    if "<!" in text[: root.start()]:
        raise unreadable("doctype", "a document type is not accepted.")
    end = text.rfind("</OFX>")
    if end < 0:
        end = max((match.start() for match in _END.finditer(text)), default=-1)
    if end < root.end():
        raise unreadable("truncated", "the file ends before its </OFX>.")
    return text[root.end() : end]


def _regular(body: str) -> str:
    """The body in plain tags: CDATA and stray "<" escaped, no comments, no instructions."""
    pieces, at = [], 0
    while match := _SECTION.search(body, at):
        end = body.find(_closing(match[0]), match.end())
        if end < 0:
            raise unreadable("truncated", "a CDATA section or comment does not end.")
        pieces.append(_ODD_TAG.sub(_plain_tag, body[at : match.start()]))
        if match[0] == "<![CDATA[":
            pieces.append(_escaped(body[match.end() : end]))
        at = end + len(_closing(match[0]))
    return "".join([*pieces, _ODD_TAG.sub(_plain_tag, body[at:])])


def _closing(opening: str) -> str:
    if opening not in _SECTION_END:
        raise unreadable("doctype", "a document type or declaration is not accepted.")
    return _SECTION_END[opening]


def _plain_tag(match: re.Match[str]) -> str:
    return f"<{match[1]}{match[2].upper()}>" if match[2] else _escaped(match[0])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal = match.groups()
    if not (decimal or hexadecimal):
        return _ENTITIES.get(match[0], match[0])
    code_point = int(decimal) if decimal else int(hexadecimal, 16)
    # NUL stands for what no file may say; the row that contains it is refused.
    return chr(code_point) if code_point <= _MAX_CODE_POINT else "\x00"
