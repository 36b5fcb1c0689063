"""What the public doors of feedback keep in this process: how often each client came, and the seal of forms."""

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.ingest.api import SettingsDep
from services.ingest.feedback.form import Tickets
from services.ingest.feedback.limits import Buckets, client_of
from services.ingest.settings import IngestSettings


@dataclass(frozen=True)
class Doors:
    reading: Buckets
    """Questions to Open311."""
    filing: Buckets
    """Reports by Open311."""
    sending: Buckets
    """Reports by the form."""
    looking: Buckets
    """Looks at the state of a case, and what its sender does there."""
    tickets: Tickets


def open_doors(settings: IngestSettings) -> Doors:
    """Without a key of the installation a form is known only to the process that gave it out."""
    key = settings.feedback.key
    return Doors(
        Buckets(settings.open311.reads_per_hour, 300),
        Buckets(settings.open311.per_hour, settings.open311.burst),
        Buckets(settings.form.per_hour, settings.form.burst),
        Buckets(settings.form.looks_per_hour, 120),
        Tickets(key.get_secret_value().encode() if key else secrets.token_bytes(32)),
    )


def get_doors(request: Request, settings: SettingsDep) -> Doors:
    """Made at the first knock, and kept as long as the app."""
    found: Doors | None = getattr(request.app.state, "feedback_doors", None)
    if found is None:
        found = request.app.state.feedback_doors = open_doors(settings)
    return found


DoorsDep = Annotated[Doors, Depends(get_doors)]


def peer_of(request: Request) -> str:
    """The network address that asks; held in memory, hashed."""
    settings: IngestSettings = request.app.state.settings
    peer = request.client.host if request.client else ""
    return client_of(peer, request.headers.get("x-forwarded-for", ""), settings.form.proxies)
