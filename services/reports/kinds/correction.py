"""How a false claim spread, how soon it was answered, and where the answer stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from libs.common import models as m
from libs.common.masking import mask_personal_data
from libs.common.models.enums import DeliveryState, PublicationState, TaskState, Verdict
from libs.common.papers.content import Picture
from libs.common.verdicts import LABELS
from services.reports import correction_queries as queries
from services.reports import labels
from services.reports.charts.curves import Mark, draw_spread
from services.reports.domain import NAMED_BRIEFLY, Period, clip, iso
from services.reports.kinds.base import KINDS, About, Data, Gather, id_of
from services.reports.longer import percent, points_of
from services.reports.periods import Cadence
from services.reports.problems import AboutNotFound

SIGHTINGS = "claim_matches (phân loại)"
TIMES = "corrections, publications, deliveries (đăng tin)"
COVERAGE = "correction_targets, deliveries, tasks (đăng tin)"


@KINDS.register("correction")
class Correction:
    title: ClassVar[str] = "Báo cáo đính chính"
    cadence: ClassVar[Cadence] = Cadence.DAILY
    about: ClassVar[About | None] = About.CORRECTION

    async def gather(self, gather: Gather) -> Data:
        found = await queries.correction(gather.session, id_of(gather.about))
        if found is None:
            raise AboutNotFound("Không có bản đính chính nào như vậy đã được đăng.")
        said, one, unit = found
        channels = [_channel(*row) for row in await queries.carriers(gather.session, one.id)]
        return {
            "correction": _told(said, one, unit),
            "spread": await _spread(gather, said, one),
            "times": _times(gather, said, one, [channel["carried_at"] for channel in channels]),
            "coverage": _coverage(gather, channels),
        }

    def subject(self, data: Data, period: Period) -> str:
        return f"Kết quả đính chính: {clip(data['correction']['title'], NAMED_BRIEFLY)}"

    def pictures(self, data: Data) -> Mapping[str, Picture]:
        spread, at = data["spread"], data["correction"]["published_at"]
        if not spread["hours"]:
            return {}
        marks = [Mark(datetime.fromisoformat(at), "Đăng đính chính")] if at else []
        return {"spread": draw_spread(points_of(spread["hours"], spread["values"]), marks)}


def _told(said: m.Correction, one: m.Publication, unit: str) -> Data:
    return {
        "publication_id": str(one.id),
        "title": clip(mask_personal_data(one.title)),
        "claim": clip(mask_personal_data(said.claim_text)),
        "verdict": said.verdict,
        "verdict_name": LABELS[Verdict(said.verdict)],
        "unit": unit,
        "state": one.state,
        "state_name": labels.PUBLICATION_STATES[PublicationState(one.state)],
        "first_seen_at": iso(said.first_seen_at),
        "published_at": iso(one.published_at),
    }


async def _spread(gather: Gather, said: m.Correction, one: m.Publication) -> Data:
    rows = await queries.sightings_by_hour(gather.session, said.claim_id, gather.as_of)
    total = sum(count for _, count in rows)
    after = None
    if one.published_at is not None:
        after = await queries.sightings_after(gather.session, said.claim_id, one.published_at, gather.as_of)
    formula = "số bài người kiểm chứng xác nhận nhắc lại tuyên bố, gặp đến lúc chốt số liệu"
    later = "trong đó gặp từ lúc đăng đính chính; trống khi chưa đăng"
    return {
        "hours": [iso(hour) for hour, _ in rows],
        "values": [count for _, count in rows],
        "total": gather.count(total, SIGHTINGS, formula, "bài"),
        "after": gather.count(after, SIGHTINGS, later, "bài"),
    }


def _times(gather: Gather, said: m.Correction, one: m.Publication, carried: list[str | None]) -> list[Data]:
    there = [datetime.fromisoformat(at) for at in carried if at]
    is_everywhere = bool(there) and len(there) == len(carried)
    steps = (
        ("Soạn bản đính chính", said.created_at),
        ("Đăng bản đính chính", one.published_at),
        ("Có trên kênh đầu tiên", min(there, default=None)),
        ("Có trên mọi kênh", max(there) if is_everywhere else None),
    )
    formula = "số phút từ lần đầu gặp tuyên bố; trống khi không biết lần đầu hoặc bước này chưa xong"
    return [
        {
            "name": name,
            "at": iso(at),
            "minutes": gather.count(_minutes(said.first_seen_at, at), TIMES, formula, "phút"),
        }
        for name, at in steps
    ]


def _minutes(start: datetime | None, end: datetime | None) -> int | None:
    return int((end - start).total_seconds() // 60) if start is not None and end is not None else None


def _channel(channel: m.Channel, sent: m.Delivery | None, task: m.Task | None) -> Data:
    """Where a person put it by hand, the task's own link is the proof."""
    by_hand = task if task is not None and task.state == TaskState.DONE and task.evidence_url else None
    told: Data = {"channel": channel.name, "kind": channel.kind, "state": None, "carried_at": None, "url": None}
    if sent is not None:
        told |= {"state": sent.state, "state_name": labels.DELIVERY_STATES[DeliveryState(sent.state)]}
    else:
        told["state_name"] = "Chờ người làm tay" if task is not None else "Chưa gửi"
    if sent is not None and sent.state == DeliveryState.PUBLISHED:
        told |= {"carried_at": iso(sent.confirmed_at), "url": sent.platform_url}
    elif by_hand is not None:
        told |= {"state_name": "Người đã đăng tay", "carried_at": iso(by_hand.done_at), "url": by_hand.evidence_url}
    return told


def _coverage(gather: Gather, channels: list[Data]) -> Data:
    carried = sum(channel["carried_at"] is not None for channel in channels)
    share = "số kênh đã có / số kênh phải có x 100; trống khi không có kênh nào phải có"
    return {
        "due": gather.count(len(channels), COVERAGE, "số kênh phải có bản đính chính", "kênh"),
        "carried": gather.count(carried, COVERAGE, "số kênh đã xác nhận có bản đính chính", "kênh"),
        "share": gather.count(percent(carried, len(channels)), COVERAGE, share, "%"),
        "channels": channels,
    }
