"""What Zalo tells an app by itself: that somebody wrote to the account. Signed with the account's own secret key."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from sandbox.clock import VirtualClock
from sandbox.platforms.zalo import rules
from sandbox.platforms.zalo.oas import NAME, Oa
from sandbox.webhooks import Endpoint, WebhookPolicy, Webhooks

POLICY = WebhookPolicy(ack_seconds=rules.WEBHOOK_ACK, delays=rules.WEBHOOK_DELAYS, keep=timedelta(hours=2))
SENDER = "9007199254740993001"
"""An id of a follower: longer than what a number of JavaScript holds."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Plain SHA-256 over the app's id, the raw bytes, the time of the header and the account's secret key; the header's
    time is that of the sending, the body's that of the event. Forged: with another key."""

    app_id: str
    oa_secret: SecretStr

    def __call__(self, body: bytes, at: datetime, forged: bool) -> Mapping[str, str]:
        key = "somebody-else" if forged else self.oa_secret.get_secret_value()
        sent = stamp(at)
        mac = hashlib.sha256(self.app_id.encode() + body + sent.encode() + key.encode()).hexdigest()
        return {"X-ZEvent-Signature": f"mac={mac}", rules.WEBHOOK_TIME: sent}


def stamp(at: datetime) -> str:
    """Milliseconds, as a string."""
    return str(int(at.timestamp() * 1000))


def written(oa: Oa, text: str, message: str, clock: VirtualClock, webhooks: Webhooks) -> None:
    """A follower wrote this message to the account."""
    if not oa.hook:
        return
    told = {
        "app_id": oa.app_id,
        "event_name": "user_send_text",
        "timestamp": stamp(clock.now()),
        "sender": {"id": SENDER},
        "recipient": {"id": oa.id},
        "user_id_by_app": SENDER[::-1],
        "message": {"msg_id": message, "text": text},
    }
    to = Endpoint(NAME, oa.id, oa.hook, Signer(oa.app_id, oa.oa_secret), POLICY)
    webhooks.post(to, json.dumps(told, separators=(",", ":")).encode())
