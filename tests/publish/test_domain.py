from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from libs.common.approval import ApprovalAttempt, Refusal, refusal
from libs.common.models.enums import DeliveryState, PublicationState
from services.publish import domain
from services.publish.domain import Hashed, HashedVariant

P, D = PublicationState, DeliveryState
CHANNEL = UUID("018f0000-0000-7000-8000-000000000001")
BASE = Hashed(
    unit_id=UUID(int=1),
    kind="announcement",
    title="Thông báo",
    body="Nội dung",
    summary="",
    slug="thong-bao",
    language="vi",
    affects_rights=False,
    source_note=None,
    ai_label=None,
    scheduled_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC),
    variants=(HashedVariant(CHANNEL, "Thông báo", None, {"text": "Thông báo"}),),
)


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "Thông báo."},
        {"body": "Nội dung khác"},
        {"affects_rights": True},
        {"ai_label": "Ảnh minh họa do AI tạo"},
        {"source_note": "Sở Y tế"},
        {"scheduled_at": datetime(2026, 12, 1, 2, 0, tzinfo=UTC)},
        {"scheduled_at": None},
        {"unit_id": CHANNEL},
        {"variants": ()},
        {"variants": (HashedVariant(CHANNEL, "Thông báo", "https://a.vn", {"text": "Thông báo"}),)},
        {"variants": (HashedVariant(CHANNEL, "Thông báo", None, {"text": "khác"}),)},
        {"media": ("0" * 64,)},
    ],
)
@pytest.mark.mission("M28")
def test_anything_an_approver_saw_changes_the_hash(changed: dict[str, object]) -> None:
    assert domain.content_hash(replace(BASE, **changed)) != domain.content_hash(BASE)  # type: ignore[arg-type]


def test_the_hash_knows_no_order_of_channels_and_no_time_zone() -> None:
    other = HashedVariant(uuid4(), "b", None, {"y": 1, "x": 2})
    same_time = BASE.scheduled_at.astimezone(timezone(timedelta(hours=7)))  # type: ignore[union-attr]
    one = replace(BASE, variants=(*BASE.variants, other))
    two = replace(BASE, variants=(other, *BASE.variants), scheduled_at=same_time)
    assert domain.content_hash(one) == domain.content_hash(two)


EDITOR, SPEAKER = uuid4(), uuid4()
GOOD = ApprovalAttempt(SPEAKER, True, frozenset({EDITOR}), P.IN_REVIEW, b"h", b"h")


@pytest.mark.mission("M28")
@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        (GOOD, None),
        (replace(GOOD, speaks_for_unit=False), Refusal.NOT_SPOKESPERSON),
        (replace(GOOD, approver_id=EDITOR), Refusal.OWN_WORK),
        (replace(GOOD, state=P.DRAFT), Refusal.NOT_IN_REVIEW),
        (replace(GOOD, state=P.APPROVED), Refusal.NOT_IN_REVIEW),
        (replace(GOOD, seen_hash=b"old"), Refusal.CHANGED),
    ],
)
def test_who_may_approve(attempt: ApprovalAttempt, refused: Refusal | None) -> None:
    assert refusal(attempt) is refused


@pytest.mark.parametrize(
    ("before", "deliveries", "after"),
    [
        (P.PUBLISHING, [D.PUBLISHED, D.PUBLISHED], P.PUBLISHED),
        (P.PUBLISHING, [D.PUBLISHED, D.ARMED], P.PUBLISHING),
        (P.PUBLISHING, [D.PUBLISHED, D.UNKNOWN], P.PUBLISHING),
        (P.PUBLISHING, [D.PUBLISHED, D.REJECTED], P.PARTLY_PUBLISHED),
        (P.PUBLISHING, [D.AUTH_REQUIRED, D.REJECTED], P.FAILED),
        (P.PUBLISHING, [D.PUBLISHED, D.THROTTLED], P.PUBLISHING),
        (P.APPROVED, [D.PENDING], P.APPROVED),
        (P.SCHEDULED, [D.PREPARED, D.PENDING], P.SCHEDULED),
        (P.APPROVED, [D.PUBLISHED, D.PENDING], P.PUBLISHING),
        (P.PARTLY_PUBLISHED, [D.PUBLISHED, D.PUBLISHED], P.PUBLISHED),
        (P.PARTLY_PUBLISHED, [D.PUBLISHED, D.PENDING], P.PUBLISHING),
        (P.WITHDRAWN, [D.PUBLISHED, D.PUBLISHED], P.WITHDRAWN),
        (P.CORRECTED, [D.PUBLISHED], P.CORRECTED),
    ],
)
def test_a_publication_is_what_its_deliveries_are(
    before: PublicationState, deliveries: list[DeliveryState], after: PublicationState
) -> None:
    assert domain.derived_state(before, deliveries) is after


def test_every_state_has_its_row_and_only_known_moves_exist() -> None:
    assert set(domain.PUBLICATION_MOVES) == set(PublicationState)
    assert set(domain.DELIVERY_MOVES) == set(DeliveryState)
    assert not domain.may_move(P.DRAFT, P.PUBLISHED)
    assert not domain.may_move(P.DRAFT, P.APPROVED)
    assert not any(domain.may_move(P.WITHDRAWN, state) for state in PublicationState)


def test_nothing_armed_goes_back_into_the_queue_except_through_a_known_refusal() -> None:
    """Armed may have been sent: it is never prepared again without an answer or a look at the platform."""
    assert not domain.may_deliver(D.ARMED, D.PREPARED)
    assert not domain.may_deliver(D.ARMED, D.ARMED)
    assert not domain.may_deliver(D.UNKNOWN, D.ARMED)
    assert not domain.may_deliver(D.PUBLISHED, D.PENDING)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Điều chỉnh lộ trình xe buýt số 32 từ ngày 1/12/2026", "dieu-chinh-lo-trinh-xe-buyt-so-32-tu-ngay-1-12-2026"),
        ("Hoà bình — ĐẠI HỘI", "hoa-binh-dai-hoi"),
        ("Hòa bình — Đại hội", "hoa-binh-dai-hoi"),
        ("???", "tin"),
        ("a" * 200, "a" * 80),
    ],
)
def test_slugs(title: str, slug: str) -> None:
    assert domain.slugify(title) == slug


def test_a_long_title_is_cut_at_a_word() -> None:
    slug = domain.slugify(
        "Ủy ban nhân dân thành phố ban hành kế hoạch triển khai công tác phòng chống thiên tai năm 2027"
    )
    assert len(slug) <= 80
    assert slug.endswith(("-phong-chong", "-chong"))


def test_backoff_grows_and_stops_growing() -> None:
    waits = [domain.backoff(n) for n in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
