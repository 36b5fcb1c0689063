"""A client library that others wrote for the real platform (npm `masto`), against the sandbox's."""

import json
from pathlib import Path

import pytest

from tests.sandbox import npm
from tests.sandbox.city import City
from tests.sandbox.toots import TOKEN, USERNAME, Masto

PACKAGE = "masto@7.12.0"
CLIENT = Path(__file__).with_name("mastodon_client.mjs")


@pytest.mark.slow
async def test_a_client_made_for_the_platform_finds_its_way(served: City, sandbox_address: str) -> None:
    masto = await Masto(served.http).settle()
    await masto.control("POST", "clock/resume")
    packages = await npm.installed(PACKAGE.replace("@", "-"), PACKAGE)
    told = json.loads(
        await npm.run(npm.program("node"), str(CLIENT), str(packages), sandbox_address, TOKEN, cwd=packages)
    )
    assert told == {
        "instance": {"maxCharacters": 500, "maxMediaAttachments": 4, "charactersReservedPerUrl": 23},
        "me": USERNAME,
        "media": ["image", "Ảnh phố", 1],
        "post": ["<p>Ngập ở Ô Chợ Dừa</p>", 1, True],
        "edited": ["<p>Hết ngập</p>", True],
        "source": "Hết ngập",
        "history": 2,
        "context": 0,
        "planned": "Hẹn giờ",
        "list": [f"<p>Tin {n}</p>" for n in range(4, -1, -1)] + ["<p>Hết ngập</p>"],
        "gone": ["MastoHttpError", 404, "Record not found"],
    }
