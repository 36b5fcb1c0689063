"""Webhooks out: signed, copied, reversed, delayed, sent again by the clock, and every attempt on the ledger."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.clock import VirtualClock
from sandbox.ledger import Ledger
from sandbox.webhooks import Endpoint, WebhookFault, WebhookPlan, WebhookPolicy, Webhooks
from tests.sandbox.receiver import Receiver, receiving

POLICY = WebhookPolicy(ack_seconds=2, delays=(0, 5, 60), keep=timedelta(hours=1), heeds_retry_after=True)


def sign(body: bytes, at: datetime, forged: bool) -> dict[str, str]:
    key = b"sai" if forged else b"dung"
    return {"X-Signature": hmac.new(key, body, hashlib.sha256).hexdigest()}


@pytest.fixture
def site() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Post:
    """One account's webhooks; its clock stands still."""

    def __init__(self, site: Receiver, policy: WebhookPolicy = POLICY) -> None:
        self.site, self.clock = site, VirtualClock()
        self.clock.freeze()
        self.ledger = Ledger(self.clock)
        self.hooks = Webhooks(self.clock, self.ledger)
        self.to = Endpoint("telegram", "7", f"{site.address}/hook?bi=mat", sign, policy)
        self.done: list[int] = []

    def post(self, number: int, lane: str = "") -> None:
        self.hooks.post(self.to, json.dumps({"n": number}).encode(), lane, lambda: self.done.append(number))

    async def deliver(self, after: float = 0) -> list[Any]:
        self.clock.advance(timedelta(seconds=after))
        return [(a.attempt, a.status) for a in await self.hooks.deliver()]

    def numbers(self) -> list[int]:
        return [body["n"] for body in self.site.bodies()]


@pytest.fixture
def post(site: Receiver) -> Post:
    return Post(site)


@pytest.mark.mission("M39")
async def test_the_body_is_signed_by_the_platform(post: Post) -> None:
    post.post(1)
    assert await post.deliver() == [(1, 200)]
    [(headers, body)] = post.site.got
    assert headers["X-Signature"] == sign(json.dumps(body).encode(), post.clock.now(), False)["X-Signature"]
    assert (post.done, post.hooks.pending("telegram", "7")) == ([1], 0)
    [entry] = post.ledger.entries()
    assert entry.act.effect == "called"
    assert entry.act.data["url"] == post.site.address + "/hook"
    assert await post.deliver(9999) == []


@pytest.mark.mission("M39")
async def test_a_refused_event_comes_again_by_the_clock(post: Post) -> None:
    post.site.answers = [500, 503, 404, 200]
    post.post(1)
    assert await post.deliver() == [(1, 500), (2, 503)], "the second at once"
    assert await post.deliver(4) == []
    assert await post.deliver(1) == [(3, 404)]
    at, why = post.hooks.trouble("telegram", "7") or (None, "")
    assert (at, why) == (post.clock.now(), "Wrong response from the webhook: 404 Not Found")
    assert post.done == []
    assert await post.deliver(60) == [(4, 200)]
    assert (post.numbers(), post.done) == ([1, 1, 1, 1], [1])


@pytest.mark.mission("M39")
async def test_a_slow_answer_counts_as_none(site: Receiver) -> None:
    post = Post(site, WebhookPolicy(ack_seconds=0.1, delays=(5,), keep=timedelta(hours=1)))
    site.slow = 0.4
    post.post(1)
    assert await post.deliver() == [(1, None)]
    site.slow = 0
    assert await post.deliver(5) == [(2, 200)]
    assert post.numbers() == [1, 1], "the receiver saw it twice and has to notice"


async def test_events_wait_for_the_earlier_ones_of_their_lane(post: Post) -> None:
    post.site.answers = [500, 500, 200]
    post.post(1, "a")
    post.post(2, "a")
    post.post(3, "b")
    await post.deliver()
    assert post.numbers() == [1, 1, 3]
    await post.deliver(5)
    assert post.numbers() == [1, 1, 3, 1, 2]


