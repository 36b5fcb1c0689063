"""What readers see of media, corrections and urgency on the bulletin, and that what is withdrawn is gone with its
pictures."""

import json
from typing import Any

import pytest
from lxml import html

from tests.publish.library import jpeg, upload
from tests.publish.newsroom import Newsroom
from tests.publish.officers import Officers
from tests.publish.test_images import movie

LABEL = "Ảnh do trí tuệ nhân tạo tạo ra"


async def page_of(newsroom: Newsroom, made: dict[str, Any]) -> html.HtmlElement:
    got = await newsroom.client.get(f"/tin/{made['slug']}")
    return html.document_fromstring(got.text)


def figures(page: html.HtmlElement) -> list[str]:
    return [" ".join(figure.text_content().split()) for figure in page.iter("figure")]


@pytest.mark.mission("M38")
async def test_a_page_shows_its_pictures_with_alt_credit_and_label(newsroom: Newsroom) -> None:
    photo = await upload(newsroom, alt="Xe buýt ở bến", credit="Trung tâm điều hành")
    drawn = await upload(newsroom, jpeg(800, 800), alt="Sơ đồ tuyến", is_ai_made="true", ai_label=LABEL)
    clip = await upload(newsroom, movie(), alt="Cảnh quay bến xe")
    done = await newsroom.published(media_ids=[photo["id"], drawn["id"], clip["id"]])
    page = await page_of(newsroom, done)
    assert [image.get("alt") for image in page.iter("img")] == ["Xe buýt ở bến", "Sơ đồ tuyến"]
    assert [image.get("width") for image in page.iter("img")] == ["640", "800"]
    assert figures(page) == ["Nguồn: Trung tâm điều hành", LABEL, "Cảnh quay bến xe"]
    assert "Có sử dụng AI" in page.text_content()
    [video] = page.iter("video")
    assert video.get("aria-label") == "Cảnh quay bến xe"
    shared = {meta.get("property"): meta.get("content") for meta in page.iter("meta") if meta.get("property")}
    assert shared["og:image"] == page.find(".//img").get("src")
    assert shared["og:image:alt"] == "Xe buýt ở bến"
    assert len(json.loads(page.find(".//script").text)["image"]) == 2
    feed = (await newsroom.client.get("/feed.json")).json()
    assert 'alt="Sơ đồ tuyến"' in feed["items"][0]["content_html"]


async def test_a_picture_is_public_only_while_its_page_shows_it(newsroom: Newsroom) -> None:
    medium = await upload(newsroom)
    made = await newsroom.draft(media_ids=[medium["id"]])
    other = await newsroom.published(title="Tin khác, không có ảnh")
    path = f"/tin/{made['slug']}/{medium['sha256']}"
    assert (await newsroom.client.get(path)).status_code == 404
    await newsroom.act("submit", made, newsroom.editor)
    await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    await newsroom.deliver()
    got = await newsroom.client.get(path)
    assert (got.status_code, got.headers["content-type"]) == (200, "image/jpeg")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert (await newsroom.client.get(f"/tin/{other['slug']}/{medium['sha256']}")).status_code == 404
    for nowhere in ("0" * 64, "..%2F..%2Fetc", medium["sha256"].upper()):
        assert (await newsroom.client.get(f"/tin/{made['slug']}/{nowhere}")).status_code == 404
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Ảnh sai địa điểm")
    await newsroom.take_down()
    assert (await newsroom.client.get(f"/tin/{made['slug']}")).status_code == 410
    assert (await newsroom.client.get(path)).status_code == 404


async def test_a_correction_and_what_it_corrects_lead_to_each_other(newsroom: Newsroom) -> None:
    original = await newsroom.published(title="Xe buýt 32 đổi đường từ 1/12")
    assert "đã được cải chính" not in (await page_of(newsroom, original)).text_content()
    correction = await newsroom.draft(title="Xe buýt 32 đổi từ 2/12", kind="correction", corrects_id=original["id"])
    await newsroom.act("submit", correction, newsroom.editor)
    for speaker in (newsroom.speaker, newsroom.second_speaker):
        told = await newsroom.act("approve", correction, speaker, content_hash=correction["content_hash"])
        assert told.status_code == 200, told.text
    await newsroom.deliver()
    first, second = await page_of(newsroom, original), await page_of(newsroom, correction)
    leads = [link.get("href") for link in first.iter("a") if "Xe buýt 32 đổi từ 2/12" in link.text_content()]
    back = [link.get("href") for link in second.iter("a") if "Xe buýt 32 đổi đường từ 1/12" in link.text_content()]
    assert leads == [f"https://tin.example.vn/tin/{correction['slug']}"]
    assert back == [f"https://tin.example.vn/tin/{original['slug']}"]
    assert "Tin này đã được cải chính" in first.text_content()
    assert "Tin này cải chính tin" in " ".join(second.text_content().split())
    front = html.document_fromstring((await newsroom.client.get("/")).text).text_content()
    assert "Đã được cải chính" in front
    await newsroom.act("withdraw", original, newsroom.speaker, reason="Tin gốc sai hoàn toàn")
    await newsroom.take_down()
    again = " ".join((await page_of(newsroom, correction)).text_content().split())
    assert "một tin đã được rút" in again
    assert "Xe buýt 32 đổi đường từ 1/12" not in again


async def test_what_is_urgent_says_so_for_ever(newsroom: Newsroom, officers: Officers) -> None:
    one, two = await officers.on_duty(), await officers.on_duty()
    made = await newsroom.draft(is_urgent=True, urgent_reason="Đê hữu Hồng có nguy cơ tràn", title="Sơ tán bãi giữa")
    await newsroom.act("submit", made, newsroom.editor)
    for officer in (one, two):
        told = await newsroom.act("approve", made, officer.headers, content_hash=made["content_hash"])
        assert told.status_code == 200, told.text
    await newsroom.deliver()
    assert "KHẨN" in (await page_of(newsroom, made)).text_content()
    assert "KHẨN" in (await newsroom.client.get("/")).text
