"""The card of what a person posts by hand: exactly what was approved, ready to copy, with its pictures."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import models as m
from libs.common.auth import Principal
from libs.common.models.enums import TaskState
from services.publish import queries
from services.publish.desk_problems import NoCard
from services.publish.problems import TaskNotFound
from services.publish.resources import PublishResources
from services.publish.service import outcomes
from services.publish.service.publications import SEES

FILES_FOR = timedelta(days=7)


@dataclass(frozen=True)
class CardFile:
    """`url` gives the file until the card is asked for again some days later."""

    url: str
    mime: str
    alt: str


@dataclass(frozen=True)
class Card:
    """`text` is copied whole: the link, the source line and the AI label stand in it. `corrects_url`: the post to
    answer, where this corrects one."""

    platform: str
    site: str
    text: str
    link: str | None
    corrects_url: str | None
    files: list[CardFile]
    steps: list[str]


async def read_card(session: AsyncSession, task_id: UUID, who: Principal, res: PublishResources) -> Card:
    task = await session.get(m.Task, task_id)
    if task is None or task.unit_id not in who.units(*SEES):
        raise TaskNotFound(f"Không có việc {task_id} trong đơn vị của bạn.")
    delivery = await session.get(m.Delivery, task.delivery_id) if task.delivery_id else None
    if task.kind != outcomes.BY_HAND or delivery is None:
        raise NoCard("Chỉ việc đăng bằng tay mới có thẻ soạn sẵn.")
    publication = await queries.get_publication(session, delivery.publication_id)
    is_wanted = publication is not None and publication.state not in outcomes.NOT_SENT_FURTHER
    if task.state == TaskState.DONE or not is_wanted:
        raise NoCard("Việc đã xong hoặc tin đã rút: không đăng nữa.")
    return _card(delivery, res)


def _card(delivery: m.Delivery, res: PublishResources) -> Card:
    payload = delivery.handle["payload"]
    files = [
        CardFile(res.tools.media.link(one["sha256"], one["mime"], FILES_FOR), one["mime"], one["alt"])
        for one in payload["media"]
    ]
    corrects = payload.get("corrects")
    steps = [
        f"Mở {corrects} và trả lời dưới bài đó." if corrects else f"Mở {payload['site']} bằng tài khoản của cơ quan.",
        "Chép nguyên văn, không sửa chữ nào: đó là bản đã duyệt.",
        *(["Tải ảnh, video kèm theo và dán mô tả ảnh nếu nơi đó cho."] if files else []),
        "Báo xong với địa chỉ của bài vừa đăng.",
    ]
    return Card(
        platform=payload["platform"],
        site=payload["site"],
        text=payload["text"],
        link=delivery.handle.get("link"),
        corrects_url=corrects,
        files=files,
        steps=steps,
    )
