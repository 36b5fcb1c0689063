"""What a bot is told: the copy in the discussion group, comments, reactions; by polling or by webhook, never both."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.bot import CHANNEL, TOKEN, Bot, error, png, result
from tests.sandbox.city import City
from tests.sandbox.receiver import Receiver, receiving

AT, SECRET = f"@{CHANNEL}", "ma-bi_mat-cua-webhook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
async def bot(build: Any) -> Bot:
    return await Bot((await build()).http).settle()


@pytest.fixture
def site() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.mark.mission("M39")
async def test_a_post_leaves_a_receipt_in_the_discussion_group(bot: Bot) -> None:
    sent = result(await bot.send("<b>Tin</b> mới", parse_mode="HTML"))
    assert await bot.updates() == [], "not yet"
    await bot.later(1)
    [update] = await bot.updates()
    message = update["message"]
    assert message["is_automatic_forward"] is True
    assert message["chat"]["id"] == bot.account["discussion_id"]
    origin = message["forward_origin"]
    assert (origin["type"], origin["chat"], origin["message_id"]) == ("channel", sent["chat"], sent["message_id"])
    assert (message["text"], message["entities"]) == (sent["text"], sent["entities"])
    assert message["from"]["id"] == 777000


async def test_a_channel_without_a_group_leaves_none(bot: Bot) -> None:
    await bot.settle(discussion=False)
    await bot.send()
    await bot.later(60)
    assert await bot.updates() == []


async def test_edits_reach_the_copy_and_deletions_take_it_along(bot: Bot) -> None:
    number = result(await bot.send())["message_id"]
    await bot.edit(number, "Đã sửa")
    await bot.later()
    assert [next(k for k in u if k != "update_id") for u in await bot.updates()] == ["message", "edited_message"]
    await bot.delete(number)
    assert len(await bot.updates()) == 2, "nobody is told of a deletion"
    assert [e["effect"] for e in await bot.entries("forward")] == ["created", "updated", "deleted"]


async def test_an_album_leaves_a_receipt_for_each_item(bot: Bot) -> None:
    media = [{"type": "photo", "media": f"attach://f{i}"} for i in range(2)]
    files = {f"f{i}": (f"{i}.png", png(shade=i), "image/png") for i in range(2)}
    data = {"chat_id": AT, "media": str(media).replace("'", '"')}
    result(await bot.http.post(f"/telegram/bot{TOKEN}/sendMediaGroup", data=data, files=files))
    await bot.later()
    assert [u["message"]["forward_origin"]["message_id"] for u in await bot.updates()] == [1, 2]


async def test_offsets_forget_and_nothing_else_does(bot: Bot) -> None:
    for number in range(4):
        await bot.send(str(number))
        await bot.later()
    told = await bot.updates()
    assert [u["message"]["text"] for u in told] == ["0", "1", "2", "3"]
    assert await bot.updates() == told
    assert [u["update_id"] for u in await bot.updates(limit=2)] == [u["update_id"] for u in told[:2]]
    assert await bot.updates(offset=told[1]["update_id"]) == told[1:]
    assert await bot.updates() == told[1:]
    assert await bot.updates(offset=-1) == told[3:]
    assert await bot.updates() == told[3:]
    await bot.later(24 * 3600)
    assert await bot.updates() == [], "kept for a day"


async def test_comments_and_reactions(bot: Bot) -> None:
    number = result(await bot.send())["message_id"]
    post = f"{bot.account['chat_id']}/{number}"
    await bot.later()
    assert len(await bot.updates(allowed_updates=["message", "message_reaction_count"])) == 1
    told = await bot.control(
        "POST", "telegram/engage", post=post, likes=5, reposts=2, replies=[{"text": "Bao giờ?", "author": "Bà Tư"}]
    )
    assert told == {"post": post, "cảm xúc": 5, "chuyển tiếp": 2, "bình luận": 1}
    _, comment, reaction = await bot.updates()
    answered = comment["message"]["reply_to_message"]
    assert (comment["message"]["text"], answered["forward_origin"]["message_id"]) == ("Bao giờ?", number)
    assert reaction["message_reaction_count"]["reactions"][0]["total_count"] == 5
    reply = {"message_id": comment["message"]["message_id"]}
    group = bot.account["discussion_id"]
    said = result(await bot.call("sendMessage", chat_id=group, text="Ngày mai ạ", reply_parameters=reply))
    assert said["reply_to_message"]["text"] == "Bao giờ?"
    page = (await bot.http.get(f"/telegram/{CHANNEL}/{number}")).text
    assert "<strong>Bà Tư</strong>: Bao giờ?" in page
    assert "cảm xúc: 5" in page


async def test_reactions_are_told_only_to_who_asked(bot: Bot) -> None:
    result(await bot.send())
    await bot.control("POST", "telegram/engage", post=f"{bot.account['chat_id']}/1", likes=5)
    await bot.later()
    assert [list(u)[1] for u in await bot.updates()] == ["message"]


async def test_what_readers_cannot_do(bot: Bot) -> None:
    await bot.settle(discussion=False)
    await bot.send()
    post = f"{bot.account['chat_id']}/1"
    for body, status in (
        ({"post": post, "replies": [{"text": "x"}]}, 422),
        ({"post": post, "quotes": 1}, 422),
        ({"post": "-1/1", "likes": 1}, 404),
    ):
        assert (await bot.http.post("/control/telegram/engage", json=body)).status_code == status


@pytest.mark.mission("M39")
async def test_a_webhook_brings_the_update_with_the_secret(bot: Bot, site: Receiver) -> None:
    url = f"{site.address}/tg"
    assert result(await bot.call("setWebhook", url=url, secret_token=SECRET)) is True
    assert error(await bot.call("getUpdates"))[0] == 409
    await bot.send()
    await bot.later()
    site.answers = [503, 200]
    attempts = await bot.control("POST", "webhooks/deliver")
    assert [a["status"] for a in attempts] == [503, 200]
    assert [headers[HEADER] for headers, _ in site.got] == [SECRET, SECRET]
    first, second = site.bodies()
    assert first == second, "the same update_id twice: the receiver has to notice"
    assert first["message"]["is_automatic_forward"]
    info = result(await bot.call("getWebhookInfo"))
    assert (info["url"], info["pending_update_count"]) == (url, 0)
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
    result(await bot.call("deleteWebhook"))
    assert await bot.updates() == [], "it was delivered"


async def test_what_a_webhook_did_not_take_can_be_polled(bot: Bot, site: Receiver) -> None:
    site.answers = [500]
    await bot.call("setWebhook", url=site.address, secret_token=SECRET)
    await bot.send()
    await bot.later()
    await bot.control("POST", "webhooks/deliver")
    assert result(await bot.call("getWebhookInfo"))["pending_update_count"] == 1
    await bot.call("deleteWebhook")
    assert len(await bot.updates()) == 1
    await bot.call("setWebhook", url=site.address, drop_pending_updates=True)
    assert result(await bot.call("getWebhookInfo"))["pending_update_count"] == 0


@pytest.mark.mission("M39")
async def test_a_forged_update_has_not_the_secret(bot: Bot, site: Receiver) -> None:
    await bot.call("setWebhook", url=site.address, secret_token=SECRET)
    await bot.control("POST", "webhooks/plans", platform="telegram", kind="bad_signature")
    await bot.send()
    await bot.later()
    await bot.control("POST", "webhooks/deliver")
    assert [headers[HEADER] == SECRET for headers, _ in site.got] == [False, True]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"url": "http://hanoi.gov.vn/x"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "https://hanoi.gov.vn:9000/x"}, "only on ports 80, 88, 443 or 8443"),
        ({"url": "https://hanoi.gov.vn/x", "secret_token": "có dấu"}, "secret token contains unallowed characters"),
    ],
)
async def test_addresses_that_are_refused(bot: Bot, body: dict[str, str], why: str) -> None:
    assert why in error(await bot.call("setWebhook", **body))[1]


async def test_the_server_sends_by_itself_and_polling_waits(served: City, site: Receiver) -> None:
    bot = await Bot(served.http).settle()
    await served.control("POST", "clock/resume")
    waiting = asyncio.create_task(bot.call("getUpdates", timeout=4))
    await asyncio.sleep(0.2)
    second = asyncio.create_task(bot.call("getUpdates", timeout=4))
    assert error(await waiting) == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    await bot.send("Một")
    assert [u["message"]["text"] for u in result(await second)] == ["Một"]
    await bot.call("setWebhook", url=site.address, secret_token=SECRET)
    for _ in range(50):
        if site.got:
            break
        await asyncio.sleep(0.1)
    assert site.bodies()[0]["message"]["text"] == "Một"


@pytest.mark.mission("M39")
async def test_faults_in_the_platforms_own_words(served: City) -> None:
    bot = await Bot(served.http).settle()
    await served.control("POST", "faults", platform="telegram", operation="sendMessage", kind="throttle", seconds=35)
    throttled = await bot.send()
    assert error(throttled) == (429, "Too Many Requests: retry after 35")
    assert throttled.json()["parameters"] == {"retry_after": 35}
    await served.control("POST", "faults", platform="telegram", operation="sendMessage", kind="token_expired")
    assert error(await bot.send()) == (401, "Unauthorized")
    await served.control("POST", "faults", platform="telegram", operation="sendMessage", kind="http_status", status=502)
    gateway = await bot.send()
    assert (gateway.status_code, "<h1>502 Bad Gateway</h1>" in gateway.text) == (502, True)
    await served.control("POST", "faults", platform="telegram", operation="*", kind="executed_response_lost")
    with pytest.raises(httpx.RemoteProtocolError):
        await bot.send("có")
    assert [p["text"] for p in await bot.posts()] == ["có"]
    await bot.later(1)
    [receipt] = await bot.updates()
    assert receipt["message"]["text"] == "có"


async def test_pages_say_what_they_are(bot: Bot) -> None:
    await bot.send("<b>Ngập</b> ở &lt;script&gt;", parse_mode="HTML")
    for path in (f"/telegram/s/{CHANNEL}", f"/telegram/{CHANNEL}/1"):
        page = await bot.http.get(path)
        assert page.status_code == 200
        assert "Sân tập — không phải nền tảng thật" in page.text
        assert "<strong>Ngập</strong> ở &lt;script&gt;" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for path in ("/telegram/s/khong_co", f"/telegram/{CHANNEL}/9", f"/telegram/{CHANNEL}/abc"):
        missing = await bot.http.get(path)
        assert (missing.status_code, "Không có bài này" in missing.text) == (404, True)


@pytest.mark.mission("M39")
async def test_a_twin_made_by_the_platform_leaves_two_receipts(served: City) -> None:
    bot = await Bot(served.http).settle()
    await served.control("POST", "faults", platform="telegram", operation="sendMessage", kind="executed_twice")
    assert result(await bot.send("đôi"))["message_id"] == 1
    assert [p["text"] for p in await bot.posts()] == ["đôi", "đôi"]
    await served.control("PUT", "lag", platform="telegram", seconds=60)
    await bot.later(1)
    assert [u["message"]["forward_origin"]["message_id"] for u in await bot.updates()] == [1, 2]
    await bot.send("muộn")
    await bot.later(60)
    assert len(await bot.updates()) == 2
    await bot.later(1)
    assert len(await bot.updates()) == 3


async def test_whether_a_message_is_there_can_be_asked_without_its_content(bot: Bot) -> None:
    await bot.send()
    there = await bot.call("editMessageReplyMarkup", chat_id=AT, message_id=1)
    assert "message is not modified" in error(there)[1]
    missing = await bot.call("editMessageReplyMarkup", chat_id=AT, message_id=2)
    assert error(missing)[1] == "Bad Request: message to edit not found"
