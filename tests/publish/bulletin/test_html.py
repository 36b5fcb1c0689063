"""Every public page under the HTML standard's rules for elements, by html-validate (a validator of npm that knows
nothing of us): the bulletin in both languages, corrections, search, consultations, kits, subscriptions, the official
channel, the house rules, the feedback form and the transparency register."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libs.common.models.corrections import CorrectionStep
from libs.common.testing.make import Make
from services.ingest.main import SERVICE as INGEST
from services.publish import bulletin
from services.publish.bulletin import Figure, Reference
from services.publish.chrome import EDITIONS
from services.reports.main import SERVICE as REPORTS
from tests.publish.bulletin.test_editions import PAGES, SITE
from tests.publish.consultation.test_consultations import CHANGED, Asking, asking
from tests.publish.corrections.conftest import desk
from tests.publish.corrections.factcheck import NEWER, FactCheck
from tests.publish.entries import NOW, entry
from tests.publish.newsroom import Newsroom
from tests.publish.partners.conftest import shortlist
from tests.publish.partners.test_choice import sign, write
from tests.publish.partners.test_kits import given, partner, path
from tests.publish.pushing import PushRoom
from tests.publish.readers import LINK, Office
from tests.sandbox import npm

__all__ = ["asking", "desk", "partner", "shortlist"]
pytestmark = [pytest.mark.slow, pytest.mark.mission("M36")]
NAME, PACKAGE = "html-validate-9.7.1", "html-validate@9.7.1"
RULES = {
    "root": True,
    "extends": ["html-validate:standard", "html-validate:a11y", "html-validate:document"],
    # The page of notifications runs our own scripts from our own origin, and its form is sent by them alone.
    "rules": {"require-sri": "off", "wcag/h32": "off"},
}
Shown = dict[str, bytes]


async def faults(folder: Path, pages: Shown) -> list[str]:
    """One line for each: the page, the place, the rule and what is wrong."""
    program = await npm.installed(NAME, PACKAGE) / "node_modules/html-validate/bin/html-validate.mjs"
    rules = folder / "rules.json"
    rules.write_text(json.dumps(RULES))
    for name, page in pages.items():
        (folder / f"{name}.html").write_bytes(page)
    command = ("--config", str(rules), "--formatter", "json")
    report = folder / "report.json"
    script = 'node "$@" > "$REPORT" || test $? -eq 1'  # 1: something was found, which the report tells
    files = [str(folder / f"{name}.html") for name in pages]
    arguments = ("-c", script, "bash", str(program), *command, *files)
    await npm.run("bash", *arguments, cwd=folder, REPORT=str(report))
    return [
        f"{Path(file['filePath']).stem}:{one['line']}:{one['column']} {one['ruleId']}: {one['message']}"
        for file in json.loads(report.read_bytes())
        for one in file["messages"]
    ]


async def read(client: Any, *paths: str, status: int = 200) -> Shown:
    found = {}
    for each in paths:
        got = await client.get(each)
        assert got.status_code == status, (each, got.text)
        found[each.strip("/").replace("/", "-").replace("?", "-")[:80] or "front"] = got.content
    return found


async def test_the_validator_sees_what_is_wrong(tmp_path: Path) -> None:
    head = b'<!doctype html><html lang="vi"><head><title>Tin</title></head><body>'
    wrong = {
        "nested": head + b"<p>a<div>b</div></p></body></html>",
        "unknown": head + b"<tin>a</tin></body></html>",
        "attribute": head + b'<img alt="x"></body></html>',
        "twice": head + b'<p id="a">a</p><p id="a">b</p></body></html>',
    }
    assert {line.split(":")[0] for line in await faults(tmp_path, wrong)} == set(wrong)


async def test_pages_of_the_bulletin_hold_under_the_standard(tmp_path: Path) -> None:
    made = {f"{code}-{name.replace(' ', '-')}": page for (code, name), page in PAGES.items()}
    media = (Figure("a" * 64, "image/png", "Bến", 640, 400, "Sở"), Figure("b" * 64, "video/mp4", "Cảnh quay"))
    rich = entry(8, media=media, is_urgent=True, affects_rights=True, title='Đê & kè "số 3" <b>')
    updated = replace(rich, corrected_by=(Reference("moi", "Tin mới", NOW, CorrectionStep.UPDATE),))
    for edition in EDITIONS:
        made[f"{edition.code}-urgent"] = bulletin.index(SITE, [rich, entry(1)], ["2026-11"], NOW, edition)
        made[f"{edition.code}-rich"] = bulletin.page(SITE, rich, edition)
        made[f"{edition.code}-updated"] = bulletin.page(SITE, updated, edition)
    assert await faults(tmp_path, made) == []


async def test_corrections_sharing_and_search_hold_too(tmp_path: Path, desk: FactCheck) -> None:
    first = await desk.out(await desk.drafted(await desk.claim()))
    second = await desk.out(await desk.followed(first, "correction", verdict="tin_sai_su_that", evidence=[NEWER]))
    client = desk.room.client
    pages = await read(client, *[f"{at}/tin/{one['slug']}" for at in ("", "/en") for one in (first, second)])
    pages |= await read(client, "/", "/en", f"/chia-se/{first['slug']}", f"/chia-se/{second['slug']}")
    pages |= await read(client, "/tim?q=dap", "/en/tim?q=dap", "/tim", "/thang/2026-11", "/noi-quy")
    assert await faults(tmp_path, pages) == []


async def test_consultations_hold_too(tmp_path: Path, asking: Asking) -> None:
    made = await asking.draft()
    assert (await asking.do(f"/{made['id']}/open", asking.speaker)).is_success
    pages = await read(asking.client, "/gop-y", f"/gop-y/{made['slug']}")
    pages |= await read(asking.client, "/gop-y/khong-co", status=404)
    asking.newsroom.clock.advance(bulletin.RIGHTS_PINNED)
    told = await asking.do(f"/{made['id']}/what-changed", asking.speaker, what_changed=CHANGED)
    pages["changed"] = (await asking.client.get(f"/gop-y/{made['slug']}")).content
    assert await faults(tmp_path, pages) == []
    assert told.is_success, told.text


async def test_kits_of_partners_hold_too(tmp_path: Path, newsroom: Newsroom, partner: dict[str, Any]) -> None:
    waits = await given(newsroom, await newsroom.approved(title="Chưa đăng lên bản tin"), partner)
    pages = {"waits": (await newsroom.client.get(path(waits))).content}
    kit = await given(newsroom, await newsroom.published(), partner)
    pages["kit"] = (await newsroom.client.get(path(kit))).content
    pages["refused"] = (await newsroom.client.post(path(kit), data={"url": "x"})).content
    pages["unknown"] = (await newsroom.client.get("/bo-tin/khong-co-bo-tin-nay")).content
    assert await faults(tmp_path, pages) == []


async def test_the_official_channel_holds_too(tmp_path: Path, newsroom: Newsroom, make: Make) -> None:
    page = await make.channel("own_site", name="Trang Facebook")
    made = await write(newsroom, newsroom.bulletin, page)
    assert (await sign(newsroom, made.json())).is_success
    assert await faults(tmp_path, await read(newsroom.client, "/kenh-chinh-thuc")) == []


async def test_subscribing_by_mail_holds_too(tmp_path: Path, office: Office) -> None:
    client = office.room.client
    await office.ask("an@mot.example")
    await office.asked()
    link = LINK.search(office.box.text())
    assert link is not None
    pages = await read(client, "/nhan-tin", "/nhan-tin/hang-ngay")
    pages["asks"] = (await client.get(link[1])).content
    pages["told"] = (await client.post(link[1])).content
    pages["wrong"] = (await client.post("/nhan-tin", data={"list": "hang-ngay", "address": "x"})).content
    assert await faults(tmp_path, pages) == []


async def test_subscribing_by_browser_holds_too(tmp_path: Path, pushroom: PushRoom) -> None:
    assert await faults(tmp_path, await read(pushroom.room.client, "/thong-bao/")) == []


async def test_the_feedback_form_and_the_register_hold_too(tmp_path: Path, newsroom: Newsroom, client_for: Any) -> None:
    ingest = await client_for(INGEST, public_url=SITE.origin, replay=True)
    pages = await read(ingest, "/gui-phan-anh", "/gui-phan-anh/theo-doi")
    pages["wrong"] = (await ingest.post("/gui-phan-anh", data={"subject": ""})).content
    reports = await client_for(REPORTS, public_url=SITE.origin)
    pages |= await read(reports, "/minh-bach")
    assert await faults(tmp_path, pages) == []
