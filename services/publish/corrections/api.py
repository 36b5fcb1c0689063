"""Routes of corrections: what one would be made of, drafting, the chain, where it is, how long it took; and CAP."""

import re
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from libs.common import models as m
from libs.common.auth import ClockDep, Principal, public
from libs.common.conditional import etag_of, is_known
from libs.common.db import SessionDep
from libs.common.errors import Forbidden, NotFound, Unauthenticated, problems
from libs.common.pagination import Cursor, Page, PageDep, page_of
from services.publish import problems as base
from services.publish.api import Editor, Reader, Res
from services.publish.corrections import cap, queries, rules, service, tracking
from services.publish.corrections import problems as wrong
from services.publish.corrections.queries import Carrier
from services.publish.corrections.schemas import (
    CarrierOut,
    CorrectionCreate,
    CorrectionDetail,
    CorrectionDrafted,
    CorrectionOut,
    EvidenceOut,
    FollowUp,
    LinkOut,
    MeasuredOut,
    PlaceOut,
    ProposalOut,
    TargetOut,
    TimingOut,
)
from services.publish.corrections.tracking import Tracked
from services.publish.press import FOLDER
from services.publish.schemas import PublicationOut
from services.publish.service import publications

router = APIRouter(
    prefix="/api/publish/v1/corrections", tags=["publish"], responses=problems(Unauthenticated, Forbidden)
)
public_router = APIRouter(include_in_schema=False, dependencies=[public()])
SLUG = re.compile(r"[a-z0-9-]{1,120}")
EDIT_FIRST = "Bản nháp do mẫu tự động viết: hãy biên tập, xóa dòng đánh dấu, rồi mới gửi duyệt."
DRAFTING = problems(
    wrong.VerdictNotPublic,
    wrong.EvidenceMissing,
    base.ChannelNotFound,
    base.ChannelOfAnotherUnit,
    base.NotYourUnit,
    base.NotPostableHere,
)


@router.get("/proposal", response_model=ProposalOut, responses=problems(wrong.ClaimNotFound, wrong.VerdictNotPublic))
async def read_proposal(claim_id: UUID, session: SessionDep, who: Editor) -> ProposalOut:
    """What a correction of this claim would say, and on which channels of ours it would go; nothing is written."""
    return _proposal(await service.propose(session, claim_id, who))


@router.get("/timing", response_model=MeasuredOut)
async def read_timing(
    session: SessionDep, who: Reader, clock: ClockDep, days: Annotated[int, Query(ge=1, le=366)] = 90
) -> Any:
    """From the first sighting to the approval, the first channel and all channels: medians, and of how many."""
    now = clock.now()
    return await tracking.measure(session, who.units(*publications.SEES), now - timedelta(days=days), now)


@router.get("", response_model=Page[CorrectionOut])
async def list_corrections(
    session: SessionDep, who: Reader, page: PageDep, only_tracked: Annotated[bool, Query(alias="tracked")] = False
) -> Any:
    """Newest first; `tracked=true`: those that are released and stand, whether they are everywhere yet or not."""
    rows = await queries.list_corrections(session, page, who.units(*publications.SEES), only_tracked=only_tracked)
    shown = page_of(rows, page.limit, lambda row: Cursor(None, row[0].publication_id))
    return {**shown, "items": [_out(one) for one in await tracking.tracked(session, shown["items"])]}


@router.post(
    "",
    status_code=201,
    response_model=CorrectionDrafted,
    responses=DRAFTING | problems(wrong.ClaimNotFound, wrong.CorrectionExists),
)
async def draft_correction(
    body: CorrectionCreate, session: SessionDep, who: Editor, clock: ClockDep, res: Res
) -> CorrectionDrafted:
    now, added = clock.now(), body.channel_ids
    made = await service.draft_correction(session, body.claim_id, added, body.fields(), who, now, res)
    return await _drafted(session, made, who)


@router.get(
    "/{publication_id}",
    response_model=CorrectionDetail,
    responses=problems(wrong.CorrectionNotFound, base.PublicationNotFound),
)
async def read_correction(publication_id: UUID, session: SessionDep, who: Reader) -> CorrectionDetail:
    """Its chain, each channel with whether it carries it, and how long that took."""
    return await _detail(session, publication_id, who)


@router.post(
    "/{publication_id}/follow-ups",
    status_code=201,
    response_model=CorrectionDrafted,
    responses=DRAFTING
    | problems(
        wrong.CorrectionNotFound,
        wrong.NotTheHead,
        wrong.ChainEnded,
        wrong.SameVerdict,
        base.PublicationNotFound,
        base.StateConflict,
    ),
)
async def follow_correction(
    publication_id: UUID, body: FollowUp, session: SessionDep, who: Editor, clock: ClockDep, res: Res
) -> CorrectionDrafted:
    """Draft its update, its correction or its cancellation: a publication of its own that refers to all before it."""
    evidence = tuple(one.told() for one in body.evidence)
    follow, now = service.Follow(body.step, body.reason, body.verdict, evidence), clock.now()
    made = await service.follow_correction(
        session, publication_id, follow, body.channel_ids, body.fields(), who, now, res
    )
    return await _drafted(session, made, who)


