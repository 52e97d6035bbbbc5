"""The text of an OFX file: what stands in its root, in tidy tags, and what its entities mean.

Nothing is ever expanded: a document type is refused, and of the entities only the predefined ones,
`&nbsp;` and character references are known.
"""

import re
from typing import Final

from coffers.infrastructure.statements.refusals import unreadable

#: Where the header must have ended; real ones take 200 characters.
MAX_HEADER_CHARACTERS: Final = 20_000

_ROOT: Final = re.compile(r"<OFX(?:\s[^<>]*)?>", re.IGNORECASE)
_END: Final = re.compile(r"</OFX\s*>", re.IGNORECASE)
#: What a tag may look like before it is tidied; any other "<" is text.
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


def with_entities(text: str) -> str:
    """The text with its character references resolved, once; unknown names stay as they are."""
    if "&" not in text:
        return text
    if "&#" in text:
        return _ENTITY.sub(_character, text)
    for name, character in _ENTITIES.items():
        text = text.replace(name, character)
    return text


def body_of(text: str) -> str:
    """What stands in the <OFX> of a file; raises StatementUnreadable without one, or with a DTD."""
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


def tidied(body: str) -> str:
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
