"""/oauth/callback: where a provider's page sends the owner's browser by default.

It shows what came back and what to do with it, and does nothing itself: only whoever began the
link can end it.
"""

import json
from html import escape
from typing import Annotated, Final

from fastapi import Query, Response

from coffers.presentation.calls import Caller

#: As much as POST /connections/callback takes.
MAX_CODE: Final = 2_000
MAX_STATE: Final = 200
MAX_ERROR: Final = 200

CodeIn = Annotated[str | None, Query(max_length=MAX_CODE, description="What the link ends with.")]
StateIn = Annotated[str | None, Query(max_length=MAX_STATE, description="As the link began.")]
ErrorIn = Annotated[str | None, Query(max_length=MAX_ERROR, description="Why there is no code.")]

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Coffers: {title}</title>
<style>body {{ font: 1rem/1.5 sans-serif; margin: 2rem auto; max-width: 45rem; padding: 0 1rem }}
pre {{ background: #eee; color: #111; padding: 1rem; white-space: pre-wrap }}
pre {{ overflow-wrap: anywhere }}
</style>
<h1>{title}</h1>
{body}
</html>
"""
_DONE: Final = """<p>Give this to the program in which you began the link. It ends the link,
within ten minutes and once, by sending it with your access token:</p>
<pre>POST /api/v1/connections/callback

{{"code": {code}, "state": {state}}}</pre>"""
_REFUSED: Final = """<p>The provider's page sent no code, so there is nothing to link. It said:</p>
<pre>{error}</pre>
<p>Begin the link again when you like.</p>"""


async def show_callback(
    call: Caller, code: CodeIn = None, state: StateIn = None, error: ErrorIn = None
) -> Response:
    """Show what a provider's page sent back, and how the link is ended with it."""
    if code and state:
        return _page("One step is left", _DONE.format(code=_text(code), state=_text(state)))
    said = error or "nothing that this service understands"
    return _page("The link was not made", _REFUSED.format(error=_text(said)))


def _page(title: str, body: str) -> Response:
    page = _PAGE.format(title=title, body=body)
    return Response(page, headers=_HEADERS, media_type="text/html")


def _text(value: str) -> str:
    """A JSON string that is nothing but text in the page."""
    return escape(json.dumps(value))
