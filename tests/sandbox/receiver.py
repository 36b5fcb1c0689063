"""A small server on a real socket: a place to fetch media from, and one that takes webhooks."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """`files` are served by path; `answers` are given to what is posted, the last one for ever."""

    files: dict[str, Answer] = field(default_factory=dict)
    answers: list[int] = field(default_factory=lambda: [200])
    slow: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    says: bytes = b""
    got: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    address: str = ""

    def serve(self, path: str, body: bytes, mime: str = "image/png", status: int = 200, **headers: str) -> str:
        self.files[path] = (status, {"Content-Type": mime, **headers}, body)
        return self.address + path

    def bodies(self) -> list[Any]:
        return [body for _, body in self.got]

    def status(self) -> int:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            receiver.fetched.append(self.path)
            status, headers, body = receiver.files.get(self.path.partition("?")[0], (404, {}, b""))
            time.sleep(receiver.slow)
            self._answer(status, headers, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((dict(self.headers), json.loads(body)))
            time.sleep(receiver.slow)
            self._answer(receiver.status(), receiver.headers, receiver.says)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the caller has gone

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
