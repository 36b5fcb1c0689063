"""The Bot API for channels: what is sent stands once, what is edited changes, what is deleted is gone."""

import json
import logging
from typing import Any

import pytest

from tests.sandbox.bot import CHANNEL, TOKEN, Bot, error, png, result

AT = f"@{CHANNEL}"


@pytest.fixture
async def bot(build: Any) -> Bot:
    return await Bot((await build()).http).settle()


@pytest.mark.mission("M39")
async def test_a_message_comes_back_as_the_platform_tells_it(bot: Bot) -> None:
    sent = result(await bot.send("<b>Thông báo</b>: cầu Chương Dương", parse_mode="HTML"))
    assert sent["message_id"] == 1
    assert sent["chat"] == {
        "id": bot.account["chat_id"], "title": "Thành phố", "type": "channel", "username": CHANNEL,
    }  # fmt: skip
    assert sent["sender_chat"] == sent["chat"]
    assert sent["text"] == "Thông báo: cầu Chương Dương"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 9}]
    [post] = await bot.posts()
    assert (post["text"], post["page"]) == ("Thông báo: cầu Chương Dương", f"/telegram/{CHANNEL}/1")


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_query_form_and_json_say_the_same(bot: Bot, verb: str) -> None:
    path, values = f"/telegram/bot{TOKEN}/SENDMESSAGE", {"chat_id": AT, "text": "Từ truy vấn"}
    asked = await (bot.http.get(path, params=values) if verb == "GET" else bot.http.post(path, data=values))
    assert result(asked)["text"] == "Từ truy vấn"
    await bot.later()
    entities = [{"type": "italic", "offset": 0, "length": 2}]
    form = {"chat_id": str(bot.account["chat_id"]), "text": "Từ biểu mẫu", "entities": json.dumps(entities)}
    assert result(await bot.http.post(path, data=form))["entities"] == entities


async def test_who_the_bot_is_and_what_it_may(bot: Bot) -> None:
    me = result(await bot.call("getMe"))
    assert (me["id"], me["is_bot"]) == (1234567, True)
    member = result(await bot.call("getChatMember", chat_id=AT, user_id=me["id"]))
    assert (member["status"], member["can_post_messages"]) == ("administrator", True)
    chat = result(await bot.call("getChat", chat_id=AT))
    assert chat["linked_chat_id"] == bot.account["discussion_id"]
    assert result(await bot.call("getChatMemberCount", chat_id=AT)) == 1200
    assert error(await bot.call("getChatMember", chat_id=AT, user_id=42)) == (400, "Bad Request: member not found")


async def test_who_may_not(bot: Bot) -> None:
    assert error(await bot.call("getMe", token="1234567:khong-phai")) == (401, "Unauthorized")
    assert error(await bot.call("getMe", token="hong")) == (401, "Unauthorized: invalid token specified")
    assert error(await bot.call("sendNothing")) == (404, "Not Found: method not found")
    assert error(await bot.call("sendMessage", chat_id="@khong_co", text="x"))[1] == "Bad Request: chat not found"
    await bot.settle("readonly")
    assert error(await bot.send()) == (400, "Bad Request: need administrator rights in the channel chat")
    await bot.settle("kicked")
    assert error(await bot.send()) == (403, "Forbidden: bot was kicked from the channel chat")
    await bot.settle("revoked")
    assert error(await bot.send()) == (401, "Unauthorized")
    await bot.settle(token="1234567:moi-doi-o-BotFather")
    assert error(await bot.send()) == (401, "Unauthorized")
    await bot.settle(migrated_to=-1009)
    moved = await bot.send()
    assert moved.json()["parameters"] == {"migrate_to_chat_id": -1009}
    assert await bot.posts() == []


async def test_a_misspelt_parameter_shows(bot: Bot) -> None:
    assert error(await bot.send(parse_mod="HTML"))[1].endswith("sendMessage has no parameter 'parse_mod'")


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    ("text", "code"),
    [("x" * 4096, 200), ("x" * 4097, 400), ("🏙" * 2048, 200), ("🏙" * 2048 + "x", 400), ("  \n ", 400), ("", 400)],
    ids=["4096", "4097", "2048-pairs", "2048-pairs-and-one", "blank", "empty"],
)
async def test_the_length_is_of_what_is_shown(bot: Bot, text: str, code: int) -> None:
    assert (await bot.send(text)).status_code == code
    await bot.later()
    assert (await bot.send(f"<i>{text}</i>" if text else "", parse_mode="HTML")).status_code == code


async def test_an_edit_changes_and_the_same_edit_does_not(bot: Bot) -> None:
    sent = result(await bot.send("<b>Cấm đường</b>", parse_mode="HTML"))
    same = await bot.edit(sent["message_id"], "<b>Cấm đường</b>", parse_mode="HTML")
    assert error(same)[0] == 400
    assert "message is not modified" in error(same)[1]
    assert (await bot.edit(sent["message_id"], "Cấm đường")).status_code == 200, "without bold it is another content"
    await bot.later(400 * 86400)
    edited = result(await bot.edit(sent["message_id"], "Đã thông đường"))
    assert edited["edit_date"] > edited["date"]
    assert error(await bot.edit(99, "x")) == (400, "Bad Request: message to edit not found")
    assert [p["text"] for p in await bot.posts()] == ["Đã thông đường"]
    assert await bot.effects() == ["created", "unchanged", "updated", "updated"]


