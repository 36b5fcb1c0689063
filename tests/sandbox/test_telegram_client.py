"""The sandbox's Bot API held against others' ideas of it: a client library, and types made from the documentation."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.platforms.telegram.parameters import PARAMETERS
from tests.sandbox import npm
from tests.sandbox.bot import CHANNEL, TOKEN, Bot, png, result
from tests.sandbox.city import City

CLIENT = Path(__file__).with_name("telegram_client.mjs")
GRAMMY, TYPES, TYPESCRIPT = "grammy@1.46.0", "@gramio/types@10.3.1", "typescript@5.9.3"
AT = f"@{CHANNEL}"


@pytest.mark.slow
async def test_a_client_made_for_the_platform_finds_its_way(served: City, sandbox_address: str) -> None:
    await Bot(served.http).settle()
    await served.control("POST", "clock/resume")
    packages = await npm.installed(GRAMMY.replace("@", "-"), GRAMMY)
    asked = (npm.program("node"), str(CLIENT), str(packages), sandbox_address, TOKEN, CHANNEL)
    told = json.loads(await npm.run(*asked, cwd=packages))
    assert "message is not modified" in told["same"][1]
    assert told == {
        "me": [True, "administrator"],
        "post": ["Ngập ở Ô Chợ Dừa", [{"type": "bold", "offset": 0, "length": 4}], "channel"],
        "same": [400, told["same"][1]],
        "edited": ["Hết ngập", True],
        "flood": [429, {"retry_after": 1}],
        "photo": ["Ảnh phố", 1],
        "album": [2, 1, ["Hai ảnh", None]],
        "receipts": [["new", True, 1], ["edited", True, 1], *[["new", True, number] for number in (2, 3, 4)]],
        "conflict": 409,
        "deleted": True,
        "gone": [400, "Bad Request: message to delete not found"],
    }


async def answers(bot: Bot) -> list[tuple[str, Any]]:
    """One of everything that the sandbox tells, with the name of its type."""
    number = bot.account["bot_id"]
    text = result(
        await bot.send("<b>Tin</b> ở https://a.vn", parse_mode="HTML", link_preview_options={"url": "https://a.vn/"})
    )
    await bot.later()
    photo = result(await bot.photo(png(), caption="<i>Ảnh</i>", parse_mode="HTML"))
    await bot.later()
    files = {"video": ("phim.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 40, "video/mp4")}
    video = result(await bot.http.post(f"/telegram/bot{TOKEN}/sendVideo", data={"chat_id": AT}, files=files))
    await bot.later()
    files = {"document": ("a.pdf", b"%PDF", "application/pdf")}
    paper = result(await bot.http.post(f"/telegram/bot{TOKEN}/sendDocument", data={"chat_id": AT}, files=files))
    edited = result(await bot.edit(text["message_id"], "Sửa"))
    post = f"{bot.account['chat_id']}/{text['message_id']}"
    await bot.updates(allowed_updates=["message", "edited_message", "message_reaction_count"])
    await bot.control("POST", "telegram/engage", post=post, likes=3, replies=[{"text": "Bao giờ?", "author": "Bà Tư"}])
    await bot.later()
    told = [("TelegramMessage", one) for one in (text, photo, video, paper, edited)]
    told += [("TelegramUpdate", update) for update in await bot.updates()]
    await bot.call("setWebhook", url="https://thanhpho.example/tg")
    return [
        *told,
        ("TelegramUser", result(await bot.call("getMe"))),
        ("TelegramChatFullInfo", result(await bot.call("getChat", chat_id=AT))),
        ("TelegramChatMember", result(await bot.call("getChatMember", chat_id=AT, user_id=number))),
        ("TelegramWebhookInfo", result(await bot.call("getWebhookInfo"))),
        ("TelegramResponseParameters", (await bot.send()).json().get("parameters", {})),
    ]


@pytest.mark.slow
async def test_answers_and_parameters_are_of_the_documented_shapes(build: Any) -> None:
    """TypeScript judges: an unknown field, a missing one or one of another type does not compile."""
    bot = await Bot((await build()).http).settle()
    told = await answers(bot)
    kinds = {next(key for key in one if key != "update_id") for name, one in told if name == "TelegramUpdate"}
    assert kinds == {"message", "edited_message", "message_reaction_count"}
    names = {name: f"{name[0].upper()}{name[1:]}Params" for name, known in PARAMETERS.items() if known}
    lines = ["import type * as T from '@gramio/types'"]
    lines += [f"export const a{n}: T.{name} = {json.dumps(one)}" for n, (name, one) in enumerate(told)]
    lines += [
        f"export const {name}: (keyof T.{kind})[] = {json.dumps(sorted(PARAMETERS[name]))}"
        for name, kind in names.items()
    ]
    packages = await npm.installed("telegram-types", TYPES, TYPESCRIPT)
    (packages / "judged.ts").write_text("\n".join(lines))
    judge = packages / "node_modules" / "typescript" / "bin" / "tsc"
    options = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--moduleResolution", "nodenext")
    await npm.run(npm.program("node"), str(judge), *options, "judged.ts", cwd=packages)
