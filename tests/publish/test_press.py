"""The press kit: newsrooms get each version once by each way, keep embargoes, and are told of what is withdrawn."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import etree
from NewsMLG2 import document as newsmlg2
from pydantic import SecretStr

from libs.common.checkpoint import no_checkpoint
from libs.common.logs import clean
from libs.common.testing.make import Make
from services.publish.adapters.base import Deleted, StillLive
from services.publish.main import SERVICE
from services.publish.settings import PublishGroup
from tests.common.hook import running_hook
from tests.common.letterbox import running_letterbox
from tests.publish import newsroom as rooms
from tests.publish.conformance.theatre import sign_in_for_long
from tests.publish.library import jpeg, upload
from tests.publish.newsroom import API, Newsroom
from tests.publish.ninjs31 import valid
from tests.publish.pressing import KEY, TOKENS, PressRoom, partners
from tests.publish.test_corrections import correction, released

MINUTE = timedelta(minutes=1)
ATOM = {"a": "http://www.w3.org/2005/Atom", "at": "http://purl.org/atompub/tombstones/1.0"}


@pytest.fixture
async def pressroom(newsroom: Newsroom, make: Make, client_for: Any, issuer: Path) -> AsyncIterator[PressRoom]:
    await sign_in_for_long(newsroom, make, issuer)
    async with running_letterbox() as box, running_hook() as hook:
        group = PublishGroup(credentials_key=SecretStr(rooms.KEY))
        newsroom.client = await client_for(
            SERVICE, public_url="https://tin.example.vn", publish=group, mail=box.settings()
        )
        newsroom.resources = newsroom.client._transport.app.state.resources  # type: ignore[attr-defined]
        found = PressRoom(newsroom, hook, box, newsroom.bulletin)
        found.channel = await found.registered("bao-chi")
        yield found


# --- what goes out ---


async def test_each_partner_gets_it_by_its_own_way_once(pressroom: PressRoom) -> None:
    await pressroom.published(title="Xe buýt 32 đổi lộ trình", body="Từ ngày 1/12.\n\n- Vé tháng vẫn dùng.")
    assert await pressroom.turn() == 2
    assert await pressroom.turn() == 0
    [call] = pressroom.hook.calls
    assert call.is_signed_by(KEY)
    posted = valid(call.document)
    assert (posted["version"], posted["pubStatus"], posted["language"]) == ("1", "usable", "vi")
    assert posted["headlines"][0]["value"] == "Xe buýt 32 đổi lộ trình"
    assert posted["bodies"][0]["value"] == "<p>Từ ngày 1/12.</p>\n<ul><li>Vé tháng vẫn dùng.</li></ul>"
    assert posted["subjects"][0]["uri"] == "http://cv.iptc.org/newscodes/mediatopic/11000000"
    [(to, letter)] = pressroom.box.letters
    assert to == "toasoan@daib.example"
    assert letter["Subject"] == "Xe buýt 32 đổi lộ trình"
    assert "Từ ngày 1/12." in letter.get_body().get_content()  # type: ignore[union-attr]
    attached = {part.get_filename(): part.get_content() for part in letter.iter_attachments()}
    assert {name.rpartition(".")[2] for name in attached} == {"json", "xml"}
    assert set((await pressroom.sends()).values()) == {"accepted"}


async def test_a_receiver_that_fails_is_tried_again_under_the_same_id(pressroom: PressRoom) -> None:
    await pressroom.published()
    pressroom.hook.status = 503
    await pressroom.turn()
    assert (await pressroom.sends())["bao-a", "post", 1] == "queued"
    pressroom.hook.status = 204
    await pressroom.turn()
    assert len(pressroom.hook.calls) == 1
    pressroom.room.clock.advance(MINUTE)
    await pressroom.turn()
    assert (await pressroom.sends())["bao-a", "post", 1] == "accepted"
    first, second = pressroom.hook.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


async def test_after_the_last_try_it_has_failed_and_staff_see_why(pressroom: PressRoom) -> None:
    await pressroom.published()
    pressroom.hook.status = 500
    for wait in (0, 1, 5, 30, 120, 720):
        pressroom.room.clock.advance(wait * MINUTE)
        await pressroom.turn()
    assert len(pressroom.hook.calls) == 6
    assert (await pressroom.sends())["bao-a", "post", 1] == "failed"
    shown = await pressroom.room.client.get(
        f"{API}/channels/{pressroom.channel.id}/press", headers=pressroom.room.editor
    )
    assert shown.status_code == 200, shown.text
    [version] = shown.json()["versions"]
    [post] = [each for each in version["sends"] if each["way"] == "post"]
    assert (post["name"], post["attempts"], post["trouble"]) == ("Báo A", 6, "127.0.0.1 answered 500")


async def test_a_refused_address_is_not_written_to_again(pressroom: PressRoom) -> None:
    pressroom.box.answers["toasoan@daib.example"] = "550 5.1.1 no such user"
    await pressroom.published()
    await pressroom.turn()
    assert (await pressroom.sends())["dai-b", "mail", 1] == "failed"


async def test_a_letter_sent_again_has_the_same_id(pressroom: PressRoom) -> None:
    pressroom.box.data = "451 later"
    await pressroom.published()
    await pressroom.turn()
    pressroom.box.data, pressroom.box.hangs_up = None, True
    pressroom.room.clock.advance(MINUTE)
    await pressroom.turn()
    pressroom.box.hangs_up = False
    pressroom.room.clock.advance(5 * MINUTE)
    await pressroom.turn()
    ids = [letter["Message-ID"] for _, letter in pressroom.box.letters]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_what_a_dead_worker_had_in_hand_is_sent_again_under_the_same_id(pressroom: PressRoom) -> None:
    class Dead(Exception):
        pass

    async def die(name: str) -> None:
        if name == "press_out":
            raise Dead

    await pressroom.published()
    object.__setattr__(pressroom.room.resources, "checkpoint", die)
    with pytest.raises(Dead):
        await pressroom.turn()
    object.__setattr__(pressroom.room.resources, "checkpoint", no_checkpoint)
    assert await pressroom.turn() == 0
    pressroom.room.clock.advance(3 * MINUTE)
    await pressroom.turn()
    assert len({call.headers["webhook-id"] for call in pressroom.hook.calls}) == 1
    assert set((await pressroom.sends()).values()) == {"accepted"}


async def test_nothing_goes_out_before_it_is_seen_to_be_put_nor_while_paused(pressroom: PressRoom) -> None:
    await pressroom.published()
    paused = await pressroom.room.client.post(
        f"{API}/pauses", json={"reason": "Rà soát lại mọi tin"}, headers=pressroom.room.speaker
    )
    assert paused.is_success, paused.text
    assert await pressroom.turn() == 0
    assert (await pressroom.items())["items"] == []


# --- the feed ---


async def test_the_feed_has_the_whole_text_in_three_forms(pressroom: PressRoom) -> None:
    made = await upload(pressroom.room, jpeg(1600, 900), alt="Bến Giáp Bát sáng nay", credit="Sở Giao thông")
    await pressroom.published(title="Bến Giáp Bát", body="Toàn văn <của> tin & hết.", media_ids=[made["id"]])
    listed = await pressroom.items()
    [item] = [valid(each) for each in listed["items"]]
    assert "Toàn văn &lt;của&gt; tin &amp; hết." in item["bodies"][0]["value"]
    [picture] = item["associations"]
    assert picture["descriptions"][0] == {
        "role": "altText",
        "contentType": "text/plain",
        "value": "Bến Giáp Bát sáng nay",
    }
    assert picture["renditions"][0]["name"] == "highRes"
    assert picture["renditions"][0]["width"] > picture["renditions"][-1]["width"]
    file = await pressroom.read("/files/" + picture["renditions"][0]["href"].rpartition("/")[2])
    assert (file.status_code, file.headers["content-type"]) == (200, picture["renditions"][0]["contentType"])
    assert len(file.content) == picture["renditions"][0]["sizeInBytes"]
    feed = etree.fromstring((await pressroom.read("/feed.atom")).content)
    assert feed.findtext("a:entry/a:id", namespaces=ATOM) == item["uri"]
    assert feed.findtext("a:entry/a:content", namespaces=ATOM) == item["bodies"][0]["value"]
    xml = (await pressroom.read(f"/items/{item['uri'].removeprefix('urn:uuid:')}/1.xml")).content
    assert newsmlg2.NewsMLG2Document(xml).get_item().guid == item["uri"]


async def test_who_asks_again_is_answered_only_what_is_new(pressroom: PressRoom) -> None:
    await pressroom.published(title="Tin MOT")
    first = await pressroom.read("/items")
    again = await pressroom.read("/items", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    cursor = first.json()["next"]
    assert (await pressroom.items(since=cursor))["items"] == []
    await pressroom.published(title="Tin HAI")
    [new] = (await pressroom.items(since=cursor))["items"]
    assert new["headlines"][0]["value"] == "Tin HAI"
    one = await pressroom.read("/items?limit=1")
    assert (len(one.json()["items"]), one.json()["more"]) == (1, True)
    feed = await pressroom.read("/feed.atom")
    assert (await pressroom.read("/feed.atom", **{"If-None-Match": feed.headers["etag"]})).status_code == 304


async def test_without_a_token_nothing_is_told(pressroom: PressRoom) -> None:
    await pressroom.published()
    for shown in (None, "Basic x", "Bearer " + "x" * 40, "Basic YmFvLWE6", "Digest a", "Bearer "):
        for path in ("/items", "/feed.atom", "/files/" + "0" * 64):
            headers = {"Authorization": shown} if shown else {}
            answer = await pressroom.room.client.get(f"{API}/press/{pressroom.channel.id}{path}", headers=headers)
            assert answer.status_code == 401, (shown, path)
            assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_token_in_the_address_opens_nothing_and_a_token_of_another_is_not_ones_own(
    pressroom: PressRoom,
) -> None:
    url = f"{API}/press/{pressroom.channel.id}/items"
    assert (await pressroom.room.client.get(f"{url}?token={TOKENS['bao-a']}")).status_code == 401
    bearer = {"Authorization": f"Bearer {TOKENS['bao-a']}"}
    assert (await pressroom.room.client.get(url, headers=bearer)).status_code == 200
    mixed = await pressroom.room.client.get(url, auth=("dai-b", TOKENS["bao-a"]))
    assert mixed.status_code == 401
    assert TOKENS["bao-a"] not in str(clean(f"GET {TOKENS['bao-a']}"))


async def test_a_token_that_is_taken_away_opens_nothing_any_more(pressroom: PressRoom) -> None:
    assert (await pressroom.read("/items", "dai-b")).status_code == 200
    _, secret = partners(pressroom.hook)
    del secret["dai-b.token"]
    stored = await pressroom.room.client.put(
        f"{API}/channels/{pressroom.channel.id}/credentials", json={"secret": secret}, headers=pressroom.room.admin
    )
    assert stored.is_success, stored.text
    assert (await pressroom.read("/items", "dai-b")).status_code == 401
    assert (await pressroom.read("/items", "bao-a")).status_code == 200


# --- embargo ---


async def test_an_embargo_is_for_those_who_agreed_to_keep_it(pressroom: PressRoom) -> None:
    pressroom.channel = await pressroom.registered("som", embargo_minutes=60)
    await pressroom.published(title="Tin CO-HEN")
    await pressroom.turn()
    [call] = pressroom.hook.calls
    until = call.document["embargoedUntil"]
    assert until == (pressroom.room.clock.now() + 60 * MINUTE).isoformat()
    assert not pressroom.box.letters
    assert len((await pressroom.items("bao-a"))["items"]) == 1
    early = await pressroom.items("dai-b")
    assert early["items"] == []
    pressroom.room.clock.advance(61 * MINUTE)
    await pressroom.turn()
    assert len(pressroom.box.letters) == 1
    [item] = (await pressroom.items("dai-b", since=early["next"]))["items"]
    assert item["embargoedUntil"] == until


async def test_who_never_saw_what_was_held_does_not_hear_that_it_was_withdrawn(pressroom: PressRoom) -> None:
    pressroom.channel = await pressroom.registered("som", embargo_minutes=60)
    made = await pressroom.published(title="Tin RUT-TRUOC-GIO")
    await pressroom.turn()
    await pressroom.withdraw(made)
    pressroom.room.clock.advance(61 * MINUTE)
    await pressroom.turn()
    assert [call.document["pubStatus"] for call in pressroom.hook.calls] == ["usable", "canceled"]
    assert not pressroom.box.letters
    assert (await pressroom.items("dai-b"))["items"] == []


# --- corrections and kills ---


@pytest.mark.mission("M30")
async def test_a_correction_is_a_new_version_of_the_same_item(pressroom: PressRoom) -> None:
    original = await pressroom.published(title="Vé tháng hết hạn từ mai")
    await pressroom.turn()
    pressroom.room.clock.advance(MINUTE)
    made = await correction(pressroom.room, original, title="Vé tháng vẫn dùng được")
    await released(pressroom.room, made)
    await pressroom.room.deliver()
    await pressroom.turn()
    first, second = [valid(call.document) for call in pressroom.hook.calls]
    assert first["uri"] == second["uri"]
    assert (first["version"], second["version"]) == ("1", "2")
    assert second["edNote"].startswith("CORRECTION")
    assert second["firstCreated"] == first["firstCreated"] < second["versionCreated"]
    [item] = (await pressroom.items())["items"]
    assert item["version"] == "2"


@pytest.mark.mission("M30")
async def test_a_kill_goes_by_every_way_and_is_done_when_all_have_acknowledged(pressroom: PressRoom) -> None:
    made = await pressroom.published(title="Tin RUT-LAI", body="Lời không còn đúng.")
    await pressroom.turn()
    await pressroom.items("bao-a")
    await pressroom.withdraw(made)
    waiting = await pressroom.delivery(made)
    assert waiting.state == "withdrawing"
    assert "Báo A" in (waiting.error or "")
    await pressroom.turn()
    kill = valid(pressroom.hook.calls[-1].document)
    assert (kill["pubStatus"], kill["version"], kill["uri"]) == (
        "canceled",
        "2",
        pressroom.hook.calls[0].document["uri"],
    )
    assert "bodies" not in kill
    assert pressroom.box.subjects[-1] == "RÚT TIN: Tin RUT-LAI"
    pressroom.room.clock.advance(MINUTE)
    await pressroom.room.take_down()
    assert (await pressroom.delivery(made)).state == "withdrawing"
    [read] = (await pressroom.items("bao-a"))["items"]
    assert (read["pubStatus"], "Lời không còn đúng" in str(read)) == ("canceled", False)
    pressroom.room.clock.advance(MINUTE)
    await pressroom.room.take_down()
    gone = await pressroom.delivery(made)
    assert (gone.state, (gone.withdrawal_proof or {})["accepted"]) == ("withdrawn", 3)
    feed = etree.fromstring((await pressroom.read("/feed.atom")).content)
    assert feed.find("a:entry", ATOM) is None
    assert [each.get("ref") for each in feed.findall("at:deleted-entry", ATOM)] == [kill["uri"]]


@pytest.mark.mission("M30")
async def test_partners_that_do_not_acknowledge_a_kill_are_named_to_a_person(pressroom: PressRoom) -> None:
    made = await pressroom.published()
    await pressroom.turn()
    pressroom.hook.status = 500
    await pressroom.withdraw(made)
    await pressroom.turn()
    adapter = pressroom.room.resources.open(pressroom.channel)
    left = await adapter.delete(str((await pressroom.delivery(made)).id))
    assert isinstance(left, StillLive)
    assert left.needs_person
    assert "Báo A" in left.reason.vi
    assert "Đài B" not in left.reason.vi
    assert (await adapter.status(str((await pressroom.delivery(made)).id))).is_live is None


async def test_a_reader_that_never_comes_back_is_named_after_a_while(pressroom: PressRoom) -> None:
    made = await pressroom.published()
    await pressroom.turn()
    await pressroom.items("dai-b")
    await pressroom.withdraw(made)
    await pressroom.turn()
    adapter, item = pressroom.room.resources.open(pressroom.channel), str((await pressroom.delivery(made)).id)
    soon = await adapter.delete(item)
    assert isinstance(soon, StillLive)
    assert not soon.needs_person
    pressroom.room.clock.advance(16 * MINUTE)
    late = await adapter.delete(item)
    assert isinstance(late, StillLive)
    assert late.needs_person
    assert "Đài B" in late.reason.vi


async def test_a_take_down_before_anybody_got_it_tells_nobody(pressroom: PressRoom) -> None:
    made = await pressroom.published()
    await pressroom.withdraw(made)
    await pressroom.turn()
    assert not pressroom.hook.calls
    assert not pressroom.box.letters
    assert (await pressroom.delivery(made)).state == "withdrawn"
    assert (await pressroom.items())["items"] == []


async def test_an_old_version_is_not_sent_after_its_kill(pressroom: PressRoom) -> None:
    made = await pressroom.published()
    pressroom.hook.status = 503
    await pressroom.turn()
    await pressroom.withdraw(made)
    pressroom.hook.status = 204
    pressroom.room.clock.advance(2 * MINUTE)
    await pressroom.turn()
    assert [call.document["pubStatus"] for call in pressroom.hook.calls] == ["usable", "canceled"]
    assert (await pressroom.sends())["bao-a", "post", 1] == "dropped"


async def test_an_item_that_was_never_put_is_gone(pressroom: PressRoom) -> None:
    adapter = pressroom.room.resources.open(pressroom.channel)
    assert isinstance(await adapter.delete(str(UUID(int=7))), Deleted)
