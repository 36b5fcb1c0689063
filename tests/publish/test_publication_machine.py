"""Any order of what people and platforms do, against the real API, worker and database.

A seeded walk: several people draft, edit, submit, approve, schedule, correct, withdraw, pause and resume; platforms
post, refuse, lose answers and keep what they should delete; tasks are finished truthfully; and between the steps
somebody writes to the database as the service itself. After every step the rules are checked from the rows alone. A
seed that fails replays: it is in the name of the test.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import DeliveryState, PublicationState, Role
from libs.common.settings import NatsSettings
from libs.common.testing.make import Make
from libs.common.testing.plugin import TestServer
from services.publish import jobs, remind_jobs
from tests.common.backbone.command import command
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officer, Officers
from tests.publish.scripted import Page

P, D = PublicationState, DeliveryState
PAST_REVIEW = {P.APPROVED, P.SCHEDULED, P.PUBLISHING, P.PUBLISHED, P.PARTLY_PUBLISHED, P.FAILED, P.CORRECTED}
BEFORE_SENDING = {P.DRAFT, P.IN_REVIEW, P.APPROVED, P.SCHEDULED, P.KILLED}
FINAL = {P.WITHDRAWN, P.KILLED}
SHOWN = "https://a.example/bang-chung"
Step = Callable[[], Awaitable[object]]


@dataclass
class Walk:
    """One seed: what there is, and what the walk remembers to compare with."""

    seed: int
    newsroom: Newsroom
    officers: Officers
    publish: Database
    people: list[Officer]
    channels: list[m.Channel]
    pages: dict[str, Page]
    rng: random.Random = field(init=False)
    done: Counter[str] = field(default_factory=Counter)
    final: dict[UUID, str] = field(default_factory=dict)
    was_out: set[UUID] = field(default_factory=set)
    revisions: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    # --- talking to the API ---

    async def ask(self, method: str, path: str, who: Officer, **body: Any) -> httpx.Response:
        """Every answer is a result or a named problem; never a failure of ours."""
        answer = await self.newsroom.client.request(
            method, f"{API}/{path}", json=body or None, headers=self.officers.token(who.person)
        )
        assert answer.status_code < 500, answer.text
        return answer

    def anybody(self) -> Officer:
        return self.rng.choice(self.people)

    async def some_publication(self, *states: PublicationState) -> m.Publication | None:
        async with self.newsroom.db.transaction() as session:
            query = select(m.Publication).order_by(m.Publication.id)
            query = query.where(m.Publication.state.in_(states)) if states else query
            found = (await session.scalars(query)).all()
        return self.rng.choice(found[-12:]) if found else None

    # --- what people do ---

    async def create(self) -> None:
        urgent = {"is_urgent": True, "urgent_reason": "Cần báo dân ngay trong đêm"} if self.rng.random() < 0.3 else {}
        later = self.newsroom.clock.now() + timedelta(minutes=self.rng.choice([5, 30, 90]))
        timed = {"scheduled_at": later.isoformat()} if self.rng.random() < 0.4 else {}
        chosen = self.rng.sample(self.channels, self.rng.randint(1, len(self.channels)))
        body = {"title": f"Tin {uuid4().hex[:6]}", "body": "Nội dung", "channel_ids": [str(c.id) for c in chosen]}
        await self.ask("POST", "publications", self.anybody(), **body, **urgent, **timed)

    async def correct(self) -> None:
        original = await self.some_publication(P.PUBLISHED, P.PARTLY_PUBLISHED, P.CORRECTED, P.PUBLISHING, P.WITHDRAWN)
        if original is not None:
            body = {"title": f"Cải chính {uuid4().hex[:6]}", "body": "Đúng là", "kind": "correction", "channel_ids": []}
            await self.ask("POST", "publications", self.anybody(), **body, corrects_id=str(original.id))

    async def edit(self) -> None:
        it = await self.some_publication()
        if it is None:
            return
        answer = await self.ask("PATCH", f"publications/{it.id}", self.anybody(), body=f"Sửa {uuid4().hex[:6]}")
        if answer.is_success:
            seen = (await self.ask("GET", f"publications/{it.id}", self.people[0])).json()
            assert (seen["state"], seen["approvals"], seen["deliveries"]) == ("draft", [], []), "an edit voids"
            assert seen["revision"] == it.revision + 1
            self.done["edited"] += 1

    async def submit(self) -> None:
        if it := await self.some_publication(P.DRAFT):
            await self.ask("POST", f"publications/{it.id}/submit", self.anybody())

    async def approve(self) -> None:
        it = await self.some_publication(P.IN_REVIEW)
        if it is None:
            return
        right = self.rng.random() < 0.9
        seen = it.content_hash.hex() if right else "0" * 64
        who = self.anybody()
        answer = await self.ask("POST", f"publications/{it.id}/approve", who, content_hash=seen)
        if answer.is_success:
            assert right
            self.done["approved urgent" if it.is_urgent else "approved"] += 1
        elif answer.status_code == 403:
            self.done["refused to approve"] += 1

    async def withdraw(self) -> None:
        out = (P.PUBLISHING, P.PUBLISHED, P.PARTLY_PUBLISHED, P.FAILED, P.CORRECTED)
        it = await self.some_publication(*(out if self.rng.random() < 0.6 else ()))
        if it is not None:
            answer = await self.ask("POST", f"publications/{it.id}/withdraw", self.anybody(), reason="Sai")
            self.done[answer.json().get("state", "not withdrawn")] += 1

    async def pause(self) -> None:
        unit = self.rng.choice([None, str(self.newsroom.bulletin.unit_id)])
        answer = await self.ask("POST", "pauses", self.anybody(), unit_id=unit, reason="Diễn biến mới, xem lại")
        self.done["paused"] += answer.is_success

    async def resume(self) -> None:
        lasting = (await self.ask("GET", "pauses?open=true", self.people[0])).json()["items"]
        if lasting:
            it = self.rng.choice(lasting)
            answer = await self.ask("POST", f"pauses/{it['id']}/resume", self.anybody())
            self.done["resumed"] += answer.is_success and answer.json()["resumed_at"] is not None

    async def finish_task(self) -> None:
        """Truthfully: what somebody sees on the platform, or does there."""
        found = (await self.ask("GET", "tasks?state=open", self.people[0])).json()["items"]
        if not found:
            return
        task = self.rng.choice(found)
        outcome = await self._truth(task)
        answer = await self.ask("POST", f"tasks/{task['id']}/done", self.anybody(), **outcome)
        self.done[f"task {task['kind']}"] += answer.is_success

    async def _truth(self, task: dict[str, Any]) -> dict[str, Any]:
        async with self.newsroom.db.transaction() as session:
            delivery = await session.get(m.Delivery, UUID(task["delivery_id"])) if task["delivery_id"] else None
        page = self.pages.get(str(delivery.channel_id)) if delivery else None
        match task["kind"]:
            case "takedown_failed" | "correction_by_hand" if delivery is not None and page is not None:
                page.posts.pop(delivery.platform_id or str(delivery.id), None)
                return {"outcome": "removed", "evidence_url": SHOWN}
            case "delivery_undecided" if delivery is not None and page is not None:
                is_there = str(delivery.id) in page.posts
                return {"outcome": "posted", "evidence_url": SHOWN} if is_there else {"outcome": "not_posted"}
            case "delivery_rejected":
                return {"outcome": self.rng.choice(["not_posted", "done"])}
            case _:
                pass
        return {"outcome": "done", "evidence_url": SHOWN}

    async def retry(self) -> None:
        found = (await self.ask("GET", "takedowns?open=true", self.people[0])).json()["items"]
        if found:
            await self.ask("POST", f"takedowns/{self.rng.choice(found)['id']}/retry", self.anybody())

    # --- what platforms and time do ---

    async def change_platform(self) -> None:
        page = self.rng.choice(list(self.pages.values()))
        page.commits = self.rng.choice(["posts", "posts", "posts", "refuses", "loses"])
        page.deletes = self.rng.choice(["deletes", "deletes", "never", "fails"])
        page.looks = self.rng.random() < 0.8

    async def work(self) -> None:
        before = await self.armed()
        await self.newsroom.deliver()
        after = await self.armed()
        await self.nothing_left_in_a_pause(after - before)
        await self.newsroom.look()
        await self.newsroom.take_down()
        await jobs.flag_overdue(self.newsroom.context)
        await remind_jobs.remind_waiting(self.newsroom.context)

    async def pass_time(self) -> None:
        self.newsroom.clock.advance(timedelta(minutes=self.rng.choice([1, 3, 10])))
        await self.work()

    async def armed(self) -> set[UUID]:
        async with self.newsroom.db.transaction() as session:
            query = select(m.Delivery.publication_id).where(m.Delivery.committed_at.is_not(None))
            return set(await session.scalars(query))

    async def nothing_left_in_a_pause(self, fresh: set[UUID]) -> None:
        async with self.newsroom.db.transaction() as session:
            pauses = (await session.scalars(select(m.Pause).where(m.Pause.resumed_at.is_(None)))).all()
            for publication_id in fresh:
                it = await session.get_one(m.Publication, publication_id)
                held = [p for p in pauses if p.unit_id in (None, it.unit_id)]
                last = await session.scalar(
                    select(m.Approval.approved_at)
                    .where(m.Approval.publication_id == it.id, m.Approval.revision == it.revision)
                    .order_by(m.Approval.approved_at.desc())
                    .limit(1)
                )
                assert not held or (it.is_urgent and last and all(last > p.paused_at for p in held))

    # --- somebody writes to the database as the service ---

    async def attack(self) -> None:
        """Refused, or of no effect on any rule; undone in either case."""
        it = await self.some_publication()
        if it is None:
            return
        statement, values = self.rng.choice(self._attacks(it))
        async with self.publish.engine.connect() as connection:
            session = AsyncSession(bind=connection)
            try:
                await session.execute(text(statement), values)
                await session.flush()
                await self.check(session, by_the_service=False)
                self.done["attack without effect"] += 1
            except DBAPIError:
                self.done["attack refused"] += 1
            finally:
                await session.rollback()
                await session.close()

    def _attacks(self, it: m.Publication) -> Sequence[tuple[str, dict[str, Any]]]:
        now, who = self.newsroom.clock.now(), self.anybody().person.id
        one = {"id": it.id}
        return [
            ("UPDATE publications SET state = :s WHERE id = :id", one | {"s": self.rng.choice(list(P)).value}),
            ("UPDATE publications SET body = 'tráo' WHERE id = :id", one),
            ("UPDATE publications SET is_urgent = false WHERE id = :id AND is_urgent", one),
            ("UPDATE publications SET revision = revision + 1, state = 'draft' WHERE id = :id", one),
            (
                "INSERT INTO approvals SELECT gen_random_uuid(), id, revision, content_hash, :who, :now"
                " FROM publications WHERE id = :id",
                one | {"who": who, "now": now},
            ),
            (
                "UPDATE deliveries SET state = 'armed', committed_at = :now, updated_at = :now"
                " WHERE publication_id = :id",
                one | {"now": now},
            ),
            ("UPDATE deliveries SET state = 'pending' WHERE publication_id = :id AND state = 'published'", one),
            ("UPDATE deliveries SET state = 'withdrawn' WHERE publication_id = :id AND state <> 'withdrawn'", one),
            ("UPDATE pauses SET resumed_at = :now WHERE resumed_at IS NULL", {"now": now}),
            ("UPDATE takedowns SET closed_at = :now WHERE closed_at IS NULL", {"now": now}),
            ("DELETE FROM deliveries WHERE publication_id = :id", one),
        ]

    # --- what always holds, from the rows alone ---

    async def check(self, session: AsyncSession, *, by_the_service: bool = True) -> None:
        """What the database holds against its own writer; the service moves the publication with its deliveries too."""
        not_sending = BEFORE_SENDING if by_the_service else {P.DRAFT, P.IN_REVIEW, P.KILLED}
        publications = {p.id: p for p in await session.scalars(select(m.Publication))}
        deliveries = (await session.scalars(select(m.Delivery))).all()
        agreed = await self.agreed(session)
        for it in publications.values():
            if it.state in PAST_REVIEW:
                assert agreed(it, it.revision), f"{it.state} without its approvals"
        for delivery in deliveries:
            it = publications[delivery.publication_id]
            assert agreed(it, delivery.revision), "a delivery of what nobody approved"
            if delivery.state not in (D.PENDING, D.PREPARED, D.THROTTLED, D.AUTH_REQUIRED, D.REJECTED, D.WITHDRAWN):
                assert it.state not in not_sending, f"{delivery.state} of a publication in {it.state}"
        for publication_id in self.was_out:
            assert publications[publication_id].state not in BEFORE_SENDING, "out, and before sending again"
        for publication_id, state in self.final.items():
            assert publications[publication_id].state == state, "withdrawn and killed are final"
        await self.check_endings(session, publications, deliveries)

    async def check_endings(
        self, session: AsyncSession, publications: dict[UUID, m.Publication], deliveries: Sequence[m.Delivery]
    ) -> None:
        closed = await session.scalars(select(m.Takedown).where(m.Takedown.closed_at.is_not(None)))
        for case in closed:
            states = {d.state for d in deliveries if d.publication_id == case.publication_id}
            assert case.kind != "withdrawal" or states == {D.WITHDRAWN}
        for pause in await session.scalars(select(m.Pause).where(m.Pause.resumed_at.is_not(None))):
            query = select(m.PauseResumption.person_id).where(m.PauseResumption.pause_id == pause.id)
            assert len(set(await session.scalars(query))) >= 2

    async def agreed(self, session: AsyncSession) -> Callable[[m.Publication, int], bool]:
        """The rule once more, in the test's own words: who approved a revision, and who ever touched it."""
        approvals = (await session.scalars(select(m.Approval))).all()
        touched: dict[UUID, set[UUID]] = {}
        for row in await session.scalars(select(m.PublicationRevision)):
            touched.setdefault(row.publication_id, set()).add(row.edited_by)

        def enough(it: m.Publication, revision: int) -> bool:
            gave = {a.approver_id for a in approvals if (a.publication_id, a.revision) == (it.id, revision)}
            others = gave - touched[it.id]
            if it.kind == "correction":
                return len(others) >= 2
            return len(gave) >= 2 and len(others) >= 1 if it.is_urgent else len(others) >= 1

        return enough

    async def remember(self, session: AsyncSession) -> None:
        for delivery in await session.scalars(select(m.Delivery).where(m.Delivery.confirmed_at.is_not(None))):
            self.was_out.add(delivery.publication_id)
        for it in await session.scalars(select(m.Publication)):
            assert it.revision >= self.revisions.get(it.id, 1)
            self.revisions[it.id] = it.revision
            if it.state in FINAL:
                self.final.setdefault(it.id, it.state)

    async def check_platforms(self, session: AsyncSession) -> None:
        """What we call published stands there, what we call withdrawn does not; never a second announcement."""
        by_post: dict[tuple[UUID, str], list[m.Delivery]] = {}
        for delivery in await session.scalars(select(m.Delivery)):
            if str(delivery.channel_id) in self.pages and delivery.platform_id:
                by_post.setdefault((delivery.channel_id, delivery.platform_id), []).append(delivery)
        for (channel_id, post), sharing in by_post.items():
            page = self.pages[str(channel_id)]
            if any(d.state == D.PUBLISHED for d in sharing):
                assert post in page.posts
            if all(d.state == D.WITHDRAWN for d in sharing):
                assert post not in page.posts
        for page in self.pages.values():
            assert max(Counter(page.sent).values(), default=0) <= 1

    # --- the walk ---

    def step(self) -> Step:
        choices: list[tuple[Step, int]] = [
            (self.create, 8), (self.correct, 4), (self.edit, 4), (self.submit, 10), (self.approve, 22),
            (self.withdraw, 5), (self.pause, 2), (self.resume, 6), (self.finish_task, 6), (self.retry, 2),
            (self.change_platform, 4), (self.work, 8), (self.pass_time, 6), (self.attack, 12),
        ]  # fmt: skip
        return self.rng.choices([c for c, _ in choices], [w for _, w in choices])[0]

    async def go(self, steps: int) -> None:
        for _ in range(steps):
            act = self.step()
            self.done[act.__name__] += 1
            await act()
            async with self.newsroom.db.transaction() as session:
                await self.check(session)
                await self.check_platforms(session)
                await self.remember(session)

    async def rush(self, steps: int) -> None:
        """Several at the same instant, people and workers: in whatever order their locks let them."""
        room = self.newsroom
        people = (self.submit, self.approve, self.approve, self.withdraw, self.finish_task, self.retry, self.resume)
        workers = (room.deliver, room.look, room.take_down)
        for _ in range(steps):
            for prelude in (self.create, self.correct, self.submit, self.pass_time, self.change_platform):
                await prelude()
            await asyncio.gather(*(act() for act in (*self.rng.sample(people, 4), *workers)))
            async with room.db.transaction() as session:
                await self.check(session)
                await self.remember(session)


