"""A draft from a story quotes public sources with their links, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.testing.make import Make
from services.publish import domain
from tests.publish.newsroom import API, Newsroom


async def story(newsroom: Newsroom, make: Make, contents: list[tuple[m.Source, m.Content]]) -> m.Story:
    now = newsroom.clock.now()
    made = await make.add(
        m.Story(
            id=new_id(now),
            title="Ngập ở nhiều tuyến phố",
            field="thien_tai",
            first_at=now,
            last_at=now,
            items=len(contents),
            sources=len(contents),
            version=1,
        )
    )
    for source, content in contents:
        row = m.StoryItem(
            content_id=content.id, story_id=made.id, source_id=source.id, score=1.0, epoch=1, assigned_at=now
        )
        await make.add(row)
    return made


async def told(make: Make, group: str, **values: Any) -> tuple[m.Source, m.Content]:
    source = await make.source(group=group)
    return source, await make.content(source, **values)


async def ask(newsroom: Newsroom, story_id: Any) -> Any:
    body = {"story_id": str(story_id), "channel_ids": [str(newsroom.bulletin.id)]}
    return await newsroom.client.post(f"{API}/publications/from-story", json=body, headers=newsroom.editor)


async def test_sources_are_quoted_short_and_linked(newsroom: Newsroom, make: Make) -> None:
    early = newsroom.clock.now() - timedelta(hours=3)
    first = await told(make, "press", title="Phố ngập sâu", summary="Nước dâng " * 90, published_at=early)
    second = await told(make, "portal", title="Sở Xây dựng thông tin", summary="Gọi 0912345678 để báo")
    citizen = await told(make, "citizen", kind="report", title="TÔI BỊ NGẬP", url="https://x.example/1")
    forum = await told(make, "forum", kind="post", title="DIỄN ĐÀN BÀN TÁN")
    made = (await ask(newsroom, (await story(newsroom, make, [first, second, citizen, forum])).id)).json()
    body = made["body"]
    assert body.startswith(domain.AUTO_DRAFT)
    assert "2 nguồn công khai" in body
    assert first[1].url in body
    assert body.index(first[1].url) < body.index(second[1].url)
    assert "TÔI BỊ NGẬP" not in body
    assert "DIỄN ĐÀN" not in body
    assert "0912345678" not in body
    quotes = [line.split("“")[1].split("”")[0] for line in body.splitlines() if "“" in line]
    assert all(len(quote) <= 300 for quote in quotes)
    assert made["source_note"] == f"{first[0].name}; {second[0].name}"
    assert (made["state"], made["ai_label"], made["title"]) == ("draft", None, "Ngập ở nhiều tuyến phố")


@pytest.mark.mission("M28")
async def test_it_cannot_go_out_before_a_person_edited_it(newsroom: Newsroom, make: Make) -> None:
    made = (await ask(newsroom, (await story(newsroom, make, [await told(make, "press")])).id)).json()
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 409
    edited = {"body": "Thành phố đã cử lực lượng bơm nước.", "title": "Ứng phó ngập úng"}
    url = f"{API}/publications/{made['id']}"
    await newsroom.client.patch(url, json=edited, headers=newsroom.editor)
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200


async def test_a_story_that_is_not_there(newsroom: Newsroom) -> None:
    missing = await ask(newsroom, newsroom.bulletin.id)
    assert (missing.status_code, missing.json()["title"]) == (404, "Không tìm thấy câu chuyện")
