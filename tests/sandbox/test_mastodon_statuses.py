"""Posts on the sandbox's Mastodon: one key one post, lengths, edits, deletes, schedules, what readers do."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox import counting
from tests.sandbox.toots import USERNAME, Masto, error, png


@pytest.fixture
async def masto(build: Any) -> Masto:
    return await Masto((await build()).http).settle()


async def test_a_post_is_told_as_the_platform_tells_it(masto: Masto) -> None:
    text = "Ngập ở <Ô Chợ Dừa>, xem https://hanoi.gov.vn/tin/ngap-nang?utm_source=mastodon #NgậpLụt\n\nHết\nngay"
    told = (await masto.post(text, language="vi", visibility="public")).json()
    assert str(told["id"]) == told["id"]
    assert told["id"].isdecimal()
    assert told["content"].startswith("<p>Ngập ở &lt;Ô Chợ Dừa&gt;, xem <a href=")
    assert told["content"].endswith("</p><p>Hết<br />ngay</p>")
    assert '<span class="invisible">https://</span>' in told["content"]
    assert told["tags"] == [{"name": "ngậplụt", "url": "http://sandbox/mastodon/tags/ngậplụt"}]
    assert told["url"] == f"http://sandbox/mastodon/@{USERNAME}/{told['id']}"
    assert told["uri"].endswith(f"/users/{USERNAME}/statuses/{told['id']}")
    assert (told["edited_at"], told["in_reply_to_id"], told["media_attachments"]) == (None, None, [])
    source = (await masto.call("GET", f"v1/statuses/{told['id']}/source")).json()
    assert source == {"id": told["id"], "text": text, "spoiler_text": ""}
    anonymous = await masto.call("GET", f"v1/statuses/{told['id']}", token="")
    assert (anonymous.status_code, "favourited" in anonymous.json()) == (200, False)


async def test_forms_are_read_like_json(masto: Masto) -> None:
    first = await masto.uploaded(description="Ảnh phố")
    form = {"status": "Xin chào", "media_ids[]": [first], "sensitive": "true", "spoiler_text": "Ảnh ngập"}
    told = (await masto.call("POST", "v1/statuses", data=form)).json()
    assert [m["id"] for m in told["media_attachments"]] == [first]
    assert (told["sensitive"], told["spoiler_text"]) == (True, "Ảnh ngập")


@pytest.mark.mission("M39")
async def test_one_key_is_one_post_for_an_hour_whatever_the_body(masto: Masto) -> None:
    first = (await masto.post("Lần một", key="k1")).json()
    again = await masto.post("Lần hai", key="k1")
    assert (again.json()["id"], again.json()["content"]) == (first["id"], "<p>Lần một</p>")
    assert (await masto.post("Khóa khác", key="k2")).json()["id"] != first["id"]
    await masto.later(3599)
    assert (await masto.post("Lần ba", key="k1")).json()["id"] == first["id"]
    await masto.later(1)
    assert (await masto.post("Lần bốn", key="k1")).json()["id"] != first["id"]
    assert [entry["effect"] for entry in await masto.entries()] == [
        "created", "unchanged", "created", "unchanged", "created"
    ]  # fmt: skip
    keys = [e["data"]["idempotency_key"] for e in await masto.entries() if e["effect"] == "created"]
    assert keys == ["k1", "k2", "k1"]


async def test_a_refused_post_leaves_its_key_free_and_a_deleted_one_answers_404(masto: Masto) -> None:
    assert (await masto.post("x" * 501, key="k")).status_code == 422
    told = (await masto.post("Vừa", key="k")).json()
    await masto.call("DELETE", f"v1/statuses/{told['id']}")
    assert error(await masto.post("Vừa", key="k")) == (404, "Record not found")


async def test_a_key_is_kept_over_a_restart(build: Any, tmp_path: Any) -> None:
    first = (await (await Masto((await build(data_dir=tmp_path)).http).settle()).post(key="k")).json()
    again = await Masto((await build(data_dir=tmp_path)).http).settle()
    assert (await again.post(key="k")).json()["id"] == first["id"]
    assert int((await again.post("Mới")).json()["id"]) > int(first["id"])


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("đường", 5),
        ("e\u0302\u0301", 1),
        ("xem https://hanoi.gov.vn/" + "a" * 300, 27),
        ("(https://a.vn/x_(y)).", 26),
        ("https://a.vn https://b.vn", 47),
        ("http://127.0.0.1:8080/abc", 25),
        ("hanoi.gov.vn", 12),
        ("@banbe@mastodon.social xin chào", 15),
        ("ai@hanoi.gov.vn", 15),
        ("👨‍👩‍👧‍👦🇻🇳", 2),
    ],
)
def test_lengths_as_the_platform_counts(text: str, length: int) -> None:
    assert counting.short_link_length(text, 23) == length


async def test_too_long_and_too_little(masto: Masto) -> None:
    link = "https://hanoi.gov.vn/" + "a" * 200
    assert (await masto.post("á" * 476 + " " + link)).status_code == 200
    over = error(await masto.post("á" * 477 + " " + link))
    assert over == (422, "Validation failed: Text character limit of 500 exceeded")
    assert (await masto.post("á" * 400, spoiler_text="b" * 101)).status_code == 422
    assert error(await masto.post("  ")) == (422, "Validation failed: Text can't be blank")
    assert (await masto.post("", media_ids=[await masto.uploaded()])).status_code == 200
    assert (await masto.post("x", visibility="secret")).status_code == 422
    assert (await masto.post("x", in_reply_to_id="12")).status_code == 404


async def test_the_instance_says_and_keeps_its_own_limits(build: Any) -> None:
    settings = {"configuration": {"max_characters": 1000, "characters_reserved_per_url": 30}}
    masto = await Masto((await build(mastodon=settings)).http).settle()
    told = (await masto.call("GET", "v2/instance", token="")).json()["configuration"]["statuses"]
    assert told == {"max_characters": 1000, "max_media_attachments": 4, "characters_reserved_per_url": 30}
    assert (await masto.post("á" * 1000)).status_code == 200
    assert (await masto.post("á" * 971 + " https://a.vn")).status_code == 422


async def test_an_edit_keeps_the_number_and_the_history(masto: Masto) -> None:
    media = await masto.uploaded(description="Ảnh cũ")
    told = (await masto.post("Bản một", media_ids=[media])).json()
    await masto.later(60)
    attributes = [{"id": media, "description": "Ảnh mới"}]
    body: dict[str, Any] = {"status": "Bản hai", "media_ids": [media], "media_attributes": attributes}
    edited = (await masto.call("PUT", f"v1/statuses/{told['id']}", json=body)).json()
    assert (edited["id"], edited["content"]) == (told["id"], "<p>Bản hai</p>")
    assert edited["media_attachments"][0]["description"] == "Ảnh mới"
    assert edited["edited_at"] > edited["created_at"]
    history = (await masto.call("GET", f"v1/statuses/{told['id']}/history")).json()
    assert [version["content"] for version in history] == ["<p>Bản một</p>", "<p>Bản hai</p>"]
    same = await masto.call("PUT", f"v1/statuses/{told['id']}", json={"status": "Bản hai", "media_ids": [media]})
    assert same.json()["edited_at"] == edited["edited_at"]
    assert (await masto.entries())[-1]["effect"] == "unchanged"
    bare = (await masto.call("PUT", f"v1/statuses/{told['id']}", json={"status": "Bản ba"})).json()
    assert bare["media_attachments"] == [], "an edit without media_ids takes them away"
    assert (await masto.call("PUT", f"v1/statuses/{told['id']}", json={"status": ""})).status_code == 422


async def test_a_deleted_post_is_gone_and_its_media_can_be_used_again(masto: Masto) -> None:
    media = await masto.uploaded()
    told = (await masto.post("Bài sai", media_ids=[media])).json()
    assert (await masto.call("GET", f"v1/media/{media}")).status_code == 404
    gone = await masto.call("DELETE", f"v1/statuses/{told['id']}")
    assert (gone.status_code, gone.json()["text"], "content" in gone.json()) == (200, "Bài sai", False)
    for verb in ("GET", "DELETE"):
        assert error(await masto.call(verb, f"v1/statuses/{told['id']}")) == (404, "Record not found")
    assert await masto.listed() == []
    assert (await masto.call("GET", f"v1/media/{media}")).status_code == 200
    second = (await masto.post("Bài đúng", media_ids=[media])).json()
    await masto.call("DELETE", f"v1/statuses/{second['id']}", params={"delete_media": "true"})
    assert (await masto.call("GET", f"v1/media/{media}")).status_code == 404


async def test_a_scheduled_post_is_no_status_until_its_hour(masto: Masto) -> None:
    now = (await masto.control("GET", "clock"))["now"]
    at = f"{now[:-1]}+00:00"
    assert (await masto.post("Ngay", scheduled_at=at)).json()["content"] == "<p>Ngay</p>", "the past is posted at once"
    await masto.later(1)
    assert error(await masto.post("Sớm quá", scheduled_at=_plus(now, 300)))[0] == 422
    media = await masto.uploaded()
    planned = (await masto.post("Hẹn giờ", scheduled_at=_plus(now, 400), key="h", media_ids=[media])).json()
    assert (planned["params"]["text"], "content" in planned) == ("Hẹn giờ", False)
    assert (await masto.post("Hẹn giờ", scheduled_at=_plus(now, 400), key="h")).json()["id"] == planned["id"]
    assert (await masto.call("GET", f"v1/statuses/{planned['id']}")).status_code == 404
    assert (await masto.call("GET", f"v1/media/{media}")).status_code == 404
    moved = {"scheduled_at": _plus(now, 800)}
    await masto.call("PUT", f"v1/scheduled_statuses/{planned['id']}", json=moved)
    await masto.later(500)
    assert [post["text"] for post in await masto.posts()] == ["Ngay"]
    [waiting] = (await masto.call("GET", "v1/scheduled_statuses")).json()
    assert waiting["scheduled_at"] == _plus(now, 800)
    await masto.later(400)
    assert await masto.listed() == ["<p>Hẹn giờ</p>", "<p>Ngay</p>"]
    assert (await masto.entries())[-1]["data"]["scheduled_id"] == planned["id"]
    other = (await masto.post("Bỏ", scheduled_at=_plus(now, 5000))).json()
    assert (await masto.call("DELETE", f"v1/scheduled_statuses/{other['id']}")).json() == {}
    assert (await masto.call("GET", "v1/scheduled_statuses")).json() == []


async def test_a_day_has_25_scheduled_posts(masto: Masto) -> None:
    await masto.control("POST", "reset", at="2026-11-24T00:00:00Z")
    await masto.settle()
    answers = [(await masto.post(f"Hẹn {n}", scheduled_at="2026-11-24T12:00:00Z")).status_code for n in range(26)]
    assert answers == [200] * 25 + [422]


async def test_readers_answer_and_react(masto: Masto) -> None:
    first = (await masto.post("Bài gốc")).json()
    own = (await masto.post("Bổ sung", in_reply_to_id=first["id"])).json()
    await masto.control(
        "POST", "mastodon/engage", post=first["id"], likes=7, reposts=2, quotes=1,
        replies=[{"text": "Cảm ơn <b>", "author": "bà_tư"}],
    )  # fmt: skip
    told = (await masto.call("GET", f"v1/statuses/{first['id']}")).json()
    counted = {name: told[name] for name in ("favourites_count", "reblogs_count", "replies_count", "quotes_count")}
    assert counted == {"favourites_count": 7, "reblogs_count": 2, "replies_count": 2, "quotes_count": 1}
    context = (await masto.call("GET", f"v1/statuses/{first['id']}/context")).json()
    assert [s["content"] for s in context["descendants"]] == ["<p>Bổ sung</p>", "<p>Cảm ơn &lt;b&gt;</p>"]
    assert context["descendants"][1]["account"]["acct"] == "bà_tư@ban-doc.test"
    above = (await masto.call("GET", f"v1/statuses/{own['id']}/context")).json()["ancestors"]
    assert [s["id"] for s in above] == [first["id"]]
    assert await masto.listed(exclude_replies="true") == ["<p>Bài gốc</p>"]
    assert len(await masto.posts()) == 2, "what readers write is not on the city's wall"
    missing = await masto.http.post("/control/mastodon/engage", json={"post": "1", "likes": 1})
    assert missing.status_code == 404


async def test_a_page_that_says_what_it_is(masto: Masto) -> None:
    media = await masto.uploaded(png(), description='Phố "ngập"')
    text = "<script>alert(1)</script> https://hanoi.gov.vn/x"
    told = (await masto.post(text, media_ids=[media])).json()
    await masto.control("POST", "mastodon/engage", post=told["id"], likes=3, replies=[{"text": "<i>Hay"}])
    [post] = await masto.posts()
    page = await masto.http.get(post["page"])
    assert page.status_code == 200
    for wanted in ("Sân tập — không phải nền tảng thật", "&lt;script&gt;", "thích: 3", "&lt;i&gt;Hay"):
        assert wanted in page.text
    assert '<a href="https://hanoi.gov.vn/x"' in page.text
    assert f'src="/mastodon/system/media_attachments/{media}" alt="Phố &#34;ngập&#34;"' in page.text
    assert (await masto.http.get(f"/mastodon/system/media_attachments/{media}")).content == png()
    await masto.later(60)
    await masto.call("PUT", f"v1/statuses/{told['id']}", json={"status": "Đã sửa", "media_ids": [media]})
    assert "đã sửa lúc" in (await masto.http.get(post["page"])).text
    private = (await masto.post("Kín", visibility="private")).json()
    for path in (f"@{USERNAME}/{private['id']}", f"@khac/{told['id']}", f"@{USERNAME}/1"):
        gone = await masto.http.get(f"/mastodon/{path}")
        assert (gone.status_code, "Không có bài này" in gone.text) == (404, True)


def _plus(now: str, seconds: int) -> str:
    at = datetime.fromisoformat(now) + timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
