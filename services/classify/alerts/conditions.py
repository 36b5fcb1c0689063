"""What a rule may wait for, one class for each kind. There is no way to ask who said something."""

import logging
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from libs.common.faults import describe
from libs.common.models import enums as e
from libs.common.models.alerts import AlertKind
from libs.common.models.catalogue import SourceHealth
from libs.common.models.trends import Dimension
from services.classify.searching.rules import asks_for_a_person

log = logging.getLogger("lantoa.classify")

LONGEST_WINDOW_MINUTES = 24 * 60
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
Place = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Hours = Annotated[int, Field(ge=1, le=24 * 14)]
By = Literal["all", "field", "place", "place_field", "source_group", "story"]
QuietHealth = Literal[SourceHealth.SILENT, SourceHealth.FAILING, SourceHealth.BLOCKED, SourceHealth.BROKEN]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(Strict):
    """Which contents count; an empty list is no limit."""

    fields: list[e.Field] = Field(default=[], max_length=20)
    places: list[Place] = Field(default=[], max_length=200)
    kinds: list[e.TextKind] = Field(default=[], max_length=20)
    tones: list[e.Tone] = Field(default=[], max_length=3)
    source_groups: list[e.SourceGroup] = Field(default=[], max_length=10)


class Threshold(Scope):
    """So many contents within a window."""

    kind: Literal[AlertKind.THRESHOLD]
    count: int = Field(ge=1, le=10_000)
    window_minutes: int = Field(ge=5, le=LONGEST_WINDOW_MINUTES)
    by: By = "all"

    @model_validator(mode="after")
    def _stories_have_a_field_only(self) -> "Threshold":
        if self.by == "story" and (self.places or self.kinds or self.tones or self.source_groups):
            raise ValueError("by story only fields can be chosen")
        return self


class FirstAppearance(Scope):
    """A phrase of the list, or a place together with a field, not seen for so many days."""

    kind: Literal[AlertKind.FIRST_APPEARANCE]
    of: Literal["phrase", "place_field"]
    phrases: list[Phrase] = Field(default=[], max_length=50)
    days: int = Field(ge=1, le=365)

    @model_validator(mode="after")
    def _phrases_where_they_are_asked_for(self) -> "FirstAppearance":
        if (self.of == "phrase") != bool(self.phrases):
            raise ValueError("phrases are given for `phrase`, and only for it")
        return self


class BurstCondition(Strict):
    """More than the learned rhythm of a series allows, as the detector of trends found it."""

    kind: Literal[AlertKind.BURST]
    dimensions: list[Dimension] = Field(min_length=1, max_length=len(Dimension))
    keys: list[Annotated[str, StringConstraints(max_length=80)]] = Field(default=[], max_length=200)
    min_seen: int = Field(default=1, ge=1, le=1_000_000)
    min_surprise: float = Field(default=0, ge=0, le=1000)


class ClaimSeen(Strict):
    """A checked claim is told again. `only_confirmed`: a person has said that it is the same claim."""

    kind: Literal[AlertKind.CLAIM_SEEN]
    verdicts: list[e.Verdict] = Field(default=[e.Verdict.TIN_GIA, e.Verdict.TIN_SAI_SU_THAT], min_length=1)
    only_confirmed: bool = False
    min_matches: int = Field(default=1, ge=1, le=10_000)
    within_hours: Hours = 24


class SourceQuiet(Strict):
    """A source brings nothing, as ingest judges it by the source's own rhythm."""

    kind: Literal[AlertKind.SOURCE_QUIET]
    healths: list[QuietHealth] = Field(default=[SourceHealth.SILENT], min_length=1, max_length=4)
    source_groups: list[e.SourceGroup] = Field(default=[], max_length=10)
    minutes: int = Field(default=0, ge=0, le=60 * 24 * 30)


class SavedQueryHit(Strict):
    """A kept query finds something new."""

    kind: Literal[AlertKind.SAVED_QUERY]
    query_ids: list[UUID] = Field(min_length=1, max_length=50)
    min_hits: int = Field(default=1, ge=1, le=10_000)
    within_hours: Hours = 24


Condition = Annotated[
    Threshold | FirstAppearance | BurstCondition | ClaimSeen | SourceQuiet | SavedQueryHit, Field(discriminator="kind")
]
_CONDITIONS: TypeAdapter[Condition] = TypeAdapter(Condition)


def read_condition(stored: Mapping[str, Any]) -> Condition:
    return _CONDITIONS.validate_python(stored)


def known_condition(rule_id: UUID, stored: Mapping[str, Any]) -> Condition | None:
    """None, and a line in the log, for one that this version cannot read: it must not stop the others."""
    try:
        return read_condition(stored)
    except ValidationError as error:
        log.error("alert rule %s cannot be read and raises nothing: %s", rule_id, describe(error))
        return None


def names_a_person(words: Iterable[str]) -> bool:
    """Whether a phone or ID number, an e-mail address, a handle or the address of an account stands in them."""
    return any(asks_for_a_person(one) for one in words)


def words_of(condition: Condition) -> list[str]:
    """Everything in a condition that somebody typed freely."""
    match condition:
        case FirstAppearance():
            return [*condition.phrases, *condition.places]
        case Threshold():
            return list(condition.places)
        case BurstCondition():
            return list(condition.keys)
        case ClaimSeen() | SourceQuiet() | SavedQueryHit():
            return []


def may_be_public(condition: Condition) -> bool:
    """Outside only what says nothing of an unconfirmed match, of a query of ours, or of a source that we read."""
    match condition:
        case ClaimSeen():
            return condition.only_confirmed
        case Threshold() | FirstAppearance() | BurstCondition():
            return True
        case SourceQuiet() | SavedQueryHit():
            return False
