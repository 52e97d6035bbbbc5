"""How the sandbox says no."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

BEARER: Final = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_SLUGS: Final = {404: "not_found", 405: "method_not_allowed"}


class Refused(Exception):
    """An answer that is an error; `code` is for programs, the message for people."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.answer = refusal(status, code, message, headers)


def refusal(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Write an error in the shape of the data API."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


async def answer_refused(_request: Request, refused: Exception) -> Response:
    """Answer what was refused."""
    if isinstance(refused, Refused):
        return refused.answer
    raise refused


async def answer_http_exception(_request: Request, refused: Exception) -> Response:
    """Answer an unknown path or method."""
    if isinstance(refused, HTTPException):
        slug = _SLUGS.get(refused.status_code, "invalid_request")
        return refusal(refused.status_code, slug, refused.detail, refused.headers)
    raise refused
