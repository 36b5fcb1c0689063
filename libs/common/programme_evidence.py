"""Rules by which what was done links itself to a row of a programme: data on the row, not code.

    evidence:
      - {kind: publication, channel_kinds: [facebook, zalo], words: [xe buýt]}
      - {kind: report, report_kinds: [monthly]}

A rule holds for an object when each of its parts does; a part that is not given asks nothing. A row's evidence is what
any of its rules finds within the programme's time.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from libs.common.models.enums import Field as PolicyField
from libs.common.models.programmes import EvidenceKind

Word = Annotated[str, Field(min_length=2, max_length=100)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
PARTS = {
    EvidenceKind.PUBLICATION: {"words", "units", "fields", "channel_kinds", "of_programme"},
    EvidenceKind.CORRECTION: {"words", "units", "fields", "channel_kinds"},
    EvidenceKind.REPORT: {"words", "report_kinds"},
    EvidenceKind.PARTNER_DECISION: {"words", "units", "of_programme"},
    EvidenceKind.AGENDA: {"words", "units"},
    EvidenceKind.PLAN: {"words", "units", "of_programme"},
    EvidenceKind.LINK: set(),
}
"""What may be asked of each kind."""
MOST_RULES = 10


class EvidenceRule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: EvidenceKind
    words: tuple[Word, ...] = Field(default=(), max_length=20, description="its title holds one of them")
    units: tuple[Code, ...] = Field(default=(), max_length=50, description="codes; it is of one of these units")
    fields: tuple[PolicyField, ...] = Field(default=(), description="of the story that it tells of")
    channel_kinds: tuple[Code, ...] = Field(default=(), max_length=20, description="it was seen on one of them")
    report_kinds: tuple[Code, ...] = Field(default=(), max_length=20)
    of_programme: bool = Field(default=False, description="it names this very programme")

    @model_validator(mode="after")
    def _asks_what_it_can(self) -> Self:
        if self.kind is EvidenceKind.LINK:
            raise ValueError("một đường dẫn do người thêm, không do quy tắc")
        given = {name for name in type(self).model_fields if name != "kind" and getattr(self, name)}
        if foreign := sorted(given - PARTS[self.kind]):
            raise ValueError(f"{self.kind.value} không xét được theo {', '.join(foreign)}")
        return self

    def stored(self) -> dict[str, Any]:
        """As the row keeps it: only what it asks."""
        return self.model_dump(mode="json", exclude_defaults=True)


Rules = Annotated[tuple[EvidenceRule, ...], Field(max_length=MOST_RULES)]
_stored: TypeAdapter[tuple[EvidenceRule, ...]] = TypeAdapter(Rules)


def rules_of(stored: list[Any]) -> tuple[EvidenceRule, ...]:
    return _stored.validate_python(stored)