@public_router.api_route("/cap/{slug}.xml", methods=["GET", "HEAD"])
async def cap_message(slug: str, request: Request, res: Res) -> Response:
    """From its file: it is there when the database is not."""
    data = res.files.read(f"{FOLDER}/cap/{slug}.xml") if SLUG.fullmatch(slug) else None
    if data is None:
        raise NotFound("Không có bản tin CAP ở địa chỉ này.")
    etag = etag_of(data)
    headers = {"ETag": etag, "Cache-Control": "public, max-age=60", "X-Content-Type-Options": "nosniff"}
    if is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, cap.MEDIA_TYPE)


async def _drafted(session: SessionDep, made: m.Publication, who: Principal) -> CorrectionDrafted:
    shown = PublicationOut.model_validate(made)
    return CorrectionDrafted(publication=shown, correction=await _detail(session, made.id, who), note=EDIT_FIRST)


async def _detail(session: SessionDep, publication_id: UUID, who: Principal) -> CorrectionDetail:
    publication, row = await service.require_correction(session, publication_id, who)
    [found] = await tracking.tracked(session, [(row, publication)])
    chain = await queries.chain_of(session, row.chain_id)
    head = next(iter(rules.heads(queries.link_of(*each) for each in chain)), None)
    return CorrectionDetail(
        **_out(found).model_dump(),
        claim=row.claim_text,
        evidence=[EvidenceOut(title=one["title"], url=one["url"]) for one in row.evidence],
        channels=[_carrier(each) for each in found.carriers],
        chain=[_link(*each) for each in chain],
        head_id=head.publication_id if head else None,
    )


def _out(found: Tracked) -> CorrectionOut:
    row, publication, t = found.correction, found.publication, found.timing
    spans = [t.since_seen(at) for at in (t.approved_at, t.first_channel_at, t.all_channels_at)]
    approved, first, everywhere = (span.total_seconds() if span is not None else None for span in spans)
    return CorrectionOut(
        publication_id=publication.id,
        chain_id=row.chain_id,
        claim_id=row.claim_id,
        step=row.step,
        verdict=row.verdict,
        label=queries.as_review(row).label,
        title=publication.title,
        state=publication.state,
        reference_ids=row.reference_ids,
        reason=row.reason,
        is_open=found.is_open,
        missing=sum(each.carried_at is None for each in found.carriers),
        timing=TimingOut(
            first_seen_at=t.first_seen_at,
            drafted_at=t.drafted_at,
            approved_at=t.approved_at,
            first_channel_at=t.first_channel_at,
            all_channels_at=t.all_channels_at,
            seconds_to_approved=approved,
            seconds_to_first_channel=first,
            seconds_to_all_channels=everywhere,
        ),
    )


def _carrier(each: Carrier) -> CarrierOut:
    return CarrierOut(
        channel_id=each.channel.id,
        channel_name=each.channel.name,
        channel_kind=each.channel.kind,
        reason=each.reason,
        seen_at_sources=list(each.source_ids),
        is_carried=each.carried_at is not None,
        carried_at=each.carried_at,
        url=each.url,
        delivery_state=each.delivery.state if each.delivery else None,
        task_id=each.task.id if each.task else None,
        task_state=each.task.state if each.task else None,
    )


def _link(row: m.Correction, publication: m.Publication) -> LinkOut:
    return LinkOut(
        publication_id=publication.id,
        step=row.step,
        verdict=row.verdict,
        title=publication.title,
        state=publication.state,
        published_at=publication.published_at,
    )


def _proposal(found: service.Proposal) -> ProposalOut:
    return ProposalOut(
        claim_id=found.claim.id,
        verdict=found.review.verdict,
        label=found.review.label,
        evidence=[EvidenceOut(title=one.title, url=one.url) for one in found.review.evidence],
        first_seen_at=found.review.first_seen_at,
        places=[PlaceOut.model_validate(place) for place in found.places],
        channels=[
            TargetOut(
                channel_id=target.channel.id,
                channel_name=target.channel.name,
                channel_kind=target.channel.kind,
                reason=target.reason,
                seen_at_sources=list(target.source_ids),
            )
            for target in found.targets
        ],
        title=found.words["title"],
        summary=found.words["summary"],
        body=found.words["body"],
        existing_id=found.existing_id,
    )
