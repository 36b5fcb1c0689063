"""What a correction's page and those before it say: truly what became of them, and the evidence once."""

import pytest
from lxml import html

from services.publish.corrections.rules import Evidence
from services.publish.corrections.wording import EVIDENCE, without_evidence
from tests.publish.corrections.factcheck import NEWER, PROOF, FactCheck

LIST = f"{EVIDENCE}\n- {PROOF['title']}: {PROOF['url']}"
ONE = (Evidence(PROOF["title"], PROOF["url"]),)
BOTH = (*ONE, Evidence(NEWER["title"], NEWER["url"]))


async def told(desk: FactCheck, publication: dict[str, object]) -> str:
    page = html.document_fromstring(await desk.page(publication)).find(".//main")
    return " ".join(page.text_content().split())


@pytest.mark.mission("M08", "M36")
async def test_a_page_that_was_only_updated_does_not_say_it_was_corrected(desk: FactCheck) -> None:
    first = await desk.out(await desk.drafted(await desk.claim()))
    update = await desk.out(await desk.followed(first, "update"))
    said = await told(desk, first)
    assert "Tin này đã có bản cập nhật" in said
    assert "Đã có tin cập nhật" in said
    assert "ải chính" not in said.replace(first["title"], "")
    front = (await desk.room.client.get("/")).text
    assert "Đã có tin cập nhật" in front
    assert "Đã được cải chính" not in front
    shared = (await desk.room.client.get(f"/chia-se/{first['slug']}")).text
    assert "Tin này đã có bản cập nhật" in shared
    assert f"/chia-se/{update['slug']}" in shared
    english = (await desk.room.client.get(f"/en/tin/{first['slug']}")).text
    assert "Updated since" in english
    assert "Corrected since" not in english


@pytest.mark.mission("M08")
async def test_what_follows_an_update_is_told_on_the_first_page_too(desk: FactCheck) -> None:
    first = await desk.out(await desk.drafted(await desk.claim()))
    update = await desk.out(await desk.followed(first, "update"))
    wrong = await desk.out(await desk.followed(update, "correction", verdict="tin_sai_su_that", evidence=[NEWER]))
    said = await told(desk, first)
    assert "Tin này đã được cải chính" in said
    page = html.document_fromstring(await desk.page(first))
    leads = page.xpath("//aside[contains(@class, 'warn')]//a/@href")
    assert [f"/tin/{each['slug']}" in leads[at] for at, each in enumerate((update, wrong))] == [True, True]
    assert "Tin này đã được cải chính" in await told(desk, update)


@pytest.mark.mission("M08")
async def test_a_verdict_that_was_taken_back_says_so(desk: FactCheck) -> None:
    first = await desk.out(await desk.drafted(await desk.claim()))
    await desk.out(await desk.followed(first, "cancel"))
    said = await told(desk, first)
    assert "Đã được thu hồi" in said
    assert "không còn giá trị" in said
    assert "Tin này đã được cải chính" not in said


@pytest.mark.mission("M08")
async def test_the_evidence_stands_once_beside_the_verdict(desk: FactCheck) -> None:
    made = await desk.out(await desk.drafted(await desk.claim(evidence=[PROOF, NEWER])))
    page = html.document_fromstring(await desk.page(made))
    for one in (PROOF, NEWER):
        [link] = page.xpath("//main//a[@href=$url]", url=one["url"])
        assert (link.text_content(), link.xpath("boolean(ancestor::aside)")) == (one["title"], True)
    assert page.find(".//main").text_content().count("Căn cứ") == 1
    assert PROOF["url"] in made["body"], "channels without a page of ours need it in the words"


@pytest.mark.mission("M08")
async def test_what_an_editor_made_of_the_evidence_stays_and_is_not_told_twice(desk: FactCheck) -> None:
    draft = await desk.drafted(await desk.claim(evidence=[PROOF, NEWER]))
    listed = f"- {NEWER['title']}: {NEWER['url']}"
    assert listed in draft["body"]
    draft["body"] = draft["body"].replace(listed, "Biên bản sẽ được công bố.")
    made = await desk.out(draft)
    page = html.document_fromstring(await desk.page(made))
    [inside] = page.xpath("//main//a[@href=$url]", url=PROOF["url"])
    assert inside.xpath("boolean(ancestor::aside)") is False
    [beside] = page.xpath("//main//a[@href=$url]", url=NEWER["url"])
    assert beside.xpath("boolean(ancestor::aside)") is True


@pytest.mark.parametrize(
    ("body", "evidence", "left"),
    [
        (f"Là tin giả.\n\n{LIST}\n\nĐề nghị.", ONE, "Là tin giả.\n\n\nĐề nghị."),
        (f"Là tin giả.\r\n\r\n{LIST}", ONE, "Là tin giả.\n"),
        (LIST, ONE, ""),
        (f"{LIST}\n- Thêm: https://a.vn", ONE, f"{LIST}\n- Thêm: https://a.vn"),
        (f"{LIST} (xem trang 2)", ONE, f"{LIST} (xem trang 2)"),
        (LIST, BOTH, LIST),
        ("Là tin giả.", ONE, "Là tin giả."),
        ("", (), ""),
    ],
)
def test_only_the_templates_own_list_is_left_out(body: str, evidence: tuple[Evidence, ...], left: str) -> None:
    assert without_evidence(body, evidence) == left
