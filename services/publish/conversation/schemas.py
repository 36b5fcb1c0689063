"""Bodies about conversations. A comment's writer has a pseudonym, made of the comment alone."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from libs.common.models.conversation import HidingState, HouseGround, ReplyState
from libs.common.models.enums import CaseState
from libs.common.models.hearing import CommentState
from services.publish.conversation.rules import MOST_REPLY
from services.publish.people_schemas import Reason
from services.publish.schemas import Row, Strict

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_REPLY)]
Template = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=1000)]
TemplateName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=100)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
RuleText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=2000)]
Values = Annotated[dict[str, Annotated[str, StringConstraints(max_length=300)]], Field(max_length=20)]


class ConversationOut(Row):
    """One comment, once, with all that is known of how it is dealt with. `body` is masked."""

    comment_id: UUID
    channel_id: UUID
    is_message: bool = Field(description="written to the account alone, under no post: only its officers read it")
    publication_id: UUID | None
    publication_title: str | None
    pseudonym: str = Field(description="of the comment's writer; made of the comment alone")
    body: str | None
    state: CommentState
    posted_at: datetime | None
    seen_at: datetime
    answers_until: datetime | None = Field(description="until when it can be answered from here; null: not any more")
    is_answered: bool
    is_closed: bool = Field(description="an officer said that it needs no answer")
    assigned_to: UUID | None
    held_by: UUID | None = Field(description="who looks at it now")
    held_until: datetime | None
    reply_state: ReplyState | None = Field(description="of the newest reply from here")
    hiding_state: HidingState | None
    is_escalated: bool
    case_reference: str | None
    case_state: CaseState | None
    offered_reply: str | None = Field(description="where its case was resolved and its writer was not told yet")


class PostOut(Row):
    """The comments under one post, together: how a flood stays readable."""

    delivery_id: UUID
    channel_id: UUID
    publication_id: UUID
    publication_title: str
    comments: int
    unanswered: int
    newest_at: datetime
    oldest_unanswered_at: datetime | None


class HoldIn(Strict):
    take_over: bool = Field(default=False, description="although somebody else looks at it now")


class HoldOut(Row):
    comment_id: UUID
    held_by: UUID
    held_until: datetime
    taken_from: UUID | None = Field(default=None, description="who looked at it until now")


class AssignIn(Strict):
    person_id: UUID | None = Field(description="an officer of the unit; null: nobody")


class ReplyIn(Strict):
    """Words of one's own, or a template with what its placeholders need beyond what is known."""

    body: Words | None = None
    template_id: UUID | None = None
    values: Values = Field(default_factory=dict)


class ReplyOut(Row):
    id: UUID
    comment_id: UUID
    body: str
    template_id: UUID | None
    template_version: int | None
    replied_by: UUID
    state: ReplyState
    created_at: datetime
    armed_at: datetime | None
    confirmed_at: datetime | None
    error: str | None


class ToldIn(Strict):
    is_posted: bool = Field(description="whether the officer, looking on the platform, found the reply there")


class TemplateCreate(Strict):
    unit_id: UUID
    name: TemplateName
    body: Template = Field(description="placeholders as {ten}: ma_phan_anh, don_vi, kenh, tieu_de_tin, or one's own")


class TemplateChange(Strict):
    body: Template


class TemplateOut(Row):
    id: UUID
    unit_id: UUID
    name: str
    version: int
    body: str
    placeholders: list[str]
    created_at: datetime
    retired_at: datetime | None


class HouseRuleCreate(Strict):
    unit_id: UUID
    ground: HouseGround
    title: Title
    body: RuleText


class HouseRuleOut(Row):
    id: UUID
    unit_id: UUID
    ground: HouseGround
    title: str
    body: str
    written_by: UUID
    written_at: datetime
    in_force_by: UUID | None
    in_force_at: datetime | None
    retired_at: datetime | None


class HideIn(Strict):
    rule_id: UUID
    reason: Reason


class HidingOut(Row):
    id: UUID
    comment_id: UUID
    rule_id: UUID
    reason: str
    hidden_by: UUID
    state: HidingState
    asked_at: datetime
    hidden_at: datetime | None
    shown_at: datetime | None
    shown_because: str | None
    error: str | None


class PublicRuleOut(Row):
    """A house rule as everybody reads it, with how often comments were hidden by it."""

    ground: HouseGround
    title: str
    body: str
    in_force_at: datetime
    retired_at: datetime | None
    hidden: int = Field(description="comments ever hidden by it")
    shown_again: int = Field(description="of these, shown again")


class PublicCountOut(Row):
    """What was hidden under the city's posts; nothing of the comments themselves."""

    rules: list[PublicRuleOut]
    hidden: int
    shown_again: int
    hidden_elsewhere: int = Field(description="hidden on a platform itself, by no act of this system")
