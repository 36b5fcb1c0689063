"""Secrets are planted, everything that can go wrong goes wrong, and then all that the run wrote is searched for them.

Searched: every table (but the ciphertext), the stream, the files, the servers' logs, our log with httpx and httpcore at
DEBUG, what an OTLP collector got, and every answer of the API.
"""

import base64
import gzip
import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import nats
import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic import SecretStr
from sqlalchemy import text
from typing_extensions import override

from libs.common import logs, telemetry
from libs.common.bus import credentials
from libs.common.clock import FrozenClock
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models import Base
from libs.common.relay import relay_once
from libs.common.settings import NatsSettings
from libs.common.testing.make import Make
from libs.common.webhook import Poster
from libs.common.withheld import SECRET
from services.publish import watchdog
from services.publish.main import SERVICE
from services.publish.settings import PublishGroup, PublishSettings, WatchdogSettings
from services.publish.watchdog_ways import ways_of
from tests.common.backbone import stage as backbone
from tests.common.letterbox import SENDER, running_letterbox
from tests.publish.echo import Echo, running_echo
from tests.publish.newsroom import API, KEY, Newsroom
from tests.publish.stage import HANDLE, PUT, Stage

pytestmark = pytest.mark.slow

BLUESKY = "bsky-bimat-4f9a-7c21"
BLUESKY_WRONG = "bsky-saimat-0d3e-99aa"
MASTODON = "mastodonBiMatQ9xT2vL7pR4mZ8"
TELEGRAM = "7012345678:AAHbimattelegramKhongAiDuocThay01"
CLIENT_SECRET = "ungdung-bimat-Zx81kQ"
SMTP_PASSWORD = "thu-bimat-93kfLq0"
HOOK_SECRET = "moc-bimat-0123456789-abcdefgh"
HOOK_TOKEN = "T0KENTRONGDIACHIbimat77"
PLANTED = (
    BLUESKY,
    BLUESKY_WRONG,
    MASTODON,
    TELEGRAM,
    CLIENT_SECRET,
    SMTP_PASSWORD,
    HOOK_SECRET,
    HOOK_TOKEN,
    KEY,
)


def spellings(secret: str) -> set[str]:
    """Whole, the part after a bot's number, cut off, and as addresses and headers write it."""
    coded = base64.b64encode(secret.encode()).decode().rstrip("=")
    inner = secret.partition(":")[2] or secret
    return {secret, inner, inner[:10], quote(secret, safe=""), coded, secret.encode().hex()}


