"""Requests that httptools parses. What is no body has a limit, and offers of other protocols are ignored."""

from __future__ import annotations

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = 1 << 16  # bytes
_FRAMING = 8  # bytes around a byte of a body that comes in chunks of one byte, and some more
_OF_BODY = (b"content-length", b"transfer-encoding")


class ParsedProtocol(HttpToolsProtocol):
    """Refuses heads, trailers and extensions of chunks that do not end, and goes on in HTTP/1.1 after an offer.

    Java's client and ``curl --http2`` offer HTTP/2 in a header Upgrade. httptools takes this as the end of HTTP/1.1, so
    that uvicorn loses the body, and all later requests.
    """

    _not_body = 0  # bytes since the last head
    _in_head = False
    _skips = False  # whether the parser reads a head again

    def data_received(self, data: bytes) -> None:
        """Parse what has been received."""
        self._unset_keepalive_if_required()
        self._not_body += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse("This is no valid HTTP request.")
            return
        if self._not_body > HEAD and not self.transport.is_closing():
            self._refuse("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """A head begins."""
        if not self._skips:
            self._in_head = True
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        if not self._skips:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. What comes behind the body is left out."""
        if self._in_head and not self._skips:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head has ended."""
        if not self._skips:
            self._in_head, self._not_body = False, 0
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._not_body = max(0, self._not_body - (1 + _FRAMING) * len(body))
        super().on_body(body)

    def _refuse(self, reason: str) -> None:
        self.logger.warning(reason)
        self.send_400_response(reason)

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                self._go_on()
                data = data[stopped.args[0] :]
            else:
                return

    def _go_on(self) -> None:
        """Have a new parser read what is behind the head, as it would without an offer of another protocol."""
        cycle = self.cycle
        lines = [b"%s: %s\r\n" % header for header in cycle.scope["headers"] if header[0] in _OF_BODY]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        cycle.more_body = True
        self._skips = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + b"".join(lines) + b"\r\n")
        self._skips = False
