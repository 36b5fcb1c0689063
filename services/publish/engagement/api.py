"""Routes of rates and advice: validate, call one use case, return."""

from uuid import UUID

from fastapi import APIRouter

from libs.common.auth import ClockDep
from libs.common.db import SessionDep
from libs.common.engagement import NO_FORMULA, VERSION
from libs.common.errors import Forbidden, Unauthenticated, problems
from services.publish import problems as wrong
from services.publish.api import Reader
from services.publish.engagement import service
from services.publish.engagement.advice import MINIMUM, Suggestion
from services.publish.engagement.schemas import (
    AdviceOut,
    EvidenceOut,
    FigureOut,
    RateOut,
    RatesOut,
    SuggestionOut,
    UnsaidOut,
)

PREFIX = "/api/publish/v1"
METHOD = (
    "Tỷ lệ bài trong nhóm hơn trung vị của các bài còn lại cùng kênh, khoảng tin cậy Wilson có hiệu chỉnh Bonferroni; "
    "số liệu đọc khi bài được 2–8 ngày. Gợi ý, không phải quan hệ nhân quả."
)
router = APIRouter(prefix=PREFIX, tags=["engagement"], responses=problems(Unauthenticated, Forbidden))


@router.get(
    "/publications/{publication_id}/engagement/rates",
    response_model=RatesOut,
    responses=problems(wrong.PublicationNotFound),
)
async def read_rates(publication_id: UUID, session: SessionDep, who: Reader) -> RatesOut:
    """The rate on each channel, with its formula and the figures in it; blank where one of them is unknown."""
    return RatesOut(items=[_rate(each) for each in await service.rates_of(session, publication_id, who)])


@router.get(
    "/channels/{channel_id}/advice",
    response_model=AdviceOut,
    responses=problems(wrong.ChannelNotFound),
)
async def read_advice(channel_id: UUID, session: SessionDep, who: Reader, clock: ClockDep) -> AdviceOut:
    """Suggestions on hours and forms, with the posts they rest on; none under the least sample."""
    found = await service.advise_channel(session, channel_id, who, clock.now())
    return AdviceOut(
        channel_id=found.channel.id,
        channel=found.channel.name,
        formula=found.formula.printed if found.formula else NO_FORMULA,
        formula_version=VERSION,
        method=METHOD,
        measure=found.measure,
        since=found.since,
        as_of=found.as_of,
        minimum_sample=MINIMUM,
        posts=found.posts,
        posts_without_figures=found.without_figures,
        suggestions=[_suggestion(each) for each in found.suggestions],
        unsaid=[UnsaidOut.model_validate(each) for each in found.unsaid],
    )


def _rate(each: service.ChannelRate) -> RateOut:
    rate, version = each.rate, each.channel.settings.get("version")
    return RateOut(
        delivery_id=each.delivery.id,
        channel_id=each.channel.id,
        channel=each.channel.name,
        kind=each.channel.kind,
        api_version=str(version) if version else None,
        formula=rate.formula.printed if rate else NO_FORMULA,
        formula_version=VERSION,
        numerator=[FigureOut.model_validate(figure) for figure in rate.numerator] if rate else [],
        denominator=FigureOut.model_validate(rate.denominator) if rate and rate.denominator else None,
        missing=list(rate.missing) if rate else [],
        interactions=rate.interactions if rate else None,
        percent=rate.percent if rate else None,
        as_of=rate.as_of if rate else None,
    )


def _suggestion(each: Suggestion) -> SuggestionOut:
    evidence = [
        EvidenceOut(
            publication_id=post.publication_id,
            url=f"{PREFIX}/publications/{post.publication_id}",
            posted_at=post.posted_at,
            measure=post.measure,
        )
        for post in each.evidence
    ]
    return SuggestionOut(
        subject=each.subject,
        group=each.group,
        words=each.words,
        sample=each.sample,
        others=each.others,
        share=round(each.share, 3),
        interval=(round(each.low, 3), round(each.high, 3)),
        confidence=round(each.confidence, 4),
        group_median=each.group_median,
        others_median=each.others_median,
        evidence=evidence,
    )
