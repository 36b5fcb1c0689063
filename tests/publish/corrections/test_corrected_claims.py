"""From a checked claim to every channel where it was seen, by two besides the editor, tracked until all carry it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import ChannelState
from tests.publish.corrections.factcheck import NEWER, PROOF, TOLD, FactCheck, slug_of
from tests.publish.test_takedown_cases import SHOWN, done, events, tasks

Pages = Callable[..., Any]
FORUM = "https://dien-dan.example.vn"


async def on_site(desk: FactCheck, channel: m.Channel, site: str) -> m.Channel:
    async with desk.room.db.transaction() as session:
        row = await session.get_one(m.Channel, channel.id)
        row.settings = {**row.settings, "site": site}
    return channel


def claim_review_of(page: str) -> dict[str, Any] | None:
    """The page's ClaimReview, held to the shape that schema.org and fact-checkers' readers ask for."""
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    found = [each for each in map(json.loads, blocks) if each["@type"] == "ClaimReview"]
    if not found:
        return None
    [review] = found
    assert set(review) == {
        "@context", "@type", "@id", "url", "headline", "claimReviewed", "itemReviewed", "datePublished", "inLanguage",
        "author", "publisher", "reviewRating", "citation",
    }  # fmt: skip
    assert review["@context"] == "https://schema.org"
    assert urlsplit(review["url"]).path.startswith("/tin/")
    assert review["author"]["@type"] == "GovernmentOrganization"
    assert review["author"]["name"]
    assert review["author"]["url"].startswith("https://")
    assert review["itemReviewed"]["@type"] == "Claim"
    assert set(review["itemReviewed"]) <= {"@type", "name", "datePublished"}, "who made the claim is not named"
    rating = review["reviewRating"]
    assert set(rating) == {"@type", "alternateName", "ratingValue", "worstRating", "bestRating"}
    assert rating["worstRating"] <= rating["ratingValue"] <= rating["bestRating"]
    assert rating["alternateName"] in {"Tin giả", "Tin sai sự thật", "Tin xác thực"}
    assert all(one["url"].startswith("https://") and one["name"] for one in review["citation"])
    return dict(review)


@pytest.mark.mission("M08", "M30")
async def test_it_goes_where_the_claim_was_seen_and_is_tracked_until_it_is_everywhere(
    desk: FactCheck, pages: Pages
) -> None:
    (seen, page), (_, other) = await pages("a"), await pages("b")
    await on_site(desk, seen, FORUM)
    claim = await desk.claim()
    forum = await desk.seen(claim, f"{FORUM}/chu-de/7", group="forum", ago=timedelta(hours=5))
    rumour = await desk.seen(claim, "https://b.example/tin-don-b", state="suggested", ago=timedelta(hours=9))
    proposal = await desk.get("/proposal", claim_id=str(claim.id))
    assert [p["source_id"] for p in proposal["places"]] == [str(forum.id)], "what nobody confirmed proposes nothing"
    draft = await desk.drafted(claim)
    assert draft["title"].startswith("Tin giả – ")
    assert all(part in draft["body"] for part in (TOLD, PROOF["url"], PROOF["title"], "Bản nháp tự động"))
    unedited = await desk.room.act("submit", draft, desk.room.editor)
    assert slug_of(unedited) == "still-automatic"
    made = await desk.released(draft)
    desk.room.clock.advance(timedelta(minutes=10))
    before = await desk.read(made)
    assert (before["is_open"], before["missing"], before["timing"]["first_channel_at"]) == (True, 2, None)
    await desk.room.deliver()
    after = await desk.read(made)
    assert (after["is_open"], after["missing"]) == (False, 0)
    assert {c["channel_id"]: c["reason"] for c in after["channels"]} == {
        str(desk.room.bulletin.id): "bulletin",
        str(seen.id): "seen",
    }
    assert all(c["is_carried"] and c["url"] for c in after["channels"])
    assert [post.endswith(made["title"]) for post in page.posts.values()] == [True]
    assert other.posts == {}
    timing = after["timing"]
    assert timing["seconds_to_approved"] == 5 * 3600
    assert timing["seconds_to_first_channel"] == timing["seconds_to_all_channels"] == 5 * 3600 + 600
    review = claim_review_of(await desk.page(made))
    assert review is not None
    assert (review["claimReviewed"], review["reviewRating"]["ratingValue"]) == (TOLD, 1)
    [event] = await events(desk.room, "lantoa.correction.published.v1")
    assert (event["claim_id"], event["verdict"], event["step"], event["reference_ids"]) == (
        str(claim.id), "tin_gia", "alert", [],
    )  # fmt: skip
    public = desk.shown_files()
    assert TOLD in public
    assert not any(word in public for word in (str(rumour.id), rumour.name, "tin-don-b", "Tin đồn vỡ đập"))


NOT_TO_BE_SAID: list[tuple[dict[str, Any], str]] = [
    ({"verdict": "chua_xac_minh", "state": "open"}, "verdict-not-public"),
    ({"verdict": "chua_xac_minh", "state": "checked"}, "verdict-not-public"),
    ({"verdict": None, "state": "open"}, "verdict-not-public"),
    ({"verdict": "tin_gia", "evidence": []}, "evidence-missing"),
    ({"verdict": "tin_gia", "evidence": [{"title": "Nghe nói", "url": "nghe-noi"}]}, "evidence-missing"),
]


@pytest.mark.mission("M08")
async def test_what_is_not_verified_or_not_proven_is_refused(desk: FactCheck) -> None:
    for claim, slug in NOT_TO_BE_SAID:
        made = await desk.claim(**claim)
        refused = await desk.post("", claim_id=str(made.id))
        assert (refused.status_code, slug_of(refused)) == (409, slug), claim
        assert refused.json()["title"]
        assert refused.json()["detail"]


@pytest.mark.mission("M08")
async def test_two_besides_the_editor_release_it(desk: FactCheck, db_as: Callable[[str], Database]) -> None:
    made = await desk.in_review(await desk.drafted(await desk.claim()))
    own = await desk.room.act("approve", made, desk.room.editor, content_hash=made["content_hash"])
    assert own.status_code == 403
    await desk.room.act("approve", made, desk.room.speaker, content_hash=made["content_hash"])
    assert await desk.room.deliver() == 0
    with pytest.raises(DBAPIError, match="not been approved by a second person"):
        async with db_as("publish").transaction() as session:
            await session.execute(text("UPDATE publications SET state = 'approved' WHERE id = :id"), {"id": made["id"]})


@pytest.mark.mission("M08")
async def test_its_words_keep_at_least_one_piece_of_evidence(desk: FactCheck) -> None:
    draft = await desk.drafted(await desk.claim())
    url = f"/api/publish/v1/publications/{draft['id']}"
    await desk.room.client.patch(url, json={"body": "Đó là tin giả."}, headers=desk.room.editor)
    refused = await desk.room.act("submit", draft, desk.room.editor)
    assert (refused.status_code, slug_of(refused)) == (409, "evidence-missing")


@pytest.mark.mission("M08")
async def test_a_plain_correction_without_claim_or_original_is_not_submitted(desk: FactCheck) -> None:
    made = await desk.room.draft(kind="correction", title="Cải chính")
    refused = await desk.room.act("submit", made, desk.room.editor)
    assert (refused.status_code, slug_of(refused)) == (409, "evidence-missing")


@pytest.mark.mission("M08", "M30")
async def test_a_channel_that_misses_it_keeps_it_open_with_a_task(desk: FactCheck, pages: Pages) -> None:
    (strict, page), (closed, _) = await pages("a"), await pages("b")
    page.takes = False
    claim = await desk.claim()
    for channel, site in ((strict, FORUM), (closed, "https://nhom.example.vn")):
        await on_site(desk, channel, site)
        await desk.seen(claim, f"{site}/7", group="forum")
    async with desk.room.db.transaction() as session:
        (await session.get_one(m.Channel, closed.id)).state = ChannelState.NEEDS_RECONNECT
    made = await desk.out(await desk.drafted(claim))
    found = await desk.read(made)
    assert (found["is_open"], found["missing"], found["timing"]["all_channels_at"]) == (True, 2, None)
    assert found["timing"]["first_channel_at"] is not None
    waiting = await tasks(desk.room, "correction_elsewhere")
    assert {t["id"] for t in waiting} == {c["task_id"] for c in found["channels"] if not c["is_carried"]}
    assert {name for t in waiting for name in ("Kênh a", "Kênh b") if name in t["title"]} == {"Kênh a", "Kênh b"}
    for task in waiting:
        assert (await done(desk.room, task, outcome="done")).status_code == 422, "an address shows it"
        assert (await desk.read(made))["is_open"]
        assert (await done(desk.room, task, outcome="done", evidence_url=SHOWN)).status_code == 200
    found = await desk.read(made)
    assert (found["is_open"], {c["url"] for c in found["channels"]} >= {SHOWN}) == (False, True)
    assert found["timing"]["all_channels_at"] is not None


@pytest.mark.mission("M08")
async def test_a_verdict_that_changed_since_is_not_announced(desk: FactCheck, db_as: Callable[[str], Database]) -> None:
    claim = await desk.claim()
    made = await desk.in_review(await desk.drafted(claim))
    await desk.room.act("approve", made, desk.room.speaker, content_hash=made["content_hash"])
    async with db_as("classify").transaction() as session:
        (await session.get_one(m.Claim, claim.id)).verdict = "chua_xac_minh"
    refused = await desk.room.act("approve", made, desk.room.second_speaker, content_hash=made["content_hash"])
    assert (refused.status_code, slug_of(refused)) == (409, "verdict-changed")


@pytest.mark.mission("M08")
async def test_one_claim_has_one_chain(desk: FactCheck) -> None:
    claim = await desk.claim()
    draft = await desk.drafted(claim)
    again = await desk.post("", claim_id=str(claim.id))
    assert (again.status_code, slug_of(again)) == (409, "correction-exists")
    assert draft["id"] in again.json()["detail"]
    proposal = await desk.get("/proposal", claim_id=str(claim.id))
    assert proposal["existing_id"] == draft["id"]
    await desk.room.act("withdraw", draft, desk.room.speaker, reason="Soạn lại từ đầu")
    assert (await desk.post("", claim_id=str(claim.id))).status_code == 201, "what was killed stands in nobody's way"


@pytest.mark.mission("M08")
async def test_how_long_corrections_took(desk: FactCheck) -> None:
    for hours in (2, 4):
        claim = await desk.claim(text=f"{TOLD} lần {hours}")
        await desk.seen(claim, "https://a.example/7", ago=timedelta(hours=hours))
        await desk.out(await desk.drafted(claim))
    await desk.out(await desk.drafted(await desk.claim(text="Tin chưa thấy ở đâu cả")))
    found = await desk.get("/timing", days=30)
    assert found["corrections"] == 3
    assert found["to_first_channel"] == {"measured": 2, "seconds": 3 * 3600.0}, "what is not known is not 0"


@pytest.mark.mission("M08")
async def test_the_desk_lists_what_is_open(desk: FactCheck) -> None:
    first = await desk.out(await desk.drafted(await desk.claim()))
    await desk.drafted(await desk.claim(text="Một tuyên bố khác hẳn về giá điện"))
    assert [one["publication_id"] for one in (await desk.get("", tracked="true"))["items"]] == [first["id"]]
    assert len((await desk.get(""))["items"]) == 2


async def test_personal_data_in_a_claim_is_masked(desk: FactCheck) -> None:
    claim = await desk.claim(text="Gọi ngay 0912 345 678 để được đổi thẻ bảo hiểm y tế mới")
    draft = await desk.drafted(claim, affects_rights=True)
    assert "0912" not in json.dumps(draft, ensure_ascii=False)
    assert draft["affects_rights"] is True


@pytest.mark.mission("M08")
async def test_new_evidence_goes_into_an_update(desk: FactCheck) -> None:
    first = await desk.out(await desk.drafted(await desk.claim()))
    draft = await desk.followed(first, "update", evidence=[NEWER])
    assert NEWER["url"] in draft["body"]
    assert PROOF["url"] not in draft["body"]
