"""The names that browsers and scripts give to uploaded files, made fit to be shown."""

import re
from typing import Final

MAX_NAME: Final = 255
NAMELESS: Final = "statement"

#: Controls, also those that turn the direction of writing, and lone surrogates.
_UNFIT: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def file_name(sent: str | None) -> str:
    """The last part of the path, without characters that cannot be seen."""
    last = re.split(r"[/\\]", sent or "")[-1]
    return _UNFIT.sub("", last).strip(" .")[:MAX_NAME].rstrip() or NAMELESS
