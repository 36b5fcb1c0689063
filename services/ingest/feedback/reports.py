"""A report as a door hands it over: plain values, not masked yet."""

from dataclasses import dataclass, field

from libs.common.models.enums import Field, TextKind
from libs.common.models.feedback import ReportChannel


@dataclass(frozen=True, slots=True)
class Contact:
    """Who may be answered. It is sealed at once, and lies nowhere but in `case_contacts`."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.phone or self.email)


@dataclass(frozen=True, slots=True)
class NewReport:
    """What came in by a door, not masked yet. `external_id`: the door's own id of it, kept only as a keyed digest.

    `service_code`: one of the desk's catalogue (`desk.catalogue.services`); None: not said. `kind`, `topic` (a field):
    told by whoever knows better than the service does. `unit_code`: of the unit it is for, where the door knows.
    """

    title: str
    description: str
    channel: ReportChannel
    place_text: str | None = None
    lat: float | None = None
    lon: float | None = None
    service_code: str | None = None
    contact: Contact | None = field(default=None, repr=False)
    external_id: str | None = None
    media_urls: tuple[str, ...] = ()
    kind: TextKind | None = None
    topic: Field | None = None
    unit_code: str | None = None
