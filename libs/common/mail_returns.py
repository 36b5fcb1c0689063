"""What a mail server reports of a letter that came back (RFC 3464), read by its structure alone.

Anybody can write to a return address: of a report only codes are read, and what cannot be read is nothing.
"""

import hmac
import re
from email.message import Message

from pydantic import SecretStr

MOST_BYTES = 256 * 1024
MOST_PARTS = 40
TO = ("Delivered-To", "X-Original-To", "To")
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


def is_let_in(authorization: str | None, token: SecretStr | None) -> bool:
    """Whether the mail server that hands over what came back shows its token; nobody is where none is set."""
    scheme, _, told = (authorization or "").partition(" ")
    wanted = token.get_secret_value() if token is not None else ""
    return bool(wanted) and scheme.lower() == "bearer" and hmac.compare_digest(told.strip().encode(), wanted.encode())


def parts_of(message: Message) -> list[Message]:
    """The first of its parts, itself included."""
    found = []
    for part in message.walk():
        found.append(part)
        if len(found) >= MOST_PARTS:
            break
    return found


def addressed_to(message: Message, recipient: str = "") -> str:
    """All that says whom it came back to. `recipient`: of the envelope."""
    return " ".join([recipient, *(str(message.get(name, "")) for name in TO)])


def failed_for_good(parts: list[Message]) -> str | None:
    """The enhanced status (`5.1.1`) of a delivery that was given up; None where no part tells of one."""
    reports = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    blocks = [block for part in reports for block in (part.get_payload() if part.is_multipart() else [])]
    for block in blocks:
        if not isinstance(block, Message) or str(block.get("Action", "")).strip().lower() != "failed":
            continue
        status = _STATUS.match(str(block.get("Status", "")))
        if status is not None and status[1].startswith("5"):
            return status[1]
    return None