@pytest.fixture
async def walk_of(
    newsroom: Newsroom,
    officers: Officers,
    make: Make,
    pages: Callable[..., Any],
    db_as: Callable[[str], Database],
) -> Callable[[int], Awaitable[Walk]]:
    async def begin(seed: int) -> Walk:
        ward = await make.unit()
        people = [
            await officers.on_duty(Role.EDITOR, Role.ADMIN, hours=(-1, 24)),
            await officers.on_duty(Role.EDITOR, hours=(-1, 24)),
            await officers.on_duty(hours=(-1, 1)),
            await officers.sign_in(Role.SPOKESPERSON, Role.EDITOR),
            await officers.sign_in(Role.SPOKESPERSON),
            await officers.sign_in(Role.EDITOR),
            await officers.on_duty(unit_id=ward.id, hours=(-1, 24)),
        ]
        made = [await pages("a", can_edit=True), await pages("b")]
        return Walk(
            seed,
            newsroom,
            officers,
            db_as("publish"),
            people,
            channels=[newsroom.bulletin, *(channel for channel, _ in made)],
            pages={str(channel.id): page for channel, page in made},
        )

    return begin


async def ended(walk: Walk) -> None:
    """The whole chain of the audit log holds, and every step that was taken is in it."""
    async with walk.newsroom.db.transaction() as session:
        found = [each async for each in audit.verify(session)]
        actions = Counter(await session.scalars(select(m.AuditEntry.action)))
        approvals = len((await session.scalars(select(m.Approval))).all())
        edits = len((await session.scalars(select(m.PublicationRevision))).all())
    assert found
    assert not [each for each in found if isinstance(each, audit.Break)]
    assert actions["publication.approved"] == approvals
    assert actions["publication.created"] + actions["publication.edited"] == edits
    assert actions["publication.withdrawn"] + actions["publication.killed"] == len(walk.final)


