"""Those who read our events: a closed list, a credential that can do nothing else, and a line that keeps its place.

Each test has a nats-server of its own, on the file of users that the command writes.
"""

import asyncio
import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import nats
import pytest
import yaml
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from libs.common import models as m
from libs.common.bus import connect, credentials, disconnect, ensure_stream, headers_of
from libs.common.db import Database
from libs.common.events import ALL_EVENTS
from libs.common.events.outside import EXAMPLES, OUTSIDE
from libs.common.ids import new_id
from libs.common.local.nats import NatsServer
from libs.common.models.event_subscribers import GRANTABLE
from libs.common.settings import NatsSettings
from libs.common.subscribers import granted_by
from libs.common.testing.plugin import NOON, TestServer
from scripts import reference
from tests.common.backbone.command import Command

WHO = ("--organisation", "UBND phường Thượng Cát", "--purpose", "Hiện tin của thành phố trên trang của phường")
PUBLISHED = "lantoa.publication.published.v1"
INGESTED = "lantoa.content.ingested.v1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    one = NatsServer(tmp_path / "nats")
    one.start()
    yield one
    one.stop()


@pytest.fixture
async def settings(server: NatsServer) -> NatsSettings:
    found = NatsSettings(url=server.info.url, token=SecretStr(server.info.token), max_bytes=64 * 1024**2)
    client = await connect(found, "test")
    await ensure_stream(client.jetstream(), found)
    await disconnect(client)
    return found


@pytest.fixture
def lantoa(postgres: TestServer, database: str, server: NatsServer, settings: NatsSettings) -> Command:
    return Command(
        {
            "LANTOA_DB__URL": postgres.url(database),
            "LANTOA_NATS__URL": settings.url,
            "LANTOA_NATS__TOKEN": server.info.token,
            "LANTOA_NATS_USERS_FILE": str(server.users_file),
            "LANTOA_NATS_PID_FILE": str(server.pid_file),
            "COLUMNS": "200",
        }
    )


async def added(lantoa: Command, name: str = "trang-phuong", *events: str) -> dict[str, Any]:
    wanted = [word for event in events or ("publication", "correction") for word in ("--event", event)]
    made: dict[str, Any] = await lantoa.json("subscribers", "add", name, *WHO, *wanted)
    return made


class Outsider:
    """Somebody with a credential, and everything the server refused to them."""

    def __init__(self) -> None:
        self.client, self.refused, self.closed = Client(), [], asyncio.Event()
        self.refused: list[str] = []

    async def on_error(self, error: Exception) -> None:
        self.refused.append(str(error).lower())

    async def on_close(self) -> None:
        self.closed.set()

    async def is_refused(self, word: str) -> bool:
        """Whether the server said no to this subject since the last question."""
        await self.client.flush()
        await asyncio.sleep(0.05)
        told, self.refused = self.refused, []
        return any("permissions violation" in each and word.lower() in each for each in told)

    async def listen(self, subject: str) -> list[Msg]:
        got: list[Msg] = []

        async def keep(message: Msg) -> None:
            got.append(message)

        await self.client.subscribe(subject, cb=keep)
        await self.client.flush()
        return got


@asynccontextmanager
async def signed_in(settings: NatsSettings, name: str, password: str, **more: Any) -> AsyncIterator[Outsider]:
    who = Outsider()
    address = f"nats://{settings.url.rsplit('@', 1)[1]}"
    try:
        await who.client.connect(
            address, user=name, password=password, error_cb=who.on_error, closed_cb=who.on_close, **more
        )
        yield who
    finally:
        await who.client.close()


async def emit(settings: NatsSettings, *subjects: str) -> list[UUID]:
    """Publish as the relay does, and wait until the stream has it."""
    client = await nats.connect(settings.url, **credentials(settings))
    ids = [new_id(NOON) for _ in subjects]
    for event_id, subject in zip(ids, subjects, strict=True):
        headers = headers_of(event_id, subject, "publish", NOON, str(event_id))
        await client.jetstream().publish(subject, b'{"n": 1}', headers=headers)
    await client.close()
    return ids


async def until(found: list[Any], count: int) -> None:
    for _ in range(100):
        if len(found) >= count:
            break
        await asyncio.sleep(0.05)
    assert len(found) == count


# --- the closed list ----------------------------------------------------------------------------------------