@dataclass
class Written:
    """Where to look, by name."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, place: str, *texts: str) -> None:
        self.places.setdefault(place, []).extend(texts)

    def found(self) -> list[str]:
        return [
            f"{place}: …{one[max(0, at - 160) : at + 60]}…"
            for place, texts in self.places.items()
            for one in texts
            for secret in PLANTED
            for form in spellings(secret)
            if (at := one.find(form)) >= 0
        ]


# --- what is listened to ----------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log of a process whose operator has turned everything up."""
    said, root = io.StringIO(), logging.getLogger()
    before, level = list(root.handlers), root.level
    loud = {name: logging.getLogger(name).level for name in ("httpx", "httpcore", "mail.log")}
    logs.configure("json", said)
    root.setLevel(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # of the tests' own mail server
    yield said
    root.handlers[:] = before
    root.setLevel(level)
    for name, was in loud.items():
        logging.getLogger(name).setLevel(was)


@contextmanager
def collector() -> Iterator[tuple[str, list[str]]]:
    """An OTLP/HTTP collector; what it is sent, as text."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            got.append(plain.decode("utf-8", "replace"))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Told:
    """What a collector got: the very exporters of a process, every trace taken."""

    got: list[str]
    tracing: TracerProvider
    metrics: MeterProvider

    def end(self) -> list[str]:
        """As a process does at its end."""
        self.tracing.shutdown()
        self.metrics.shutdown()
        return self.got


@pytest.fixture
def told() -> Iterator[Told]:
    with collector() as (url, got):
        tracing = TracerProvider(telemetry.sampler(1), shutdown_on_exit=False)
        tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}/v1/metrics"))
        metrics = MeterProvider([reader], shutdown_on_exit=False)
        made = telemetry.Telemetry(tracing.get_tracer("test"), metrics.get_meter("test"))
        before = telemetry.install(made)
        yield Told(got, tracing, metrics)
        telemetry.install(before)


@pytest.fixture
async def answers(newsroom: Newsroom) -> list[str]:
    """Every answer that the API gives, headers and all."""
    kept: list[str] = []

    async def keep(response: httpx.Response) -> None:
        kept.append(f"{response.status_code} {dict(response.headers)} {(await response.aread()).decode()}")

    newsroom.client.event_hooks["response"].append(keep)
    newsroom.client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    return kept


async def dump(db: Database) -> dict[str, list[str]]:
    """Every row of every table as text; of the credentials all but the ciphertext."""
    found: dict[str, list[str]] = {}
    async with db.transaction() as session:
        for table in Base.metadata.sorted_tables:
            rows = await session.scalars(text(f"SELECT to_jsonb(t) - 'ciphertext' FROM {table.name} t"))
            found[f"table {table.name}"] = [json.dumps(row, ensure_ascii=False) for row in rows]
    return found


async def stream_of(settings: NatsSettings) -> list[str]:
    client = await nats.connect(settings.url, **credentials(settings))
    js = client.jetstream()
    last = (await js.stream_info(settings.stream)).state.last_seq
    found = [await js.get_msg(settings.stream, seq) for seq in range(1, last + 1)]
    await client.close()
    return [f"{message.headers} {(message.data or b'').decode()}" for message in found]


def files_below(*folders: Path) -> list[str]:
    return [
        f"{file.name} {file.read_bytes().decode('utf-8', 'replace')}"
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file()
    ]


# --- what is done -----------------------------------------------------------------------------------------


def body_of(kind: str, service: str, **secret: Any) -> dict[str, Any]:
    settings = {"service": service, "web": service, "chat": "@thanhpho_thu", "username": "thanhpho_thu"}
    return {
        "kind": kind,
        "name": f"Kênh {kind}",
        "address": f"{kind}-{number()}",
        "settings": settings,
        "secret": secret,
    }


_numbers = iter(range(1000))


def number() -> int:
    return next(_numbers)


SECRETS: dict[str, dict[str, str]] = {
    "bluesky": {"identifier": HANDLE, "password": BLUESKY},
    "mastodon": {"access_token": MASTODON, "client_secret": CLIENT_SECRET},
    "telegram": {"token": TELEGRAM},
}


async def refusals(newsroom: Newsroom, url: str) -> None:
    """Every way to get a registration wrong with the secrets in it."""
    http, admin = newsroom.client, newsroom.admin
    for kind, secret in SECRETS.items():
        good = body_of(kind, url, **secret)
        wrong: list[dict[str, Any]] = [
            {**good, "kind": f"khong-co-{kind}"},
            {**good, "secret": [secret]},
            {**good, "secret": json.dumps(secret)},
            {**good, "secret": {name: [value] for name, value in secret.items()}},
            {**good, "secret": {name: {"deep": value} for name, value in secret.items()}},
            {**good, "secret": {name: value * 2000 for name, value in secret.items()}},
            {**good, "secret": {value: name for name, value in secret.items()}},
            {**good, "name": 5, "unknown": secret},
            {**good, "settings": {"service": f"ftp://{next(iter(secret.values()))}@127.0.0.1"}},
            {**good, "settings": {**good["settings"], "service": f"http://a:{SMTP_PASSWORD}@127.0.0.1:1"}},
            {**good, "unit_id": str(new_id(newsroom.clock.now()))},
        ]
        for body in wrong:
            answer = await http.post(f"{API}/channels", json={**body, "address": f"a-{number()}"}, headers=admin)
            assert answer.status_code < 500, answer.text
        for headers in (newsroom.editor, {}, {"Authorization": f"Bearer {next(iter(secret.values()))}"}):
            assert (await http.post(f"{API}/channels", json=good, headers=headers)).status_code in (401, 403)
        cut = json.dumps(good)[:-20]
        headers = {**admin, "Content-Type": "application/json"}
        assert (await http.post(f"{API}/channels", content=cut, headers=headers)).status_code == 422
    await http.get(f"{API}/channels?token={TELEGRAM}&cursor={BLUESKY}", headers=admin)
    await http.get(f"/bot{TELEGRAM}/sendMessage?access_token={MASTODON}")
    await http.put(f"{API}/channels/{TELEGRAM}/credentials", json=SECRETS["telegram"], headers=admin)


async def registered(newsroom: Newsroom, kind: str, url: str, **secret: str) -> Any:
    body = body_of(kind, url, **{**SECRETS[kind], **secret})
    made = await newsroom.client.post(f"{API}/channels", json=body, headers=newsroom.admin)
    assert made.status_code == 201, made.text
    again = await newsroom.client.post(f"{API}/channels", json=body, headers=newsroom.admin)
    assert again.status_code == 409
    channel = made.json()["id"]
    url = f"{API}/channels/{channel}/credentials"
    assert (await newsroom.client.put(url, json={"secret": {"x": SMTP_PASSWORD}}, headers=newsroom.admin)).is_error
    return made.json()


async def turn(newsroom: Newsroom, times: int = 3) -> None:
    """Every loop of the worker, some minutes apart; a loop that fails is the loop's affair."""
    for _ in range(times):
        for job in SERVICE.jobs.all:
            try:
                await job.run(newsroom.context)
            except Exception:
                logging.getLogger("lantoa.jobs").exception("job %s failed", job.name)
        newsroom.clock.advance(timedelta(minutes=2))


async def send(newsroom: Newsroom, channel: dict[str, Any], title: str) -> dict[str, Any]:
    made = await newsroom.draft(title=title, channel_ids=[channel["id"]])
    await newsroom.act("submit", made, newsroom.editor)
    await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    await turn(newsroom)
    await newsroom.act("withdraw", made, newsroom.speaker, reason="Thử gỡ")
    await turn(newsroom, 2)
    return await newsroom.read(made)


async def on_the_echo(newsroom: Newsroom, echo: Echo) -> None:
    """Every kind of channel at a platform that repeats its secrets, with every kind of refusal."""
    for kind in SECRETS:
        channel = await registered(newsroom, kind, echo.url)
        for status in (400, 401, 403, 404, 409, 422, 429, 500, 503):
            echo.status = status
            await send(newsroom, channel, f"Tin {kind} {status}")
            put = f"{API}/channels/{channel['id']}/credentials"
            await newsroom.client.put(put, json={"secret": SECRETS[kind]}, headers=newsroom.admin)


async def on_the_sandbox(newsroom: Newsroom, stage: Stage) -> None:
    """The real wire with its faults, and a password that was changed there."""
    await stage.put("/control/accounts", platform="bluesky", handle=HANDLE, password=BLUESKY)
    channel = await registered(newsroom, "bluesky", f"{stage.url}/bluesky")
    out = await send(newsroom, channel, "Tin đã lên")
    assert out["deliveries"][0]["platform_url"]
    for kind in ("http_status", "executed_response_lost", "throttle", "token_expired"):
        await stage.fault(kind, PUT, status=500, seconds=1)
        await send(newsroom, channel, f"Tin gặp {kind}")
    wrong = await registered(newsroom, "bluesky", f"{stage.url}/bluesky", password=BLUESKY_WRONG)
    refused = await send(newsroom, wrong, "Tin sai mật khẩu")
    assert refused["deliveries"][0]["state"] != "published"


async def people_are_told(newsroom: Newsroom, echo: Echo, settings_for: Any, db: Database) -> None:
    """The watchdog with a mail server that refuses its password and a webhook that repeats what it got."""
    async with running_letterbox(login=("lantoa", "another")) as box:
        mail = box.settings(username="lantoa", password=SecretStr(SMTP_PASSWORD))
        group = WatchdogSettings(
            mail_to=[SENDER],
            webhook_url=SecretStr(f"{echo.url}/hooks/{HOOK_TOKEN}?key={HOOK_TOKEN}"),
            webhook_secret=SecretStr(HOOK_SECRET),
            retry_seconds=0.001,
        )
        settings = settings_for(PublishSettings, "publish", mail=mail, publish=PublishGroup(watchdog=group))
        async with Poster(user_agent="test", timeout_seconds=2) as poster:
            ways = ways_of(settings, newsroom.clock, poster)
            dog = watchdog.Watchdog(db, newsroom.clock, group, ways, "https://tin.example.vn")
            made = await newsroom.approved(newsroom.bulletin, title="Tin không ai gửi")
            for status in (401, 500, 302):
                echo.status = status
                newsroom.clock.advance(timedelta(minutes=6))
                await dog.turn()
            assert len(ways) == 2
            assert any(HOOK_TOKEN in heard for heard in echo.heard)
        assert made["id"]


async def test_no_secret_is_in_anything_that_a_run_writes(
    lines: io.StringIO,
    told: Told,
    answers: list[str],
    newsroom: Newsroom,
    stage: Stage,
    settings_for: Any,
    nats_settings: NatsSettings,
    db_as: Callable[[str], Database],
    clock: FrozenClock,
    make: Make,
    files: Any,
    tmp_path: Path,
    scratch: Path,
) -> None:
    with running_echo() as echo:
        await refusals(newsroom, echo.url)
        await on_the_sandbox(newsroom, stage)
        await on_the_echo(newsroom, echo)
        await people_are_told(newsroom, echo, settings_for, db_as("publish"))
    async with backbone.connected(nats_settings) as client:
        while await relay_once(db_as("relay"), client.jetstream(), clock):
            pass

    written = Written()
    for place, rows in (await dump(newsroom.db)).items():
        written.add(place, *rows)
    written.add("stream", *await stream_of(nats_settings))
    written.add("files", *files_below(tmp_path, files.root))
    written.add("servers' logs", *(log.read_text(errors="replace") for log in scratch.rglob("*.log")))
    written.add("log", *lines.getvalue().splitlines())
    written.add("telemetry", *told.end())
    written.add("answers", *answers)

    heard = "".join(echo.heard)
    for secret in (TELEGRAM, MASTODON, BLUESKY, HOOK_TOKEN):
        assert secret in heard, "what never left us could not come back"
    for place in (
        "stream",
        "log",
        "telemetry",
        "answers",
        "table deliveries",
        "table tasks",
        "table channel_credentials",
    ):
        assert written.places[place], place
    said = "".join(written.places["log"])
    assert "receive_response_headers" in said
    assert SECRET in said
    assert "deliver" in "".join(told.got)
    assert written.found() == []