@pytest.mark.mission("M28", "M30")
async def test_the_rules_hold_in_any_order(
    walk_of: Callable[[int], Awaitable[Walk]], postgres: TestServer, database: str, nats_settings: NatsSettings
) -> None:
    walk = await walk_of(20261124)
    await walk.go(320)
    await ended(walk)
    said = await command(postgres.url(database), nats_settings).json("audit", "verify")
    assert said == {"chains_ok": 1, "broken": []}
    reached = {name for name, times in walk.done.items() if times}
    wanted = {"attack refused", "edited", "approved urgent", "refused to approve", "withdrawn", "killed", "resumed"}
    assert reached >= wanted, "the walk goes everywhere"
    assert len(walk.was_out) >= 5


@pytest.mark.slow
@pytest.mark.mission("M28", "M30")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, 9))
async def test_the_rules_hold_in_any_order_for_more_seeds(walk_of: Callable[[int], Awaitable[Walk]], seed: int) -> None:
    walk = await walk_of(seed)
    await walk.go(400)
    await ended(walk)


@pytest.mark.slow
@pytest.mark.mission("M28", "M30")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
async def test_the_rules_hold_when_all_happens_at_once(walk_of: Callable[[int], Awaitable[Walk]], seed: int) -> None:
    """No answer of ours is a failure (a deadlock would be one), and no rule gives way; the order is the machine's."""
    walk = await walk_of(seed)
    await walk.rush(60)
    await ended(walk)
    assert walk.was_out
