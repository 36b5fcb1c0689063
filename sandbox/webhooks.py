"""Webhooks that the platforms send out, over the wire and by the virtual clock.

A platform posts an event to an `Endpoint`, with its own signer. It is sent when due; without a 2xx answer in time it
is sent again after the platform's own delays, until it is too old. Control can plan copies, reversed order, delay
and a forged copy. Every attempt is on the ledger (`Effect.CALLED`). As a server the sandbox sends by itself; in
process, and where a test wants to know the moment, `POST /control/webhooks/deliver` sends what is due.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import httpx

from sandbox.clock import VirtualClock
from sandbox.faults import ANY
from sandbox.ledger import Act, Effect, Ledger
from sandbox.pull import PullFailed, require_reachable, without_query

KIND = "webhook"
_EVERY = 0.1


class WebhookFault(StrEnum):
    DUPLICATE = "duplicate"
    """Sent once more after it was acknowledged."""
    REORDER = "reorder"
    """Sent after the next event of the same account (or after `seconds`, when none comes)."""
    DELAY = "delay"
    """Sent `seconds` of the virtual clock later."""
    FORGED = "bad_signature"
    """A copy that the platform did not sign goes first; its answer is recorded, and it is not sent again."""


@dataclass(frozen=True, slots=True)
class WebhookPlan:
    platform: str
    kind: WebhookFault
    times: int = 1
    seconds: float = 30.0
    hits: int = 0
    id: int = 0

    def fits(self, platform: str) -> bool:
        return self.platform in (ANY, platform) and self.hits < self.times


class Signer(Protocol):
    def __call__(self, body: bytes, at: datetime, forged: bool) -> Mapping[str, str]:
        """The headers the platform puts on this body; forged: such as somebody without the secret could write."""


@dataclass(frozen=True, slots=True)
class WebhookPolicy:
    """How a platform sends: `ack_seconds` of real time to answer, `delays` of the virtual clock before the second,
    third ... attempt (the last repeats), `keep` until an event is given up."""

    ack_seconds: float
    delays: tuple[float, ...]
    keep: timedelta
    in_order: bool = True
    """An event waits for the earlier ones of its lane."""
    heeds_retry_after: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    platform: str
    account: str
    url: str
    sign: Signer
    policy: WebhookPolicy


@dataclass(slots=True, eq=False)
class _Letter:
    id: int
    endpoint: Endpoint
    body: bytes
    lane: str
    queued_at: datetime
    due_at: datetime
    on_done: Callable[[], None]
    attempts: int = 0
    copies: int = 0
    is_forged: bool = False
    is_copy: bool = False
    waits_for_next: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.endpoint.platform, self.endpoint.account


@dataclass(frozen=True, slots=True)
class Attempt:
    id: int
    platform: str
    account: str
    attempt: int
    status: int | None
    trouble: str
    is_forged: bool
    is_copy: bool

    @property
    def is_acknowledged(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Webhooks:
    """`way`: how letters go out, where that is not the network (a test without sockets); `patience`: seconds of real
    time that an answer may always take, for where both sides share one processor and its speed is not the question."""

    def __init__(
        self,
        clock: VirtualClock,
        ledger: Ledger,
        hosts: Collection[str] = (),
        way: httpx.AsyncBaseTransport | None = None,
        patience: float = 0.0,
    ) -> None:
        self._clock, self._ledger, self._hosts = clock, ledger, frozenset(host.lower() for host in hosts)
        self._way, self._patience = way, patience
        self._pending: list[_Letter] = []
        self._plans: list[WebhookPlan] = []
        self._made = 0
        self._errors: dict[tuple[str, str], tuple[datetime, str]] = {}
        self._sources: list[Callable[[], None]] = []
        self._sending = asyncio.Lock()

    # --- for platforms ---

    def feed(self, source: Callable[[], None]) -> None:
        """`source` is called before each look at what is due, to post what the clock has made visible meanwhile."""
        self._sources.append(source)

    def post(self, to: Endpoint, body: bytes, lane: str = "", on_done: Callable[[], None] = lambda: None) -> None:
        """Sent when due; `on_done` is called once it was acknowledged, or given up."""
        now = self._clock.now()
        plan = self._taken(to.platform)
        letter = _Letter(self._next_id(), to, body, lane, now, now, on_done)
        match plan and plan.kind:
            case WebhookFault.DUPLICATE:
                letter.copies = 1
            case WebhookFault.DELAY if plan:
                letter.due_at = now + timedelta(seconds=plan.seconds)
            case WebhookFault.FORGED:
                self._put(replace(letter, id=self._next_id(), is_forged=True, on_done=lambda: None))
            case WebhookFault.REORDER if plan:
                letter.waits_for_next, letter.due_at = True, now + timedelta(seconds=plan.seconds)
            case _:
                pass
        self._put(letter)

    def client(self, seconds: float | None = None) -> httpx.AsyncClient:
        """The way out, also for a question before the first letter."""
        return httpx.AsyncClient(trust_env=False, transport=self._way, timeout=seconds)

    def pending(self, platform: str, account: str) -> int:
        return sum(letter.key == (platform, account) and not letter.is_forged for letter in self._pending)

    def trouble(self, platform: str, account: str) -> tuple[datetime, str] | None:
        """When the last attempt failed, and how; forgotten by `withdraw`."""
        return self._errors.get((platform, account))

    def withdraw(self, platform: str, account: str) -> None:
        """The account wants no more webhooks; what was not sent is not sent."""
        self._pending = [letter for letter in self._pending if letter.key != (platform, account)]
        self._errors.pop((platform, account), None)

    # --- for control and the server ---

    def plan(self, plan: WebhookPlan) -> WebhookPlan:
        self._plans.append(replace(plan, id=self._next_id(), hits=0))
        return self._plans[-1]

    def plans(self) -> list[WebhookPlan]:
        return list(self._plans)

    def clear_plans(self) -> None:
        self._plans.clear()

    def clear(self) -> None:
        self._pending.clear()
        self._plans.clear()
        self._errors.clear()

    async def deliver(self) -> list[Attempt]:
        """Sends all that is due now, one after the other."""
        made: list[Attempt] = []
        async with self._sending, self.client() as http:
            while (letter := self._look()) is not None:
                made.append(await self._send(http, letter))
        return made

    async def run(self) -> None:
        """Sends what falls due, until cancelled."""
        while True:
            if self._look() is not None:
                await self.deliver()
            await asyncio.sleep(_EVERY)

    # --- one letter ---

    def _put(self, letter: _Letter) -> None:
        """Behind those there are, but before one that waits to be overtaken."""
        for index, waiting in enumerate(self._pending):
            if waiting.waits_for_next and waiting.key == letter.key and not letter.waits_for_next:
                waiting.waits_for_next, waiting.due_at = False, letter.due_at
                self._pending.insert(index, letter)
                return
        self._pending.append(letter)

    def _look(self) -> _Letter | None:
        for source in self._sources:
            source()
        return self._ready()

    def _ready(self) -> _Letter | None:
        now = self._clock.now()
        blocked: set[tuple[str, str, str]] = set()
        for letter in self._pending:
            lane = (*letter.key, letter.lane)
            if letter.due_at <= now and lane not in blocked:
                return letter
            if letter.endpoint.policy.in_order and not letter.waits_for_next and letter.attempts:
                blocked.add(lane)
        return None

    async def _send(self, http: httpx.AsyncClient, letter: _Letter) -> Attempt:
        letter.attempts += 1
        status, trouble, wait = await self._asked(http, letter)
        to = letter.endpoint
        attempt = Attempt(
            letter.id, to.platform, to.account, letter.attempts, status, trouble, letter.is_forged, letter.is_copy
        )
        self._record(letter, attempt)
        if letter not in self._pending:  # withdrawn meanwhile
            return attempt
        if attempt.is_acknowledged or letter.is_forged or letter.is_copy:
            self._finish(letter)
        else:
            self._postpone(letter, attempt, wait)
        return attempt

    async def _asked(self, http: httpx.AsyncClient, letter: _Letter) -> tuple[int | None, str, float]:
        to, now = letter.endpoint, self._clock.now()
        headers = {"Content-Type": "application/json", **to.sign(letter.body, now, letter.is_forged)}
        seconds = max(to.policy.ack_seconds, self._patience)
        try:
            require_reachable(to.url, self._hosts)
            async with asyncio.timeout(seconds):
                answer = await http.post(to.url, content=letter.body, headers=headers, timeout=seconds)
        except PullFailed as failed:
            return None, str(failed), 0.0
        except (TimeoutError, httpx.TimeoutException):
            return None, "Read timeout expired", 0.0
        except httpx.HTTPError as error:
            return None, f"Connection failed: {type(error).__name__}", 0.0
        ok = 200 <= answer.status_code < 300
        told = "" if ok else f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
        after = answer.headers.get("retry-after", "")
        return answer.status_code, told, float(after) if after.isdecimal() else 0.0

    def _finish(self, letter: _Letter) -> None:
        index = self._pending.index(letter)
        del self._pending[index]
        if letter.copies:
            copy = replace(letter, copies=letter.copies - 1, is_copy=True, on_done=lambda: None, attempts=0)
            self._pending.insert(index, copy)
        letter.on_done()

    def _postpone(self, letter: _Letter, attempt: Attempt, wait: float) -> None:
        now, policy = self._clock.now(), letter.endpoint.policy
        self._errors[letter.key] = (now, attempt.trouble)
        delay = policy.delays[min(letter.attempts, len(policy.delays)) - 1]
        letter.due_at = now + timedelta(seconds=wait if wait and policy.heeds_retry_after else delay)
        if letter.due_at > letter.queued_at + policy.keep:
            self._pending.remove(letter)
            letter.on_done()

    def _record(self, letter: _Letter, attempt: Attempt) -> None:
        facts: dict[str, Any] = {
            "url": without_query(letter.endpoint.url),
            "attempt": attempt.attempt,
            "status": attempt.status,
            "trouble": attempt.trouble,
            "forged": attempt.is_forged,
            "copy": attempt.is_copy,
        }
        to = letter.endpoint
        act = Act(to.platform, KIND, to.account, KIND, f"webhook/{letter.id}", Effect.CALLED, facts)
        self._ledger.record(act)

    def _taken(self, platform: str) -> WebhookPlan | None:
        for index, plan in enumerate(self._plans):
            if plan.fits(platform):
                self._plans[index] = replace(plan, hits=plan.hits + 1)
                return plan
        return None

    def _next_id(self) -> int:
        self._made += 1
        return self._made