@pytest.mark.mission("M30")
async def test_a_post_is_deleted_within_two_days(bot: Bot) -> None:
    first = result(await bot.send("một"))["message_id"]
    await bot.later(48 * 3600 - 1)
    second = result(await bot.send("hai"))["message_id"]
    assert result(await bot.delete(first)) is True
    assert error(await bot.delete(first)) == (400, "Bad Request: message to delete not found")
    await bot.later(48 * 3600)
    assert error(await bot.delete(second)) == (400, "Bad Request: message can't be deleted")
    many = await bot.call("deleteMessages", chat_id=AT, message_ids=[first, second])
    assert error(many) == (400, "Bad Request: message can't be deleted")
    assert [p["text"] for p in await bot.posts()] == ["hai"]
    assert result(await bot.send("ba"))["message_id"] == 3, "a number is never used again"
    assert result(await bot.call("deleteMessages", chat_id=AT, message_ids=[1, 3, 77])) is True


@pytest.mark.mission("M30")
async def test_the_other_reading_of_the_two_days_can_be_played(build: Any) -> None:
    bot = await Bot((await build(telegram={"channel_posts_stay_deletable": True})).http).settle()
    number = result(await bot.send())["message_id"]
    await bot.later(90 * 86400)
    assert result(await bot.delete(number)) is True


async def test_a_pinned_post(bot: Bot) -> None:
    number = result(await bot.send())["message_id"]
    assert result(await bot.call("pinChatMessage", chat_id=AT, message_id=number)) is True
    assert error(await bot.call("pinChatMessage", chat_id=AT, message_id=9))[1].endswith("message to pin not found")
    assert "đã ghim" in (await bot.http.get(f"/telegram/{CHANNEL}/{number}")).text


async def test_one_message_a_second_and_twenty_a_minute(bot: Bot) -> None:
    assert (await bot.send("1")).status_code == 200
    refused = await bot.send("1b")
    assert error(refused) == (429, "Too Many Requests: retry after 1")
    assert refused.json()["parameters"] == {"retry_after": 1}
    codes = []
    for number in range(2, 23):
        await bot.later(1)
        codes.append((await bot.send(str(number))).status_code)
    assert codes == [200] * 18 + [429] * 3, "the refused one counted too"
    told = (await bot.send("24")).json()["parameters"]["retry_after"]
    await bot.later(told)
    assert (await bot.send("25")).status_code == 200
    assert len(await bot.posts()) == 20


async def test_no_history_can_be_read(bot: Bot) -> None:
    await bot.send()
    for method in ("getChatHistory", "getMessages", "getMessage", "forwardMessages"):
        assert (await bot.call(method, chat_id=AT)).status_code == 404
    assert await bot.updates() == [], "a bot is not told of its own posts"


async def test_the_token_is_written_nowhere(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    await bot.send()
    await bot.photo(png())
    refused = await bot.call("sendMessage", chat_id=AT, wrong="x")
    told = json.dumps(await bot.control("GET", "ledger")) + refused.text + (await bot.http.get("/")).text
    assert TOKEN.split(":")[1] not in told
    line = ('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", f"/telegram/bot{TOKEN}/getMe", "1.1", 200)
    with caplog.at_level(logging.INFO, "uvicorn.access"):
        logging.getLogger("uvicorn.access").info(*line)
        logging.getLogger("uvicorn.access").info('"%s %s"', "GET", "/telegram/s/thanhpho_test")
    assert TOKEN.split(":")[1] not in caplog.text
    assert "/telegram/s/" in caplog.text


async def test_a_restart_finds_what_stood_there(build: Any, tmp_path: Any) -> None:
    bot = await Bot((await build(data_dir=tmp_path)).http).settle()
    await bot.send("một")
    await bot.later()
    await bot.send("hai")
    await bot.delete(2)
    again = await Bot((await build(data_dir=tmp_path)).http).settle()
    assert [p["text"] for p in await again.posts()] == ["một"]
    await again.later()
    assert result(await again.send("ba"))["message_id"] == 3
    assert "message is not modified" in error(await again.edit(1, "một"))[1]
    assert TOKEN.split(":")[1] not in (tmp_path / "ledger.jsonl").read_text()


async def test_a_channel_from_the_settings(build: Any) -> None:
    city = await build(telegram={"channels": f"{CHANNEL}={TOKEN}"})
    bot = Bot(city.http)
    assert result(await bot.send())["chat"]["username"] == CHANNEL
    await bot.control("POST", "reset")
    assert result(await bot.send())["message_id"] == 1


@pytest.mark.parametrize(
    "body", [{"handle": "không"}, {"password": "khong-phai-ma"}, {"status": "hỏng"}], ids=["name", "token", "status"]
)
async def test_accounts_are_checked(bot: Bot, body: dict[str, str]) -> None:
    whole = {"platform": "telegram", "handle": CHANNEL, "password": TOKEN, **body}
    assert (await bot.http.put("/control/accounts", json=whole)).status_code == 422


@pytest.mark.mission("M30")
async def test_a_person_can_delete_in_the_app_at_any_time(bot: Bot) -> None:
    number = result(await bot.send())["message_id"]
    await bot.later(90 * 86400)
    post = f"{bot.account['chat_id']}/{number}"
    await bot.control("POST", "telegram/remove", post=post)
    assert await bot.posts() == []
    assert error(await bot.delete(number))[1] == "Bad Request: message to delete not found"
    assert (await bot.http.post("/control/telegram/remove", json={"post": post})).status_code == 404
