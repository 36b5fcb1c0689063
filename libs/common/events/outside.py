"""What others may subscribe to: a closed list, each with an example. Nothing else is ever granted to anybody outside.

The reference (docs/reference/asyncapi.yaml), the permissions on NATS and the database's constraint all read this list:
`content.*`, labels, claims, risk, kept queries and conversations are not in it, nor is any replay.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from libs.common.events.alert import AlertRaised
from libs.common.events.base import Event
from libs.common.events.feedback import FeedbackResolved
from libs.common.events.publication import (
    CorrectionPublished,
    PublicationApproved,
    PublicationPublished,
    PublicationWithdrawn,
)
from libs.common.events.report import ReportReady

_PUBLICATION = UUID("019ab0de-6a00-7c11-8f4e-3d2b7a9c1e05")
_CORRECTION = UUID("019ab111-2b40-7a09-9d33-51c6e0f4a872")

EXAMPLES: Final[tuple[Event, ...]] = (
    PublicationApproved(publication_id=_PUBLICATION, revision=2),
    PublicationPublished(
        publication_id=_PUBLICATION,
        revision=2,
        title="Điều chỉnh lộ trình xe buýt số 32",
        url="https://lantoa.example/tin/dieu-chinh-lo-trinh-xe-buyt-so-32",
    ),
    PublicationWithdrawn(publication_id=_PUBLICATION, revision=2),
    CorrectionPublished(
        publication_id=_CORRECTION,
        corrects_id=None,
        revision=1,
        title="Tin “cắt nước toàn thành phố ba ngày” là tin sai sự thật",
        url="https://lantoa.example/tin/tin-cat-nuoc-toan-thanh-pho-la-tin-sai-su-that",
    ),
    AlertRaised(
        alert_id=UUID("019ab102-77c0-7f3a-a1b2-9c8d7e6f5a41"),
        rule_kind="burst",
        severity="warning",
        field="giao_thong",
        place=None,
        count=48,
        first_at=datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
    ),
    FeedbackResolved(
        case_id=UUID("019ab0c4-1d00-7e55-b6a7-2f3e4d5c6b78"),
        reference="PA-2026-004512",
        version=1,
        kind="problem",
        topic="moi_truong",
        service_code="rac-thai",
        unit_code="00004",
        received_at=datetime(2026, 11, 23, 2, 5, tzinfo=UTC),
        answered_at=datetime(2026, 11, 24, 3, 40, tzinfo=UTC),
        is_in_time=True,
    ),
    ReportReady(
        report_id=UUID("019ab11f-5e80-7b02-8c9d-0a1b2c3d4e5f"),
        kind="daily",
        digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
)

OUTSIDE: Final[dict[str, type[Event]]] = {type(one).subject: type(one) for one in EXAMPLES}
"""Subject → event."""
