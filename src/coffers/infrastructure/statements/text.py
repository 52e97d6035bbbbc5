"""From the bytes of a file to its text, in spite of what it declares about itself."""

import codecs
import re
from typing import Final

from coffers.infrastructure.statements.refusals import unreadable

#: Enough to recognise a file, or to try a layout on its first rows.
BEGINNING_BYTES: Final = 65_536

#: What files declare, and the codec that reads it: Windows-1252 contains Latin-1 and ASCII.
CODECS: Final = {
    "1250": "cp1250",
    "1251": "cp1251",
    "1252": "cp1252",
    "ASCII": "cp1252",
    "CP1252": "cp1252",
    "CP850": "cp850",
    "ISO-8859-1": "cp1252",
    "ISO-8859-15": "iso8859-15",
    "ISO-8859-2": "iso8859-2",
    "LATIN-1": "cp1252",
    "MACINTOSH": "mac_roman",
    "SHIFT_JIS": "shift_jis",
    "US-ASCII": "cp1252",
    "USASCII": "cp1252",
    "UTF-8": "utf-8",
    "WINDOWS-1250": "cp1250",
    "WINDOWS-1251": "cp1251",
    "WINDOWS-1252": "cp1252",
}
_FALLBACK: Final = "cp1252"
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

#: NUL and the other C0 controls but tab and line ends, and lone surrogates: they are no text.
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_HARMLESS: Final = bytes(sorted({*range(0x20, 0x100), *b"\t\r\n"}))


def decoded(content: bytes, declared: str | None = None) -> str:
    """The text of these bytes.

    A byte-order mark decides; then UTF-8 if the bytes are valid UTF-8, because other text hardly
    ever is by chance; then the declared charset; at last Windows-1252, which reads anything.
    """
    if content.startswith(_WIDE):
        return _wide(content)
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        codec = CODECS.get((declared or "").upper().strip(), _FALLBACK)
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return content.decode("latin-1")


def beginning(content: bytes, declared: str | None = None) -> str:
    """The text at the beginning of a file, whole if it is short, cut where a line ends if not."""
    if len(content) <= BEGINNING_BYTES:
        return decoded(content, declared)
    if content.startswith(_WIDE):
        return content[:BEGINNING_BYTES].decode("utf-16", "ignore")
    end = content.rfind(b"\n", 0, BEGINNING_BYTES) + 1
    return decoded(content[: end or BEGINNING_BYTES], declared)


def has_controls(text: str) -> bool:
    """Whether a C0 control occurs anywhere; ten times as fast as searching for CONTROL."""
    return bool(text.encode("utf-8", "replace").translate(None, _HARMLESS))


def _wide(content: bytes) -> str:
    try:
        return content.decode("utf-16")
    except UnicodeDecodeError as error:
        raise unreadable("bad_encoding", "it begins as UTF-16 and does not go on so.") from error
