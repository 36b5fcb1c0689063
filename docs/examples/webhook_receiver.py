"""A receiver of Lan Tỏa's webhooks, whole, with nothing but Python itself:

    LANTOA_WEBHOOK_SECRETS="whsec_…" python webhook_receiver.py 8099 seen.txt

It prints one JSON object a line. What it has printed it remembers by the event's id in seen.txt, because an event may
come twice. While the secret is exchanged, name both, separated by a space. Put a server that speaks https before it.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

KEYS = [base64.b64decode(each.removeprefix("whsec_")) for each in os.environ["LANTOA_WEBHOOK_SECRETS"].split()]
TOLERANCE = 300
LARGEST = 1024 * 1024


def is_ours(headers: Mapping[str, str], body: bytes) -> bool:
    """Signed with a secret of ours over these very bytes, and not longer ago than five minutes."""
    event_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdecimal() or abs(time.time() - int(at)) > TOLERANCE:
        return False
    signed = f"{event_id}.{at}.".encode() + body
    expected = [b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in KEYS]
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(one, other) for one in expected for other in given)


def tell(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length) if length <= LARGEST else b""
        if not is_ours(self.headers, body):
            self.answer(401)
            return
        event = json.loads(body)
        if event["id"] not in SEEN:
            tell(event)
            SEEN.add(event["id"])
            with MEMORY.open("a") as file:
                file.write(event["id"] + "\n")
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: addresses may hold tokens."""


if __name__ == "__main__":
    MEMORY = Path(sys.argv[2])
    SEEN = set(MEMORY.read_text().split()) if MEMORY.exists() else set()
    server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    tell({"port": server.server_port})
    server.serve_forever()
