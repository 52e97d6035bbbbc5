"""The page on which an owner signs in."""

from collections.abc import Mapping
from html import escape
from typing import Final

from coffers.sandbox.bank import PERSONAS
from coffers.sandbox.household import Persona

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox Bank: sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem }}
label, input {{ display: block }} input {{ font: inherit; margin-bottom: 1rem; width: 100% }}
button {{ font: inherit; padding: .3rem 1rem }} [role=alert] {{ color: #a00 }}
</style></head><body>
<h1>Sandbox Bank</h1>
<p>A program asks to read your accounts. Everybody and everything here is invented.</p>
{problem}
<form method="post" action="/oauth/authorize">
{hidden}
<label for="username">User name</label>
<input id="username" name="username" autocomplete="off" autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="off">
<button>Sign in and allow</button>
<button name="action" value="deny">Deny</button>
</form>
<h2>Who is here</h2>
<ul>
{personas}
</ul>
</body></html>
"""


def login_page(parameters: Mapping[str, str], problem: str = "") -> str:
    """Write the page; its form repeats the parameters of the request."""
    hidden = (
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
    )
    return _PAGE.format(
        problem=f'<p role="alert">{escape(problem)}</p>' if problem else "",
        hidden="\n".join(hidden),
        personas="\n".join(map(_item, PERSONAS.values())),
    )


def _item(persona: Persona) -> str:
    return (
        f"<li><b>{escape(persona.user_name)}</b> / <code>{escape(persona.password)}</code>: "
        f"{escape(persona.story)}</li>"
    )
