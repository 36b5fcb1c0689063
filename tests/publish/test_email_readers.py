"""Readers on the public pages: signing up in two steps, leaving in one, and nothing told of anybody."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common.db import Database
from services.publish import rotation
from services.publish.credentials import Vault
from services.publish.readers import jobs, rules
from tests.publish.newsroom import KEY
from tests.publish.readers import DAY, LINK, Office

DatabaseAs = Callable[[str], Database]
AN = "an@mot.example"
HOUR = timedelta(hours=1)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
pytestmark = pytest.mark.mission("M36", "M37")


async def counts(office: Office) -> dict[str, int]:
    told: dict[str, int] = (await office.seen())["readers"]
    return told


# --- signing up ---


async def test_the_page_asks_for_an_address_and_for_nothing_else(office: Office) -> None:
    page = await office.room.client.get("/nhan-tin")
    assert page.status_code == 200
    assert 'lang="vi"' in page.text
    assert page.text.count("<input") == 2, "the list, hidden, and the address"
    assert "set-cookie" not in page.headers
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await office.room.client.get("/nhan-tin/hang-ngay")).status_code == 200
    assert (await office.room.client.get("/nhan-tin/khong-co")).status_code == 404


async def test_nobody_is_written_to_before_they_said_so_themselves(office: Office) -> None:
    await office.ask(AN)
    await office.asked()
    assert (office.box.to, office.box.subjects) == ([AN], ["Xác nhận đăng ký nhận “Bản tin hằng ngày”"])
    link = LINK.search(office.box.text())
    assert link is not None
    looked = await office.room.client.get(link[1])
    assert looked.status_code == 200
    await office.published()
    await office.at_closing_time()
    assert (await counts(office))["pending"] == 1, "a mail scanner follows links"
    assert len(office.box.letters) == 1
    done = await office.room.client.post(link[1])
    assert (done.status_code, "set-cookie" in done.headers) == (200, False)
    assert (await office.room.client.post(link[1])).status_code == 200, "twice is once"
    assert await counts(office) == {"pending": 0, "confirmed": 1, "unsubscribed": 0, "bounced": 0, "complained": 0}
    await office.at_closing_time()
    assert len(office.box.letters) == 1, "from the next issue on"


async def test_a_link_that_is_late_or_forged_confirms_nothing(office: Office) -> None:
    await office.ask(AN)
    await office.asked()
    link = LINK.search(office.box.text())
    assert link is not None
    leaving = link[1].replace("/xac-nhan/", "/thoi/")
    for path in (link[1][:-1] + ("a" if link[1][-1] != "a" else "b"), link[1][:-4], link[1] + "a", leaving):
        assert (await office.room.client.get(path)).status_code == 404
        assert (await office.room.client.post(path, data=ONE_CLICK)).status_code == 404
    office.room.clock.advance(2 * DAY)
    assert (await office.room.client.post(link[1])).status_code == 404
    assert (await counts(office))["pending"] == 1


async def test_who_never_confirms_is_forgotten(office: Office) -> None:
    await office.ask(AN)
    office.room.clock.advance(DAY)
    await jobs.forget_unconfirmed(office.room.context)
    assert (await counts(office))["pending"] == 1
    office.room.clock.advance(DAY + HOUR)
    await jobs.forget_unconfirmed(office.room.context)
    assert await office.rows("mail_subscriptions") == ""


async def test_the_answer_never_tells_whether_an_address_is_known(office: Office) -> None:
    new = await office.ask("moi@mot.example")
    await office.subscribe(AN)
    office.box.answers["dau@mot.example"] = "550 5.1.1 unknown"
    answers = [new]
    for address in ("moi@mot.example", AN, AN.upper(), "dau@mot.example", "dau@mot.example"):
        answers.append(await office.ask(address))
        await office.asked()
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, new.text)}
    assert {tuple(sorted(answer.headers.items())) for answer in answers} == {tuple(sorted(new.headers.items()))}


async def test_nobody_is_flooded_with_letters_that_ask(office: Office) -> None:
    for _ in range(4):
        await office.ask(AN)
        await office.asked()
    assert len(office.box.letters) == 1
    for _ in range(6):
        office.room.clock.advance(2 * HOUR)
        await office.ask(AN)
        await office.asked()
    assert len(office.box.letters) == rules.MOST_ASKS


async def test_one_network_address_signs_up_so_many_an_hour(office: Office) -> None:
    office.room.resources.sender.settings.asks_per_hour = 3  # type: ignore[union-attr]
    for number in range(3):
        assert (await office.ask(f"b{number}@mot.example")).status_code == 200
    assert (await office.ask("b4@mot.example")).status_code == 429
    office.room.clock.advance(HOUR)
    assert (await office.ask("b4@mot.example")).status_code == 200


NO_ADDRESS = (
    "",
    "an",
    "an@",
    "@mot.example",
    "an@mot",
    "an @mot.example",
    "an@mot.example\r\nBcc: x@y.example",
    "ắ@b.vn",
)


async def test_what_is_no_address_is_said_to_be_none(office: Office) -> None:
    for typed in NO_ADDRESS:
        answer = await office.ask(typed)
        assert answer.status_code == 422, typed
        assert "ten@example.vn" in answer.text
    assert await office.rows("mail_subscriptions") == ""


async def test_another_site_cannot_sign_people_up(office: Office) -> None:
    answer = await office.room.client.post(
        "/nhan-tin", data={"list": "hang-ngay", "address": AN}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert await office.rows("mail_subscriptions") == ""


# --- leaving ---


async def test_one_click_without_cookies_and_redirects(office: Office) -> None:
    """As a mailbox's provider does it: both encodings of a form, and again where it did not hear the answer."""
    await office.subscribe(AN, "binh@hai.example")
    await office.published()
    await office.at_closing_time()
    for number, form in ((0, {"data": ONE_CLICK}), (1, {"files": {"List-Unsubscribe": (None, "One-Click")}})):
        for _ in range(2):
            answer = await office.room.client.post(office.leaving(number), **form)
            assert answer.status_code == 200
            assert not {"set-cookie", "location", "www-authenticate"} & set(answer.headers)
    assert await counts(office) == {"pending": 0, "confirmed": 0, "unsubscribed": 2, "bounced": 0, "complained": 0}


