"""A platform that repeats in every answer whatever it was told: address, headers and body. The worst one to talk to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override


@dataclass
class Echo:
    """`status`: what every call is answered with; `heard`: everything that ever came."""

    port: int = 0
    status: int = 400
    heard: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running_echo() -> Iterator[Echo]:
    echo = Echo()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "replace")
            said = f"{self.path} {dict(self.headers.items())} {body}"
            echo.heard.append(said)
            # In the places where each platform keeps its words, so that every adapter finds some.
            told: dict[str, Any] = {"ok": False, "error_code": echo.status, "description": said, "message": said}
            told |= {"error": said, "error_description": said}
            sent = json.dumps(told).encode()
            self.send_response(echo.status, said[:200].replace("\n", " ").replace("\r", " "))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.send_header("Location", f"/again?{said[:100]!r}")
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        @override
        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    echo.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield echo
    finally:
        server.shutdown()
        server.server_close()
