"""What the city hands on comes with its pictures, which are the unit's own from then on."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.testing.make import Make
from tests.publish.library import jpeg, upload
from tests.publish.newsroom import API, Newsroom
from tests.publish.test_syndication import Desk, Ward, desk

__all__ = ["desk"]
LABEL = "Ảnh do trí tuệ nhân tạo tạo ra"


async def shown_by(newsroom: Newsroom, publication_id: str) -> list[m.Medium]:
    query = (
        select(m.Medium)
        .join(m.PublicationMedium, m.PublicationMedium.medium_id == m.Medium.id)
        .where(m.PublicationMedium.publication_id == UUID(publication_id))
        .order_by(m.PublicationMedium.position)
    )
    async with newsroom.db.transaction() as session:
        return list(await session.scalars(query))


async def handed(desk: Desk, ward: Ward, *media: dict[str, Any]) -> str:
    """The draft of a ward, of a publication of the city with these media."""
    ids = [medium["id"] for medium in media]
    source = await desk.newsroom.approved(title="Bến Giáp Bát mở cổng mới", media_ids=ids)
    made = await Desk(desk.newsroom, desk.wards, source).offer(ward)
    assert (made.status_code, made.json()) == (201, {"offered": 1}), made.text
    return str((await desk.received(ward))["draft_id"])


@pytest.mark.mission("M22")
async def test_pictures_come_along_in_order_and_the_unit_posts_them_as_its_own(desk: Desk, make: Make) -> None:
    room, (first, _) = desk.newsroom, desk.wards
    photo = await upload(room, alt="Cổng mới của bến", credit="Trung tâm điều hành")
    drawn = await upload(room, jpeg(800, 800), alt="Sơ đồ lối vào", is_ai_made="true", ai_label=LABEL)
    draft = await handed(desk, first, drawn, photo)
    own = await shown_by(room, draft)
    assert {medium.unit_id for medium in own} == {first.unit.id}
    assert [(medium.alt, medium.credit, medium.ai_label) for medium in own] == [
        ("Sơ đồ lối vào", None, LABEL),
        ("Cổng mới của bến", "Trung tâm điều hành", None),
    ]
    assert {str(medium.id) for medium in own}.isdisjoint({photo["id"], drawn["id"]})
    adapted = await desk.adapted(first, {"draft_id": draft}, channel_ids=[str(room.bulletin.id)])
    done = await room.act("approve", adapted, first.speaker, content_hash=adapted["content_hash"])
    assert done.status_code == 200, done.text
    await room.deliver()
    page = await room.client.get(f"/tin/{adapted['slug']}")
    assert 'alt="Cổng mới của bến"' in page.text
    file = await room.client.get(f"/tin/{adapted['slug']}/{photo['sha256']}")
    assert (file.status_code, file.headers["content-type"]) == (200, "image/jpeg")


async def test_a_unit_betters_its_own_words_and_the_citys_stay(desk: Desk) -> None:
    room, (first, _) = desk.newsroom, desk.wards
    photo = await upload(room, alt="Cổng mới của bến")
    [own] = await shown_by(room, await handed(desk, first, photo))
    url = f"{API}/media/{own.id}"
    assert (await room.client.patch(url, json={"alt": "Cổng ở phường"}, headers=room.editor)).status_code == 404
    assert (await room.client.patch(url, json={"alt": "Cổng ở phường"}, headers=first.editor)).status_code == 200
    told = (await room.client.get(f"{API}/media/{photo['id']}", headers=room.editor)).json()
    assert told["alt"] == "Cổng mới của bến"


async def test_a_picture_the_unit_has_already_keeps_its_words_and_learns_that_a_model_made_it(desk: Desk) -> None:
    room, (first, _) = desk.newsroom, desk.wards
    files = {"file": ("a.jpg", jpeg(), "application/octet-stream")}
    words = {"alt": "Ảnh của phường"}
    theirs = (await room.client.post(f"{API}/media", files=files, data=words, headers=first.editor)).json()
    put_away = await room.client.post(f"{API}/media/{theirs['id']}/archive", headers=first.editor)
    assert put_away.status_code == 200, put_away.text
    ours = await upload(room, alt="Ảnh của thành phố", is_ai_made="true", ai_label=LABEL)
    assert ours["sha256"] == theirs["sha256"]
    [own] = await shown_by(room, await handed(desk, first, ours))
    assert str(own.id) == theirs["id"]
    assert (own.alt, own.is_ai_made, own.ai_label, own.archived_at) == ("Ảnh của phường", True, LABEL, None)


async def test_each_copy_is_recorded_with_what_it_was_made_of(desk: Desk) -> None:
    room, (first, _) = desk.newsroom, desk.wards
    photo = await upload(room)
    [own] = await shown_by(room, await handed(desk, first, photo))
    async with room.db.transaction() as session:
        query = select(m.AuditEntry.facts).where(m.AuditEntry.object_id == own.id)
        facts = (await session.scalars(query)).one()
    assert (facts["copy_of"], facts["sha256"]) == (photo["id"], photo["sha256"])
