"""What the channel `press` needs of the process it runs in."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:  # the adapters' own contract names this one among its tools
    from services.publish.adapters.base import Account


@dataclass(frozen=True)
class OnDesks:
    """How far an item's newest version got with press partners. `reached`: some newsroom has the item, or may have;
    `accepted`: how often it was taken, each way counted; `untold`: ids of partners that have not acknowledged it by
    every way that is open for it; `are_tried`: each of them was tried, or had its time."""

    version: int
    is_removed: bool
    reached: bool
    accepted: int
    untold: tuple[str, ...]
    are_tried: bool


class PressDesk(Protocol):
    """Items for press partners, kept in our own database and sent from there. Raises ChannelError where it is away."""

    async def put(
        self, account: "Account", delivery_id: UUID, item: UUID, payload: dict[str, Any], until: datetime | None
    ) -> OnDesks:
        """Once: put in again, or after it was killed, nothing changes. `until`: when its embargo ends."""
        ...

    async def find(self, item: UUID, delivery_id: UUID | None = None) -> OnDesks | None:
        """`delivery_id`: only where that delivery put a version of it."""
        ...

    async def remove(self, item: UUID) -> OnDesks | None:
        """The kill notice, to whoever has it or may have."""
        ...
