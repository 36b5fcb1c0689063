"""Bodies about people, roles and shifts."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from libs.common.models.enums import Role
from services.publish.schemas import Name, Note, Row, Strict


def _subject(value: str) -> str:
    """Compared with `sub` of tokens letter by letter, so that nothing here may look alike and differ."""
    if not value.isprintable() or value != value.strip() or value != unicodedata.normalize("NFC", value):
        raise ValueError("có ký tự không được phép / contains characters that are not allowed")
    return value


def _in_reach(value: datetime) -> datetime:
    """Years that every zone and the database can tell."""
    if not 2000 <= value.year <= 2200:
        raise ValueError("năm phải từ 2000 đến 2200 / the year is to be within 2000 and 2200")
    return value


Subject = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_subject)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>\x00-\x1f\x7f]{1,64}@[^@\s,;<>\x00-\x1f\x7f]{1,190}$")]
Reason = Annotated[Note, StringConstraints(min_length=10)]
Instant = Annotated[AwareDatetime, AfterValidator(_in_reach)]


class PersonCreate(Strict):
    subject: Subject = Field(description="`sub` of the person's tokens at the identity provider")
    display_name: Name
    unit_id: UUID | None = None
    email: Email | None = None


class PersonPatch(Strict):
    display_name: Name | None = None
    email: Email | None = None
    is_active: bool | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent; only the e-mail can be taken away."""
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if value is not None or name == "email"}


class PersonOut(Row):
    id: UUID
    subject: str
    display_name: str
    unit_id: UUID
    email: str | None
    is_active: bool
    created_at: datetime


class GrantCreate(Strict):
    role: Role
    unit_id: UUID | None = Field(default=None, description="the caller's own unit where absent")
    valid_from: Instant | None = Field(default=None, description="now where absent; never in the past")
    valid_to: Instant | None = None
    reason: Reason


class GrantRevoke(Strict):
    at: Instant | None = Field(default=None, description="now where absent; never in the past")


class GrantOut(Row):
    id: UUID
    person_id: UUID
    role: Role
    unit_id: UUID
    valid_from: datetime
    valid_to: datetime | None
    granted_by: UUID | None
    granted_at: datetime | None
    reason: str | None
    revoked_by: UUID | None


class PersonDetail(PersonOut):
    grants: list[GrantOut]


class RosterCreate(Strict):
    person_id: UUID
    unit_id: UUID | None = None
    role: Role
    starts_at: Instant
    ends_at: Instant
    note: Note | None = None


class RosterPatch(Strict):
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _times_are_not_taken_away(self) -> Self:
        for name in ("starts_at", "ends_at"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError("ca trực luôn có giờ bắt đầu và kết thúc / a shift always has both times")
        return self


class RosterOut(Row):
    id: UUID
    person_id: UUID
    unit_id: UUID
    role: Role
    starts_at: datetime
    ends_at: datetime
    note: str | None
    created_by: UUID
    created_at: datetime


class UnitRoles(Row):
    id: UUID
    code: str
    name: str
    roles: list[Role]
    on_duty_as: list[Role]
    on_duty_until: datetime | None


class Me(Row):
    id: UUID
    subject: str
    display_name: str
    email: str | None
    unit_id: UUID
    units: list[UnitRoles]
    is_on_duty: bool