def test_the_list_is_closed_and_says_the_same_everywhere() -> None:
    entities = ("publication", "correction", "alert")
    named = {e.subject for e in ALL_EVENTS if e.subject.split(".")[1] in entities}
    named |= {"lantoa.feedback.resolved.v1", "lantoa.report.ready.v1"}
    assert set(OUTSIDE) == named == set(GRANTABLE)


@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        ("publication.published", [PUBLISHED]),
        (PUBLISHED, [PUBLISHED]),
        ("alert", ["lantoa.alert.raised.v1"]),
        ("correction.*", ["lantoa.correction.published.v1"]),
        ("feedback", ["lantoa.feedback.resolved.v1"]),
    ],
)
def test_a_name_means_subjects_of_the_list(name: str, subjects: list[str]) -> None:
    assert granted_by([name]) == subjects


def _resolved(schema: Any, schemas: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _resolved(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
        return {key: _resolved(value, schemas) for key, value in schema.items()}
    return [_resolved(each, schemas) for each in schema] if isinstance(schema, list) else schema


def test_each_is_described_with_an_example_that_fits_its_schema() -> None:
    document = yaml.safe_load(reference.asyncapi())
    schemas, seen = document["components"]["schemas"], set()
    for name, message in document["components"]["messages"].items():
        schema = _resolved(schemas[name], schemas) | {"additionalProperties": False}
        for example in message.get("examples", ()):
            jsonschema.validate(example["payload"], schema, format_checker=jsonschema.FormatChecker())
            assert example["headers"]["ce-type"] == message["name"]
            seen.add(message["name"])
        assert ("examples" in message) == (message.get("tags") == [{"name": "outside"}])
    assert seen == set(OUTSIDE)
    assert [type(one).model_validate(one.model_dump()) for one in EXAMPLES] == list(EXAMPLES)


@pytest.mark.parametrize(
    "change",
    [
        {"subjects": [PUBLISHED, INGESTED]},
        {"subjects": ["lantoa.replay.publication.published.v1"]},
        {"subjects": ["lantoa.>"]},
        {"subjects": []},
        {"name": "a.b"},
        {"name": "lantoa.>"},
        {"purpose": "gọi anh Hòa 0912345678"},
        {"organisation": "hoa@example.vn"},
        {"password_hash": "mat-khau"},
    ],
)
async def test_the_database_holds_the_list_too(db: Database, change: dict[str, Any]) -> None:
    row = {
        "id": new_id(NOON),
        "name": "trang-phuong",
        "organisation": "UBND phường",
        "purpose": "Hiện tin của thành phố",
        "subjects": [PUBLISHED],
        "password_hash": "$2a$06$" + "a" * 53,
        "created_at": NOON,
    }
    with pytest.raises(IntegrityError):
        async with db.transaction() as session:
            session.add(m.EventSubscriber(**{**row, **change}))
    async with db.transaction() as session:
        session.add(m.EventSubscriber(**row))


# --- what a credential can do -------------------------------------------------------------------------------


async def test_a_credential_reads_what_was_granted_and_nothing_else(lantoa: Command, settings: NatsSettings) -> None:
    made = await added(lantoa)
    other = await added(lantoa, "bao-chi", "alert")
    async with signed_in(settings, made["name"], made["password"]) as who:
        line, live = await who.listen(made["line"]), await who.listen(PUBLISHED)
        assert not await who.is_refused("")
        for subject in (
            INGESTED,
            "lantoa.content.*.v1",
            "lantoa.>",
            ">",
            "*.publication.published.v1",
            "lantoa.publication.*.v1",
            "lantoa.alert.raised.v1",
            "lantoa.feedback.opened.v1",
            "lantoa.query.matched.v1",
            "lantoa.claim.seen.v1",
            "lantoa.replay.publication.published.v1",
            other["line"],
            "outside.>",
            "_INBOX.>",
            "$SYS.>",
            "$JS.>",
            "$JS.EVENT.ADVISORY.>",
        ):
            await who.client.subscribe(subject)
            assert await who.is_refused(subject), subject
        await emit(settings, INGESTED, "lantoa.alert.raised.v1", PUBLISHED)
        await until(line, 1)
        await until(live, 1)
    assert line[0].subject == live[0].subject == PUBLISHED


async def test_a_credential_publishes_nothing(lantoa: Command, settings: NatsSettings) -> None:
    made = await added(lantoa)
    await added(lantoa, "bao-chi", "publication")
    inside = await nats.connect(settings.url, **credentials(settings))
    js = inside.jetstream()
    before = (await js.stream_info(settings.stream)).state.last_seq
    async with signed_in(settings, made["name"], made["password"]) as who:
        line = await who.listen(made["line"])
        await emit(settings, PUBLISHED)
        await until(line, 1)
        acknowledgement = line[0].reply or f"$JS.ACK.{settings.stream}.outside-{made['name']}.1.1.1.1.0"
        for subject in (
            PUBLISHED,
            INGESTED,
            "lantoa.replay.content.ingested.v1",
            made["line"],
            "outside.bao-chi",
            "x",
            acknowledgement,
            f"$JS.ACK.{settings.stream}.outside-bao-chi.1.1.1.1.0",
            f"$JS.ACK.{settings.stream}.classify-content-ingested.1.1.1.1.0",
            f"$JS.API.STREAM.INFO.{settings.stream}",
            f"$JS.API.STREAM.DELETE.{settings.stream}",
            f"$JS.API.STREAM.PURGE.{settings.stream}",
            f"$JS.API.STREAM.MSG.GET.{settings.stream}",
            f"$JS.API.DIRECT.GET.{settings.stream}",
            f"$JS.API.CONSUMER.CREATE.{settings.stream}.mine",
            f"$JS.API.CONSUMER.MSG.NEXT.{settings.stream}.classify-content-ingested",
            f"$JS.API.CONSUMER.DELETE.{settings.stream}.outside-bao-chi",
            "$JS.API.INFO",
            "$SYS.REQ.SERVER.PING",
            "$SYS.REQ.USER.INFO",
        ):
            await who.client.publish(subject, b"{}", reply=INGESTED)
            assert await who.is_refused(subject), subject
        with pytest.raises((NatsTimeout, NoRespondersError)):
            await who.client.jetstream(timeout=0.3).stream_info(settings.stream)
    assert (await js.stream_info(settings.stream)).state.last_seq == before + 1
    assert {c.name for c in await js.consumers_info(settings.stream)} == {"outside-bao-chi", f"outside-{made['name']}"}
    await inside.close()


async def test_a_line_keeps_its_place_and_can_be_wound_back(lantoa: Command, settings: NatsSettings) -> None:
    await emit(settings, PUBLISHED)  # before anybody was granted anything
    made = await added(lantoa)
    ids = await emit(settings, PUBLISHED, "lantoa.correction.published.v1")
    async with signed_in(settings, made["name"], made["password"]) as who:
        first = await who.listen(made["line"])
        await until(first, 2)
    ids += await emit(settings, PUBLISHED)
    await lantoa("subscribers", "apply")  # harmless
    async with signed_in(settings, made["name"], made["password"]) as who:
        second = await who.listen(made["line"])
        await until(second, 1)
        assert [str(one) for one in ids] == [(each.headers or {})["ce-id"] for each in [*first, *second]]
    await lantoa("subscribers", "rewind", made["name"], "--since", "1h")
    async with signed_in(settings, made["name"], made["password"]) as who:
        await until(await who.listen(made["line"]), 4)


async def test_after_the_stream_was_lost_a_migration_makes_the_lines_again(
    lantoa: Command, settings: NatsSettings
) -> None:
    made = await added(lantoa)
    inside = await nats.connect(settings.url, **credentials(settings))
    await inside.jetstream().delete_stream(settings.stream)
    await inside.close()
    await lantoa("migrate")
    async with signed_in(settings, made["name"], made["password"]) as who:
        line = await who.listen(made["line"])
        await emit(settings, PUBLISHED)
        await until(line, 1)


async def test_who_is_revoked_is_cut_off_at_once_and_nobody_else_is(lantoa: Command, settings: NatsSettings) -> None:
    made, other = await added(lantoa), await added(lantoa, "bao-chi")
    service = await connect(settings, "service")
    async with (
        signed_in(settings, made["name"], made["password"], allow_reconnect=False) as who,
        signed_in(settings, other["name"], other["password"], allow_reconnect=False) as stays,
    ):
        line = await stays.listen(other["line"])
        await lantoa("subscribers", "revoke", made["name"])
        await asyncio.wait_for(who.closed.wait(), 5)
        await emit(settings, PUBLISHED)
        await until(line, 1)
        assert not stays.closed.is_set()
    assert service.is_connected
    assert {c.name for c in await service.jetstream().consumers_info(settings.stream)} == {"outside-bao-chi"}
    await disconnect(service)
    with pytest.raises(Exception, match=r"(?i)authorization"):
        async with signed_in(settings, made["name"], made["password"], allow_reconnect=False):
            pass
    assert "no such" in (await lantoa.run("subscribers", "revoke", made["name"], code=1)).stderr.lower()
    again = await lantoa.run("subscribers", "add", made["name"], *WHO, "--event", "alert", code=1)
    assert "used before" in again.stderr


# --- secrets and wrong words --------------------------------------------------------------------------------


async def test_a_password_is_shown_once(lantoa: Command, server: NatsServer, db: Database, tmp_path: Path) -> None:
    made = await added(lantoa)
    saved = tmp_path / "password"
    quiet = await lantoa.json("subscribers", "add", "bao-chi", *WHO, "--event", "alert", "--save", str(saved))
    assert "password" not in quiet
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    secrets = (made["password"], saved.read_text().strip(), server.info.token)
    assert all(len(secret) >= 32 for secret in secrets)
    shown = await lantoa("subscribers", "list") + json.dumps(await lantoa.json("subscribers", "list"))
    shown += await lantoa("subscribers", "config") + server.users_file.read_text()
    async with db.transaction() as session:
        for table in ("event_subscribers", "audit_log"):
            shown += str((await session.execute(text(f"SELECT * FROM {table}"))).all())
    assert not [secret for secret in secrets if secret in shown]
    assert "trang-phuong" in shown
    assert stat.S_IMODE(server.users_file.stat().st_mode) == 0o600


async def test_what_is_not_on_the_list_cannot_be_asked_for(lantoa: Command) -> None:
    for event in ("content", "content.ingested", "lantoa", "", ">", "*", "claim", "publ", "replay.alert"):
        refused = await lantoa.run("subscribers", "add", "trang-phuong", *WHO, "--event", event, code=2)
        assert "publication.published" in " ".join(refused.stderr.split()), event
    assert await lantoa.json("subscribers", "list") == []


async def test_a_name_is_a_plain_word(lantoa: Command) -> None:
    for name in ("lantoa", "A", "a b", "a.b", "a>", "ab", '"}'):
        await lantoa.run("subscribers", "add", name, *WHO, "--event", "alert", code=2)


async def test_while_nats_is_away_the_row_is_kept_and_applied_later(lantoa: Command, server: NatsServer) -> None:
    away = Command({**lantoa.env, "LANTOA_NATS__URL": "nats://lantoa@127.0.0.1:9", "LANTOA_PATIENCE": "0.3"})
    told = await away.run("subscribers", "add", "trang-phuong", *WHO, "--event", "alert", code=1)
    assert "subscribers apply" in told.stderr
    password = told.stdout.split()[-1]
    await lantoa("subscribers", "apply")
    client = await nats.connect(f"nats://127.0.0.1:{server.info.port}", user="trang-phuong", password=password)
    await client.close()


# --- the example --------------------------------------------------------------------------------------------


async def test_the_example_subscriber_prints_each_event_once(
    lantoa: Command, settings: NatsSettings, tmp_path: Path
) -> None:
    made = await added(lantoa)
    told = {
        "PATH": os.environ["PATH"],
        "LANTOA_URL": f"nats://{settings.url.rsplit('@', 1)[1]}",
        "LANTOA_USER": made["name"],
        "LANTOA_PASSWORD": made["password"],
    }
    example = Path(__file__).parents[2] / "docs" / "examples" / "subscriber.py"
    ids = await emit(settings, INGESTED, PUBLISHED, PUBLISHED)
    memory, known = tmp_path / "seen.txt", list[str]()

    async def first_lines(count: int) -> list[dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(example), str(memory), env=told, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        lines = [json.loads(await asyncio.wait_for(process.stdout.readline(), 10)) for _ in range(count)]
        while memory.read_text().count("\n") < len(known) + count:
            await asyncio.sleep(0.02)
        process.terminate()
        await process.wait()
        known.extend(line["id"] for line in lines)
        return lines

    shown = await first_lines(2)
    assert [line["id"] for line in shown] == [str(one) for one in ids[1:]]
    assert [(line["type"], line["data"]) for line in shown] == [(PUBLISHED, {"n": 1})] * 2
    await lantoa("subscribers", "rewind", made["name"], "--since", "1h")
    ids += await emit(settings, PUBLISHED)
    assert [line["id"] for line in await first_lines(1)] == [str(ids[-1])]
