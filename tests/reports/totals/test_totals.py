"""Totals of days against the rows they were counted from: the same figures, whoever changes what, and none lowered when
rows are dropped."""

import asyncio
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import typer
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from libs.common.testing.plugin import TestServer
from services.reports.domain import Period
from services.reports.totals import cli, counting, queries
from services.reports.totals.rules import day_of, span_of
from tests.reports.city import API, City
from tests.reports.totals.town import DAYS, Town, numbers

pytestmark = pytest.mark.mission("M33")
DAY = timedelta(days=1)


def at(*local: int) -> datetime:
    """An instant by the clock of Hà Nội."""
    return datetime(*local, tzinfo=UTC) - timedelta(hours=7)  # type: ignore[arg-type, misc]


PERIODS = {
    "a month that ends on the 14th": ("monthly", Period(at(2026, 10, 15), at(2026, 11, 15))),
    "a calendar month": ("monthly", Period(at(2026, 10, 1), at(2026, 11, 1))),
    "a week from five to five": ("weekly", Period(at(2026, 11, 13, 17), at(2026, 11, 20, 17))),
    "until now, with the day that is still open": ("monthly", Period(at(2026, 10, 25), at(2026, 11, 24, 12))),
    "parts of days at both ends": ("quarterly", Period(at(2026, 9, 20, 9, 30), at(2026, 11, 22, 3, 15))),
    "less than a day": ("weekly", Period(at(2026, 11, 3, 9), at(2026, 11, 3, 21))),
    "a year, most of it before anything was watched": ("yearly", Period(at(2025, 11, 15), at(2026, 11, 15))),
}


MONTHS = ("a month that ends on the 14th", "until now, with the day that is still open")
CALENDAR = PERIODS["a calendar month"]


@pytest.fixture
async def town(city: City, worker: JobContext[Any]) -> Town:
    made = Town(city, worker, seed=3550)
    await made.settle()
    return made


async def reports_of(town: Town, names: Iterable[str]) -> dict[str, Any]:
    return {name: numbers(await town.report(*PERIODS[name])) for name in names}


async def forget(db: Database) -> None:
    async with db.transaction() as session:
        for table in (m.CountedDay, m.DailyTotal, m.DailyStoryTotal):
            await session.execute(delete(table))


async def check_totals_against_rows(town: Town, names: Iterable[str]) -> None:
    from_rows = await reports_of(town, names)
    assert sum(report["items"]["total"] for report in from_rows.values()) > 100
    assert await town.count() == DAYS + 1
    assert await reports_of(town, names) == from_rows


async def test_totals_and_rows_give_the_same_figures(town: Town) -> None:
    await check_totals_against_rows(town, MONTHS)


@pytest.mark.slow
async def test_totals_and_rows_give_the_same_figures_whatever_the_period(town: Town) -> None:
    await check_totals_against_rows(town, PERIODS)


async def test_what_people_change_later_is_counted_anew_the_next_night(
    town: Town, clock: FrozenClock, db: Database
) -> None:
    await town.count()
    before = await reports_of(town, MONTHS)
    await town.change_minds()
    clock.advance(timedelta(minutes=10))
    assert await town.count() == 0
    clock.advance(DAY)
    assert await town.count() == DAYS + 2
    counted = await reports_of(town, MONTHS)
    await forget(db)
    assert counted == await reports_of(town, MONTHS)
    assert counted != before


async def test_a_day_stays_as_it_was_counted_when_its_rows_are_dropped(
    town: Town, clock: FrozenClock, db: Database
) -> None:
    await town.count()
    before = await town.report(*CALENDAR)
    clock.advance(60 * DAY)
    await town.drop_older_than(town.now - 90 * DAY)
    await town.count()
    after = await town.report(*CALENDAR)
    assert numbers(after)["items"] == numbers(before)["items"]
    assert numbers(after)["kinds"] == numbers(before)["kinds"]
    assert numbers(after)["volume"] == numbers(before)["volume"]
    assert numbers(after)["stories"]["count"] == numbers(before)["stories"]["count"]
    assert after["coverage"]["missing"] == []
    async with db.transaction() as session:
        plan = await counting.plan_days(session, 90 * DAY, town.now, since=None, again=True)
    assert plan.days[0] == day_of(town.now - 90 * DAY) + DAY


async def test_a_day_whose_labels_went_before_its_contents_is_not_counted(
    town: Town, clock: FrozenClock, db: Database
) -> None:
    clock.advance(60 * DAY)
    await town.drop_older_than(town.now - 90 * DAY, m.Annotation)
    await town.count()
    async with db.transaction() as session:
        assert await session.scalar(select(func.min(m.CountedDay.day))) == day_of(town.now - 90 * DAY) + DAY


