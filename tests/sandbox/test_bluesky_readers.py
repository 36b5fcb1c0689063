"""What readers' apps see: counts that lag, threads, and the page of a post that says what it is."""

from typing import Any

import pytest

from tests.sandbox.city import AT, KEYS, POST, City, error

POSTS, THREAD = "app.bsky.feed.getPosts", "app.bsky.feed.getPostThread"


async def uri_of(city: City, key: str = KEYS[0]) -> str:
    return f"at://{city.did}/{POST}/{key}"


async def test_the_repository_knows_at_once_and_the_apps_two_seconds_later(city: City) -> None:
    uri = (await city.put()).json()["uri"]
    assert (await city.get()).status_code == 200
    assert (await city.read(POSTS, uris=[uri])).json() == {"posts": []}
    assert error(await city.read(THREAD, uri=uri)) == (400, "NotFound")
    await city.later(2)
    [post] = (await city.read(POSTS, uris=[uri])).json()["posts"]
    assert post["record"]["text"] == "Xin chào"
    assert post["author"]["handle"] == "thanhpho.test"


@pytest.mark.mission("M31")
async def test_counts_are_what_readers_did_and_there_are_no_views(city: City) -> None:
    uri = (await city.put()).json()["uri"]
    replies = [{"text": "Cảm ơn", "author": "Bà Tư"}, {"text": "Bao giờ?"}]
    told = await city.control("POST", "bluesky/engage", post=uri, likes=7, reposts=2, replies=replies)
    assert (told["likeCount"], told["replyCount"]) == (7, 2)
    await city.control("POST", "bluesky/engage", post=uri, likes=1, quotes=3)
    await city.later(2)
    [post] = (await city.read(POSTS, uris=[uri])).json()["posts"]
    counts = {name: value for name, value in post.items() if name.endswith("Count")}
    assert counts == {"likeCount": 8, "repostCount": 2, "replyCount": 2, "quoteCount": 3, "bookmarkCount": 0}
    thread = (await city.read(THREAD, uri=uri)).json()["thread"]
    assert [r["post"]["record"]["text"] for r in thread["replies"]] == ["Cảm ơn", "Bao giờ?"]
    assert thread["replies"][0]["post"]["record"]["reply"]["parent"]["uri"] == uri
    assert len(await city.posts()) == 1, "what readers write is not on the city's wall"


async def test_our_own_reply_is_in_the_thread(city: City) -> None:
    first = (await city.put()).json()
    ref = {"uri": first["uri"], "cid": first["cid"]}
    await city.put(KEYS[1], text="Bổ sung", reply={"root": ref, "parent": ref})
    await city.later(2)
    thread = (await city.read(THREAD, uri=first["uri"])).json()["thread"]
    assert [r["post"]["uri"] for r in thread["replies"]] == [await uri_of(city, KEYS[1])]
    alone = {"actor": city.did, "filter": "posts_no_replies"}
    feed = (await city.read("app.bsky.feed.getAuthorFeed", **alone)).json()["feed"]
    assert [f["post"]["uri"] for f in feed] == [first["uri"]]


GATE = "app.bsky.feed.threadgate"


async def gate(city: City, uri: str, **more: Any) -> None:
    record = {"$type": GATE, "post": uri, "createdAt": AT, **more}
    body = {"repo": city.did, "collection": GATE, "rkey": KEYS[0], "record": record}
    assert (await city.call("com.atproto.repo.putRecord", **body)).status_code == 200


async def test_a_hidden_reply_is_told_and_folded_away(city: City) -> None:
    uri = (await city.put()).json()["uri"]
    await city.control("POST", "bluesky/engage", post=uri, replies=[{"text": "Cảm ơn"}, {"text": "quảng cáo"}])
    await city.later(2)
    spam = (await city.read(THREAD, uri=uri)).json()["thread"]["replies"][1]["post"]["uri"]
    await gate(city, uri, hiddenReplies=[spam])
    await city.later(2)
    thread = (await city.read(THREAD, uri=uri)).json()["thread"]
    assert thread["post"]["threadgate"]["record"]["hiddenReplies"] == [spam]
    assert thread["post"]["replyCount"] == len(thread["replies"]) == 2
    page = (await city.http.get((await city.posts())[0]["page"])).text
    folded = page.split("<details>")[1].split("</details>")[0]
    assert "quảng cáo" in folded
    assert "Cảm ơn" not in folded