async def test_a_scanner_that_follows_links_unsubscribes_nobody(office: Office) -> None:
    await office.subscribe(AN)
    await office.published()
    await office.at_closing_time()
    for method in ("GET", "HEAD"):
        looked = await office.room.client.request(method, office.leaving())
        assert (looked.status_code, "set-cookie" in looked.headers) == (200, False)
    assert (await office.room.client.post(office.leaving())).status_code == 400, "nor a POST that does not say so"
    assert (await counts(office))["confirmed"] == 1


async def test_who_leaves_is_erased_at_once(office: Office) -> None:
    await office.subscribe(AN)
    await office.published(title="Tin một")
    await office.at_closing_time()
    await office.published(title="Tin hai")
    office.room.clock.advance(DAY)
    while await jobs.close_issues(office.room.context):
        pass
    await office.room.client.post(office.leaving(), data=ONE_CLICK)
    await office.send()
    assert office.box.subjects == ["[Bản tin hằng ngày] Tin một"], "also what was under way already"
    assert await office.states() == ["dropped", "handed_over"]
    async with office.room.db.transaction() as session:
        query = text("SELECT ciphertext, key_hash, domain_hash FROM mail_subscriptions")
        assert [tuple(row) for row in await session.execute(query)] == [(None, None, None)]
    assert await office.rows("mail_suppressions") == ""


async def test_who_left_may_come_back(office: Office) -> None:
    await office.subscribe(AN)
    await office.published()
    await office.at_closing_time()
    await office.room.client.post(office.leaving(), data=ONE_CLICK)
    await office.subscribe(AN)
    assert (await counts(office))["confirmed"] == 1


# --- what the database holds ---


async def test_the_database_keeps_an_ended_one_empty(office: Office) -> None:
    await office.subscribe(AN)
    for change in (
        "UPDATE mail_subscriptions SET state = 'ended', ended_at = now(), end_reason = 'unsubscribed'",
        "UPDATE mail_subscriptions SET ciphertext = NULL",
        "UPDATE mail_subscriptions SET key_hash = NULL",
    ):
        with pytest.raises(DBAPIError, match="erased_at_the_end"):
            async with office.room.worker_db.transaction() as session:
                await session.execute(text(change))


async def test_no_other_service_reads_subscriptions(db_as: DatabaseAs) -> None:
    for service in ("ingest", "classify", "reports"):
        for table in ("mail_subscriptions", "mail_suppressions", "digest_sends"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with db_as(service).transaction() as session:
                    await session.execute(text(f"SELECT * FROM {table}"))


async def test_addresses_follow_a_new_key(office: Office) -> None:
    await office.subscribe(AN)
    new = Vault(SecretStr("khoa-moi-cua-thanh-pho-0123456789-abcdef"), [SecretStr(KEY)])
    done = await rotation.rotate(office.room.worker_db, new)
    assert (done.rotated, done.remaining, done.unreadable) == (1, 0, [])
    object.__setattr__(office.room.resources, "vault", Vault(SecretStr("khoa-moi-cua-thanh-pho-0123456789-abcdef")))
    await office.published()
    await office.at_closing_time()
    assert office.box.to == [AN]
