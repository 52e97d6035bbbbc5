"""OFX as a flat list of records, whether it came as SGML (1.x) or XML (2.x).

OFX needs no tree: an aggregate that matters is opened by a tag of its own, and everything up to the
next such tag belongs to it. Closing tags are therefore passed over, which makes missing ones harmless
and the reading linear. Nothing is ever expanded: a document type is refused, and of the entities only
the predefined ones, `&nbsp;` and character references are known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress, count, pairwise
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
_NAME: Final = re.compile(r"/?[A-Z0-9][A-Z0-9._-]*")
_ALL_BUT_BRACKETS: Final = bytes(sorted({*range(256)} - {*b"<>"}))
#: What a tag may look like before `_regular` has tidied it; other brackets are text.
_ODD_TAG: Final = re.compile(r"<(?:(/?)\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\s[^<>]*)?/?>)?|>")
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


@dataclass(frozen=True, slots=True)
class Tags:
    """Every opening tag of a file in order, with the text behind it; `starts` are those of RECORDS."""

    names: list[str]
    values: list[str]
    starts: list[int]

    def records(self) -> Iterator[tuple[str, int, int]]:
        """Each record's name and the range of its tags, its own tag not included."""
        for start, end in pairwise([*self.starts, len(self.names)]):
            yield self.names[start], start + 1, end

    def fields(self, start: int, end: int) -> dict[str, str]:
        """The tags of a range by name."""
        return first_fields(self.names[start:end], self.values[start:end])


def first_fields(names: list[str], values: list[str]) -> dict[str, str]:
    """The values by name. Of several the first counts: what repeats a name is nested deeper."""
    return dict(zip(reversed(names), reversed(values), strict=True))


def tags_of(text: str) -> Tags:
    """The tags of an OFX file; raises StatementUnreadable if it is none, cut off, or has a DTD."""
    body = _body(text)
    # Cheaper than one by one, and right as long as no value gets a bracket by it.
    if not ("&lt;" in body or "&gt;" in body or "&#" in body):
        body = with_entities(body)
    names, values = _split(body) or _split(_regular(body)) or ([], [])
    if "&" in body:
        values = [with_entities(value) if "&" in value else value for value in values]
    return Tags(names, values, list(compress(count(), map(RECORDS.__contains__, names))))


def _split(body: str) -> tuple[list[str], list[str]] | None:
    """The opening tags and the text behind each; None unless all tags are plain and all else is text."""
    brackets = body.encode("utf-8", "replace").translate(None, _ALL_BUT_BRACKETS)
    if brackets != b"<>" * (len(brackets) // 2):
        return None
    pieces = body.replace(">", "<").split("<")
    names, distinct = pieces[1::2], set(pieces[1::2])
    if not all(map(_NAME.fullmatch, distinct)):
        return None
    opening = frozenset(name for name in distinct if name[0] != "/")
    is_opening = list(map(opening.__contains__, names))
    values = map(str.strip, compress(pieces[2::2], is_opening))
    return list(compress(names, is_opening)), list(values)


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
    if text.count("<", root.end(), end) > MAX_TAGS:
        raise unreadable("too_many_tags", f"a file has at most {MAX_TAGS} tags.")
    return text[root.end() : end]


def _regular(body: str) -> str:
    """The body in plain tags: CDATA as escaped text, no comments or instructions, stray "<" escaped."""
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
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal = match.groups()
    if not (decimal or hexadecimal):
        return _ENTITIES.get(match[0], match[0])
    code_point = int(decimal) if decimal else int(hexadecimal, 16)
    # NUL stands for what no file may say; the row that contains it is refused.
    return chr(code_point) if code_point <= _MAX_CODE_POINT else "\x00"