async def test_too_old_is_given_up(post: Post) -> None:
    post.site.answers = [500]
    post.post(1)
    await post.deliver()
    for _ in range(70):
        await post.deliver(60)
    assert (post.done, post.hooks.pending("telegram", "7")) == ([1], 0)
    assert len(post.numbers()) == 62, "at once, again, after 5 seconds ... every minute of an hour"


async def test_retry_after_is_heeded(post: Post) -> None:
    post.site.answers, post.site.headers = [429, 200], {"Retry-After": "30"}
    post.post(1)
    assert await post.deliver() == [(1, 429)]
    assert await post.deliver(29) == []
    assert await post.deliver(1) == [(2, 200)]


@pytest.mark.mission("M39")
async def test_planned_a_copy(post: Post) -> None:
    post.hooks.plan(WebhookPlan("telegram", WebhookFault.DUPLICATE))
    post.post(1)
    post.post(2)
    await post.deliver()
    assert (post.numbers(), post.done) == ([1, 1, 2], [1, 2])
    assert [e.act.data["copy"] for e in post.ledger.entries()] == [False, True, False]


@pytest.mark.mission("M39")
async def test_planned_the_reverse_order(post: Post) -> None:
    post.hooks.plan(WebhookPlan("*", WebhookFault.REORDER, seconds=30))
    post.post(1)
    assert await post.deliver() == []
    post.post(2)
    await post.deliver()
    assert post.numbers() == [2, 1]
    post.hooks.plan(WebhookPlan("*", WebhookFault.REORDER, seconds=30))
    post.post(3)
    await post.deliver(29)
    assert post.numbers() == [2, 1]
    await post.deliver(1)
    assert post.numbers() == [2, 1, 3], "nothing came to overtake it"


@pytest.mark.mission("M39")
async def test_planned_a_delay(post: Post) -> None:
    post.hooks.plan(WebhookPlan("telegram", WebhookFault.DELAY, seconds=90))
    post.post(1)
    post.post(2)
    await post.deliver(89)
    assert post.numbers() == [2]
    await post.deliver(1)
    assert post.numbers() == [2, 1]


@pytest.mark.mission("M39")
async def test_planned_a_forged_copy(post: Post) -> None:
    post.hooks.plan(WebhookPlan("telegram", WebhookFault.FORGED))
    post.site.answers = [401, 200]
    post.post(1)
    assert await post.deliver() == [(1, 401), (1, 200)], "the forged one is not sent again"
    signatures = [headers["X-Signature"] for headers, _ in post.site.got]
    body = json.dumps({"n": 1}).encode()
    assert signatures == [sign(body, post.clock.now(), forged)["X-Signature"] for forged in (True, False)]
    assert [e.act.data["forged"] for e in post.ledger.entries()] == [True, False]


async def test_plans_are_used_up_and_cleared(post: Post) -> None:
    post.hooks.plan(WebhookPlan("zalo", WebhookFault.DELAY))
    post.hooks.plan(WebhookPlan("telegram", WebhookFault.DUPLICATE, times=2))
    for number in range(3):
        post.post(number)
    await post.deliver()
    assert post.numbers() == [0, 0, 1, 1, 2]
    assert [(p.platform, p.hits) for p in post.hooks.plans()] == [("zalo", 0), ("telegram", 2)]
    post.hooks.clear_plans()
    assert post.hooks.plans() == []


async def test_what_was_withdrawn_is_not_sent(post: Post) -> None:
    post.site.answers = [500]
    post.post(1)
    await post.deliver()
    post.hooks.withdraw("telegram", "7")
    assert await post.deliver(9999) == []
    assert (post.done, post.hooks.trouble("telegram", "7")) == ([], None)


async def test_no_webhook_leaves_the_machine(site: Receiver) -> None:
    post = Post(site)
    post.to = Endpoint("telegram", "7", "https://hanoi.gov.vn/hook", sign, POLICY)
    post.post(1)
    assert await post.deliver() == [(1, None), (2, None)]
    assert "does not go to hanoi.gov.vn" in (post.hooks.trouble("telegram", "7") or (0, ""))[1]