async def test_a_closed_thread_takes_only_its_authors_replies(city: City) -> None:
    first = (await city.put()).json()
    await gate(city, first["uri"], allow=[])
    await city.control("POST", "bluesky/engage", post=first["uri"], replies=[{"text": "Cảm ơn"}])
    ref = {"uri": first["uri"], "cid": first["cid"]}
    await city.put(KEYS[1], text="Bổ sung", reply={"root": ref, "parent": ref})
    await city.later(2)
    thread = (await city.read(THREAD, uri=first["uri"])).json()["thread"]
    assert [r["post"]["record"]["text"] for r in thread["replies"]] == ["Bổ sung"]
    assert thread["post"]["replyCount"] == 1


@pytest.mark.mission("M31")
async def test_likes_and_reposts_by_the_protocol_count_once_an_account(city: City) -> None:
    first = (await city.put()).json()
    await city.control("POST", "bluesky/engage", post=first["uri"], likes=2)
    record = {"subject": {"uri": first["uri"], "cid": first["cid"]}, "createdAt": AT}
    for kind in ("like", "like", "repost"):
        body = {"repo": city.did, "collection": f"app.bsky.feed.{kind}", "record": record}
        assert (await city.call("com.atproto.repo.createRecord", **body)).status_code == 200
    await city.later(2)
    [post] = (await city.read(POSTS, uris=[first["uri"]])).json()["posts"]
    assert (post["likeCount"], post["repostCount"]) == (3, 1)


async def test_readers_apps_can_be_made_later_still(city: City) -> None:
    uri = (await city.put()).json()["uri"]
    await city.control("PUT", "lag", platform="bluesky", seconds=60)
    await city.later(59)
    assert (await city.read(POSTS, uris=[uri])).json() == {"posts": []}
    await city.later(1)
    assert len((await city.read(POSTS, uris=[uri])).json()["posts"]) == 1


async def test_a_deleted_post_takes_its_counts_along(city: City) -> None:
    uri = (await city.put()).json()["uri"]
    await city.control("POST", "bluesky/engage", post=uri, likes=7)
    await city.call("com.atproto.repo.deleteRecord", repo=city.did, collection=POST, rkey=KEYS[0])
    await city.put()
    await city.later(2)
    [post] = (await city.read(POSTS, uris=[uri])).json()["posts"]
    assert post["likeCount"] == 0


async def test_nobody_likes_what_is_not_there(city: City) -> None:
    missing = await city.http.post("/control/bluesky/engage", json={"post": await uri_of(city), "likes": 1})
    assert missing.status_code == 404
    assert "Không có bài" in missing.json()["detail"]
    unknown = await city.http.post("/control/zalo/engage", json={"post": "x"})
    assert unknown.status_code == 404


async def test_at_most_25_at_once(city: City) -> None:
    assert error(await city.read(POSTS, uris=["at://a/b/c"] * 26)) == (400, "InvalidRequest")
    assert error(await city.read(POSTS)) == (400, "InvalidRequest")


async def test_a_post_has_a_page_that_says_what_it_is(city: City) -> None:
    text = "<script>alert(1)</script> Ngập ở Ô Chợ Dừa"
    external = {"uri": "javascript:alert(1)", "title": "x", "description": "y"}
    embed = {"$type": "app.bsky.embed.external", "external": external}
    uri = (await city.put(text=text, embed=embed)).json()["uri"]
    await city.control("POST", "bluesky/engage", post=uri, likes=12, replies=[{"text": "<b>Cảm ơn</b>"}])
    [post] = await city.posts()
    assert post["page"] == f"/bluesky/profile/{city.did}/post/{KEYS[0]}"
    page = await city.http.get(post["page"])
    assert page.status_code == 200
    assert "Sân tập — không phải nền tảng thật" in page.text
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Ngập ở Ô Chợ Dừa" in page.text
    assert "&lt;b&gt;Cảm ơn" in page.text
    assert "javascript:" not in page.text
    assert "thích: 12" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    home = (await city.http.get("/")).text
    assert "Sân tập — không phải nền tảng thật" in home
    assert f'href="{post["page"]}"' in home
    await city.call("com.atproto.repo.deleteRecord", repo=city.did, collection=POST, rkey=KEYS[0])
    gone = await city.http.get(post["page"])
    assert (gone.status_code, "Không có bài này" in gone.text) == (404, True)
    assert "không phải nền tảng thật" in gone.text


async def test_a_settled_address_is_in_the_pages_address(build: object) -> None:
    city = await build(bluesky={"base_url": "http://127.0.0.1:8110/bluesky"})  # type: ignore[operator]
    await city.put()
    [post] = await city.posts()
    assert post["page"].startswith(f"http://127.0.0.1:8110/bluesky/profile/{city.did}/post/")
