"""HTTP on the wire, as uvicorn speaks it, with an end to everything that a client can draw out."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from coffers.domain.errors import BadRequest, DomainError
from coffers.presentation.middleware import ServiceBusy, new_trace_id
from coffers.presentation.problems import HeadTooLarge, ProblemPages

#: How long the head of a request may take to arrive, and the rest of one that is answered already.
HEAD_TIMEOUT_S: Final = 10.0
#: How long a client may leave an answer unread while more of it waits.
UNREAD_TIMEOUT_S: Final = 60.0
MAX_HEAD: Final = 64 * 1024


class RequestMalformed(BadRequest):
    """This is not HTTP."""

    slug = "malformed_request"


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `config.app` is ours: it has the problem pages and the settings."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # Any: uvicorn's own
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._head_size = 0
        self._is_in_head = True
        self._is_received = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client connects, perhaps one too many."""
        super().connection_made(transport)
        if len(self.connections) > self.config.app.state.settings.max_connections:  # type: ignore[union-attr]  # ours
            self._refuse(ServiceBusy("Too many connections; try again."), 503)
        else:
            self._expect()

    def data_received(self, data: bytes) -> None:
        """Bytes arrive, perhaps all at once; the head of a request is bounded."""
        room = MAX_HEAD - self._head_size
        if not self._is_in_head or len(data) <= room:
            self._take(data)
            return
        if room:
            self._take(data[:room])
        if self.transport.is_closing():
            return
        if self._is_in_head and self._head_size:
            self._refuse(HeadTooLarge(f"The head of a request has at most {MAX_HEAD} bytes."), 431)
        else:
            self.data_received(data[room:])

    def on_headers_complete(self) -> None:
        """The head is there: the body's time is kept by the middleware."""
        self._is_in_head = False
        self._is_received = False
        self._head_size = 0
        self._relax()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is there."""
        self._is_in_head = True
        self._is_received = True
        self._relax()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered. If the request is still being sent, not for ever."""
        super().on_response_complete()
        if not self._is_received and not self.transport.is_closing():
            self._expect()

    def pause_writing(self) -> None:
        """The client does not read as fast as we answer."""
        self._unread = self.loop.call_later(UNREAD_TIMEOUT_S, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._has_read()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is left to wait for."""
        self._relax()
        self._has_read()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """In the one language of all refusals."""
        self._refuse(RequestMalformed(msg), 400)

    def _take(self, data: bytes) -> None:
        if self._is_in_head:
            self._head_size += len(data)
        super().data_received(data)
        if self._head_size and self._is_in_head and not self.transport.is_closing():
            self._expect()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_TIMEOUT_S, self._give_up)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _has_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self) -> None:
        self._deadline = None
        self.transport.close()

    def _refuse(self, error: DomainError, status: int) -> None:
        pages: ProblemPages = self.config.app.state.problem_pages  # type: ignore[union-attr]  # ours
        trace_id = new_trace_id()
        response = pages.response(error, path="", trace_id=trace_id)
        headers = [*self.server_state.default_headers, *response.raw_headers]
        headers += [(b"x-trace-id", trace_id.encode()), (b"connection", b"close")]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + bytes(response.body))
        self.transport.close()