async def test_a_day_that_was_never_counted_is_missing_and_the_paper_says_so(
    town: Town, clock: FrozenClock, client: httpx.AsyncClient, signed_in: Any
) -> None:
    clock.advance(60 * DAY)
    editor = await signed_in(Role.EDITOR)
    await town.drop_older_than(town.now - 90 * DAY)
    await town.count()
    kind, period = CALENDAR
    body = {"kind": kind, "from": period.start.isoformat(), "to": period.end.isoformat()}
    report = (await client.post(f"{API}/reports", json=body, headers=editor)).json()
    data = (await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=editor)).json()["data"]
    first_kept = day_of(town.now - 90 * DAY) + DAY
    lost = (first_kept - day_of(period.start)).days
    assert data["coverage"]["missing"] == [{"from": "2026-09-30T17:00:00Z", "to": "2026-10-25T17:00:00Z"}]
    assert data["coverage"]["missing_days"] == lost == 25
    assert data["volume"]["values"][:lost] == [None] * lost
    assert None not in data["volume"]["values"][lost:]
    assert data["items"]["total"]["value"] == sum(data["volume"]["values"][lost:])
    assert data["items"]["total"]["formula"].endswith("chưa gồm 25 ngày không có số đếm")
    assert {row["change"]["value"] for row in data["compared"]["rows"]} == {None}
    text = (await client.get(f"{API}/reports/{report['id']}/content?format=md", headers=editor)).text
    assert "**Thiếu số đếm của 25 ngày**" in text
    assert "- từ 00:00 01/10/2026 đến 00:00 26/10/2026" in text


async def test_of_a_period_of_which_nothing_is_known_every_count_is_blank(town: Town, clock: FrozenClock) -> None:
    clock.advance(120 * DAY)
    await town.drop_older_than(town.now - 90 * DAY)
    data = await town.report(*CALENDAR)
    blank = [data["items"]["total"], data["stories"]["count"], data["kinds"]["classified"], data["claims"]["opened"]]
    assert {one["value"] for one in [*blank, data["feedback"]["opened"]]} == {None}
    assert data["feedback"]["waiting"]["value"] > 0


async def test_a_figure_says_that_it_comes_from_totals_and_when_they_were_counted(
    town: Town, clock: FrozenClock
) -> None:
    await town.count()
    counted_at = town.now
    clock.advance(timedelta(hours=3))
    data = await town.report(*PERIODS["a month that ends on the 14th"])
    assert data["items"]["total"]["source"] == "daily_totals (báo cáo) từ contents, sources (tiếp nhận)"
    assert data["items"]["total"]["as_of"] == counted_at.isoformat().replace("+00:00", "Z")
    assert data["feedback"]["waiting"]["as_of"] == town.now.isoformat().replace("+00:00", "Z")
    assert data["coverage"]["counted_days"] == 31
    open_day = await town.report(*PERIODS["until now, with the day that is still open"])
    assert open_day["items"]["total"]["source"].endswith(", ngày chưa đếm đọc thẳng")
    assert open_day["items"]["total"]["as_of"] == town.now.isoformat().replace("+00:00", "Z")
    week = await town.report(*PERIODS["a week from five to five"])
    assert week["volume"]["source"] == "contents (tiếp nhận)"


async def test_a_day_is_closed_two_hours_after_midnight(town: Town, clock: FrozenClock, db: Database) -> None:
    await town.count()
    clock.advance(at(2026, 11, 25, 1, 59) - town.now)
    assert await town.count() == 0
    clock.advance(timedelta(minutes=1))
    assert await town.count() == DAYS + 2
    async with db.transaction() as session:
        assert await session.scalar(select(func.max(m.CountedDay.day))) == date(2026, 11, 24)


async def test_while_one_counts_another_does_not(town: Town, db: Database) -> None:
    async with db.transaction() as other:
        await queries.wait_for_turn(other)
        assert await town.count() == 0
    done = await asyncio.gather(town.count(), town.count())
    assert sum(done) == DAYS + 1


async def test_nothing_is_counted_before_anything_is_watched(city: City, worker: JobContext[Any]) -> None:
    assert await Town(city, worker, seed=1).count() == 0


# --- the command --------------------------------------------------------------------------------------------


class Lantoa:
    """The verb, with settings in the environment; in a thread, for its own event loop."""

    def __init__(self, url: str) -> None:
        self.environment = {"LANTOA_DB__URL": url, "COLUMNS": "200"}
        self.app = typer.Typer()
        cli.register(self.app)

    def __call__(self, *words: str) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(CliRunner().invoke, self.app, ["reports", "totals", *words], env=self.environment)


async def filled(lantoa: Lantoa, *words: str) -> dict[str, int]:
    done = await asyncio.to_thread(lantoa(*words, "--json").result)
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


async def test_the_command_counts_what_was_not_counted_and_can_be_run_again(
    city: City, db: Database, postgres: TestServer, database: str
) -> None:
    today = day_of(datetime.now(UTC))
    await city.make.source(created_at=span_of(today - 5 * DAY).start)
    lantoa = Lantoa(postgres.url(database, "lantoa_reports"))
    some = await filled(lantoa, "--since", str(today - 3 * DAY))
    every = await filled(lantoa)
    assert some["counted"] in (2, 3)
    assert (every["counted"], every["already"]) == (2, some["counted"])
    assert (await filled(lantoa))["counted"] == 0
    assert (await filled(lantoa, "--again"))["counted"] == every["counted"] + some["counted"]
    told = await asyncio.to_thread(lantoa().result)
    assert "Đã đếm 0 ngày;" in told.stdout


async def test_the_command_does_not_count_days_whose_rows_are_gone(
    city: City, postgres: TestServer, database: str
) -> None:
    today = day_of(datetime.now(UTC))
    await city.make.source(created_at=span_of(today - 100 * DAY).start)
    done = await filled(Lantoa(postgres.url(database, "lantoa_reports")))
    assert done["gone"] in (10, 11)
    assert done["counted"] + done["gone"] in (99, 100)
