"""A calendar at an address, played on loopback: what it answers is set, and what it was asked is kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class CalendarServer:
    url: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of each request, in the order of their coming."""
    gate: threading.Event = field(default_factory=threading.Event)
    """No answer while it is not set."""

    def says(self, body: bytes, etag: str | None = None, status: int = 200, **headers: str) -> None:
        self.body, self.etag, self.status = body, etag, status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(self, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(headers)
        self.gate.wait(20)
        if self.etag is not None and headers.get("if-none-match") == self.etag:
            return 304, {"ETag": self.etag}, b""
        validator = {"ETag": self.etag} if self.etag else {}
        return self.status, {**validator, **self.headers}, self.body


@contextmanager
def running_calendar() -> Iterator[CalendarServer]:
    played = CalendarServer()
    played.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = played.answer({name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    played.url = f"http://127.0.0.1:{server.server_port}/lich.ics"
    try:
        yield played
    finally:
        played.gate.set()
        server.shutdown()
        server.server_close()
