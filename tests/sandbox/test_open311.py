"""The sandbox's GeoReport server by the specification: services, filing, looking, tokens, updates."""

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.sandbox.city import City

KEY = "khoa-cua-thanh-pho-o-san-tap"
FORM = {"api_key": KEY, "service_code": "001", "address_string": "Phố Hàng Bài", "description": "Đèn hỏng [PA-1]"}


async def filed(city: City, **changes: Any) -> httpx.Response:
    await city.control("PUT", "accounts", platform="open311", handle="hanoi", password=KEY)
    return await city.http.post("/open311/v2/requests.xml", data=FORM | changes)


def only(answer: httpx.Response) -> dict[str, str | None]:
    (row,) = ElementTree.fromstring(answer.content)
    return {child.tag: child.text for child in row}


async def test_a_report_is_filed_found_and_answered(city: City) -> None:
    answer = await filed(city)
    assert (answer.status_code, answer.headers["content-type"]) == (201, "text/xml; charset=utf-8")
    number = only(answer)["service_request_id"]
    shown = await city.http.get(f"/open311/v2/requests/{number}.json")
    assert [(one["status"], one["description"]) for one in shown.json()] == [("open", "Đèn hỏng [PA-1]")]
    await city.later(60)
    replies = [{"text": "Đã thay bóng.", "author": "closed"}]
    await city.control("POST", "open311/engage", post=number, replies=replies)
    updates = only(await city.http.get("/open311/v2/servicerequestupdates.xml"))
    assert (updates["service_request_id"], updates["status"]) == (number, "closed")
    assert only(await city.http.get(f"/open311/v2/requests/{number}.xml"))["status_notes"] == "Đã thay bóng."


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"api_key": "x"}, 403),
        ({"service_code": "9"}, 404),
        ({"service_code": ""}, 400),
        ({"address_string": ""}, 400),
        ({"description": "x" * 4001}, 400),
    ],
)
async def test_what_is_wrong_is_told_in_the_specifications_form(
    city: City, changes: dict[str, str], status: int
) -> None:
    answer = await filed(city, **changes)
    assert (answer.status_code, only(answer)["code"]) == (status, str(status))


async def test_a_batch_service_gives_a_token_that_has_an_id_later(city: City) -> None:
    token = only(await filed(city, service_code="003"))["token"]
    assert only(await city.http.get(f"/open311/v2/tokens/{token}.xml"))["service_request_id"] is None
    await city.later(61)
    assert only(await city.http.get(f"/open311/v2/tokens/{token}.xml"))["service_request_id"]
