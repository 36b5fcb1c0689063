"""Telemetry: one item followed through every service; batches with links; figures; and nobody's words in any of it."""

import asyncio
import gzip
import io
import json
import logging
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx
import pytest
from fastapi import APIRouter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, TraceFlags
from pydantic import ValidationError
from sqlalchemy import text
from typing_extensions import override

from libs.common import backlog, instruments, logs, telemetry
from libs.common.app import Service
from libs.common.auth import public
from libs.common.bus import Permanent, Subscription
from libs.common.clock import FrozenClock
from libs.common.consumer import Consumer
from libs.common.errors import Problem
from libs.common.jobs import JobContext
from libs.common.local import topology
from libs.common.local.paths import checkout
from libs.common.models.enums import Role
from libs.common.outbox import emit_all
from libs.common.relay import relay_once
from libs.common.settings import CommonSettings, NatsSettings, TelemetrySettings
from libs.common.testing.plugin import ClientFor, DatabaseAs, SettingsFor, SignedIn
from services.classify.main import SERVICE as CLASSIFY
from services.classify.settings import ClassifySettings
from services.ingest.jobs import poll_due_source
from services.ingest.main import SERVICE as INGEST
from services.ingest.settings import IngestSettings
from tests.common.backbone import stage
from tests.common.backbone.stage import Happened
from tests.ingest.desk import Item, rss
from tests.ingest.site import Answer, running_site

PUSH = "/api/ingest/v1/contents"
NAME, PHONE, EMAIL = "Trần Thị Mai Hương", "0912 345 678", "mai.huong@thu.example"
PASSWORD, TOKEN = "mat-khau-rat-dai-2026", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtYWkifQ.c2lnbmF0dXJl"
PLANTED = (NAME, PHONE, PHONE.replace(" ", ""), EMAIL, PASSWORD, TOKEN)
COMPLAINT = {
    "url": "https://tin.example/ngap",
    "title": f"Phản ánh của {NAME}: ngõ 12 ngập rác, gọi phường không ai đến",
    "text": f"Tôi bức xúc vì rác ùn ứ ba ngày ở ngõ 12, đề nghị phường xử lý. Gọi {NAME} số {PHONE}, {EMAIL}.",
}


@dataclass
class Watched:
    """What a collector would have got."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def points(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        found = [m for r in (data.resource_metrics if data else []) for s in r.scope_metrics for m in s.metrics]
        return {metric.name: list(metric.data.data_points) for metric in found}

    def value(self, name: str, **labels: Any) -> Any:
        wanted = {f"lantoa.{key}": value for key, value in labels.items()}
        return sum(p.value for p in self.points().get(name, []) if wanted.items() <= dict(p.attributes).items())


@asynccontextmanager
async def _watching(share: float = 1.0) -> AsyncIterator[Watched]:
    found = Watched(InMemorySpanExporter(), InMemoryMetricReader())
    limits = SpanLimits(max_links=telemetry.MAX_LINKS)
    tracing = TracerProvider(telemetry.sampler(share), span_limits=limits, shutdown_on_exit=False)
    tracing.add_span_processor(SimpleSpanProcessor(found.exporter))
    metrics = MeterProvider([found.reader], shutdown_on_exit=False)
    before = telemetry.install(telemetry.Telemetry(tracing.get_tracer("test"), metrics.get_meter("test")))
    try:
        yield found
    finally:
        telemetry.install(before)
        tracing.shutdown()
        metrics.shutdown()


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with _watching() as found:
        yield found


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The JSON log of a process, as one of ours configures it."""
    written, root = io.StringIO(), logging.getLogger()
    before, levels = list(root.handlers), {name: logging.getLogger(name).level for name in ("", *logs._QUIET)}
    logs.configure("json", written)
    yield written
    root.handlers[:] = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def traces(spans: list[ReadableSpan]) -> set[int]:
    return {span.context.trace_id for span in spans if span.context}


# --- the services as they are, hop by hop --------------------------------------------------------------


@dataclass
class Line:
    """The relay and every consumer of ingest and classify, driven one hop at a time."""

    db_as: DatabaseAs
    settings_for: SettingsFor
    nats: NatsSettings
    clock: FrozenClock

    async def relay(self) -> int:
        async with stage.connected(self.nats) as client:
            return await relay_once(self.db_as("relay"), client.jetstream(), self.clock)

    async def consume(self, *durables: str) -> None:
        """Run these consumers of the real services until the server has nothing left for them."""
        async with stage.connected(self.nats) as client:
            js = client.jetstream()
            for service, settings_class in ((CLASSIFY, ClassifySettings), (INGEST, IngestSettings)):
                await self._consume(js, service, self.settings_for(settings_class, service.name), durables)

    async def _consume(self, js: Any, service: Service, settings: Any, durables: tuple[str, ...]) -> None:
        db = self.db_as(service.name)
        async with service.resources(settings, db, self.clock) as held:
            for subscription in service.subscribers.all:
                if subscription.durable(service.name) in durables:
                    consumer = Consumer(service.name, subscription, db, self.clock, held)
                    async with stage.running(consumer.run(js, asyncio.Event())):
                        await stage.until_settled(js, consumer.durable)


@pytest.fixture
def line(db_as: DatabaseAs, settings_for: SettingsFor, nats_settings: NatsSettings, clock: FrozenClock) -> Line:
    return Line(db_as, settings_for, nats_settings, clock)


HOPS = [
    f"POST {PUSH}",
    "store",
    "publish lantoa.content.ingested.v1",
    "process classify-content-ingested",
    "annotate",
    "publish lantoa.content.classified.v1",
    "process classify-content-classified",
    "index",
    "alerts",
    "claims",
    "process ingest-content-classified",
    "publish lantoa.feedback.opened.v1",
]


async def _push_one_to_the_end(client: httpx.AsyncClient, headers: dict[str, str], line: Line) -> None:
    answer = await client.post(PUSH, json=COMPLAINT, headers=headers)
    assert answer.status_code == 201, answer.text
    assert await line.relay() == 1
    await line.consume("classify-content-ingested")
    assert await line.relay() == 1
    await line.consume("classify-content-classified", "ingest-content-classified")
    assert await line.relay() == 1


async def test_one_pushed_item_is_one_trace_through_every_service(
    watched: Watched, line: Line, client_for: ClientFor, signed_in: SignedIn
) -> None:
    client = await client_for(INGEST)
    await _push_one_to_the_end(client, await signed_in(Role.EDITOR), line)
    assert sorted(span.name for span in watched.spans) == sorted(HOPS)
    assert len(traces(watched.spans)) == 1
    parents = {name: parent_of(watched.named(name)) for name in HOPS}
    ids = {name: id_of(watched.named(name)) for name in HOPS}
    names = {ids[name]: name for name in HOPS}
    assert {name: names.get(parent or 0) for name, parent in parents.items()} == {
        HOPS[0]: None,
        "store": HOPS[0],
        "publish lantoa.content.ingested.v1": "store",
        "process classify-content-ingested": "publish lantoa.content.ingested.v1",
        "annotate": "process classify-content-ingested",
        "publish lantoa.content.classified.v1": "annotate",
        "process classify-content-classified": "publish lantoa.content.classified.v1",
        "index": "process classify-content-classified",
        "alerts": "process classify-content-classified",
        "claims": "process classify-content-classified",
        "process ingest-content-classified": "publish lantoa.content.classified.v1",
        "publish lantoa.feedback.opened.v1": "process ingest-content-classified",
    }


async def test_an_item_is_followed_from_the_fetch_of_its_source(
    watched: Watched, line: Line, client_for: ClientFor, signed_in: SignedIn
) -> None:
    async with running_site() as site:
        site.routes["/rss"] = Answer(rss(Item(site.url("/bai-1"), "Cầu mới thông xe")))
        client = await client_for(INGEST, replay=True)
        body = {"kind": "feed", "name": "Báo", "group": "press", "url": site.url("/rss")}
        answer = await client.post("/api/ingest/v1/sources", json=body, headers=await signed_in(Role.EDITOR))
        assert answer.status_code == 201, answer.text
        watched.exporter.clear()
        settings, db = line.settings_for(IngestSettings, "ingest", replay=True), line.db_as("ingest")
        async with INGEST.resources(settings, db, line.clock) as held:
            assert await poll_due_source(JobContext(db, line.clock, held, asyncio.Event())) == 1
    assert await line.relay() == 1
    await line.consume("classify-content-ingested")
    told = [span.name for span in watched.spans]
    assert {"poll", "fetch", "parse", "store", "process classify-content-ingested", "annotate"} <= set(told)
    assert len(traces(watched.spans)) == 1
    assert watched.value("lantoa.polls", outcome="ok", kind="feed") == 1
    assert watched.value("lantoa.contents", verdict="new") == 1


async def _emitted(db_as: DatabaseAs, watched: Watched, clock: FrozenClock, numbers: range) -> list[int]:
    """Events in one trace each; the trace ids."""
    for number in numbers:
        with telemetry.step("store"):
            async with db_as(stage.SERVICE).transaction() as session:
                await emit_all(session, [Happened(number=number)], now=clock.now())
    return [span.context.trace_id for span in watched.spans if span.context]


async def _consumed(db_as: DatabaseAs, settings: NatsSettings, clock: FrozenClock, sub: Subscription) -> None:
    await stage.prepare(db_as("owner"))
    async with stage.connected(settings) as client:
        js = client.jetstream()
        await relay_once(db_as("relay"), js, clock)
        worker = stage.consumer(db_as(stage.SERVICE), sub, ack_wait=30)
        async with stage.running(worker.run(js, asyncio.Event())):
            await stage.until_settled(js, worker.durable)


async def test_a_batch_is_a_trace_of_its_own_with_a_link_to_each(
    watched: Watched, db_as: DatabaseAs, nats_settings: NatsSettings, clock: FrozenClock
) -> None:
    async def apply_and_emit(events: Any, ctx: Any) -> None:
        await stage.apply(events, ctx)
        await emit_all(ctx.session, [Happened(number=1000)], now=ctx.now)

    started = await _emitted(db_as, watched, clock, range(3))
    assert len(set(started)) == 3
    await _consumed(db_as, nats_settings, clock, stage.subscription(10, handler=apply_and_emit))
    batch = [s for s in watched.spans if (s.attributes or {}).get("messaging.batch.message_count") == 3]
    assert len(batch) == 1
    assert batch[0].parent is None
    published = [s for s in watched.spans if s.name == f"publish {Happened.subject}"]
    assert {link.context.trace_id for link in batch[0].links} == set(started)
    assert {link.context.span_id for link in batch[0].links} >= {id_of(s) for s in published[:3]}
    headers = await stage.scalar(
        db_as("owner"), "SELECT headers FROM outbox WHERE payload ->> 'number' = '1000' ORDER BY id LIMIT 1"
    )
    assert batch[0].context is not None
    assert headers["traceparent"].split("-")[1] == f"{batch[0].context.trace_id:032x}", "what it emits goes on from it"


async def test_a_poison_in_a_batch_fails_its_own_trace_alone(
    watched: Watched, db_as: DatabaseAs, nats_settings: NatsSettings, clock: FrozenClock
) -> None:
    started = await _emitted(db_as, watched, clock, range(98, 101))
    await _consumed(db_as, nats_settings, clock, stage.subscription(10))
    one_by_one = [s for s in watched.spans if s.name.startswith("process ") and s.parent is not None]
    failed = [s for s in one_by_one if s.status.status_code is StatusCode.ERROR]
    assert len(one_by_one) == 3
    assert traces(failed) == {started[1]}
    assert (failed[0].attributes or {})["error.type"] == "Permanent"
    assert failed[0].status.description is None
    assert watched.value("lantoa.dead_letters", consumer="classify-stage-happened") == 1
    assert watched.value("lantoa.consumer.events", outcome="done") == 2


async def test_a_batch_with_one_followed_item_is_followed_and_what_is_not_sampled_stays_so(
    db_as: DatabaseAs, nats_settings: NatsSettings, clock: FrozenClock
) -> None:
    async with _watching(share=1.0) as taken:
        started = await _emitted(db_as, taken, clock, range(1))
    async with _watching(share=0.0) as found:
        await _emitted(db_as, found, clock, range(1, 3))
        flags = await stage.scalar(
            db_as("owner"), "SELECT array_agg(right(headers ->> 'traceparent', 2) ORDER BY id) FROM outbox"
        )
        assert [int(one, 16) & TraceFlags.SAMPLED for one in flags] == [1, 0, 0]
        await _consumed(db_as, nats_settings, clock, stage.subscription(10))
        publish, process = found.spans
        assert traces([publish]) == set(started)
        assert process.name == "process classify-stage-happened"
        assert len(process.links) == 3


# --- figures -------------------------------------------------------------------------------------------


async def test_what_waits_is_measured_by_the_relay(
    watched: Watched, db_as: DatabaseAs, nats_settings: NatsSettings, clock: FrozenClock
) -> None:
    async with stage.connected(nats_settings) as client:
        js = client.jetstream()
        sub = stage.subscription(1)
        await js.add_consumer("lantoa", stage.consumer(db_as(stage.SERVICE), sub).config())
        await _emitted(db_as, watched, clock, range(4))
        await relay_once(db_as("relay"), js, clock, limit=3)
        clock.advance(timedelta(seconds=90))
        found = await backlog.measure_outbox(db_as("relay"), clock.now())
        assert found == backlog.Backlog(events=1, oldest_age=90.0, dead=0)
        backlog.report(found, await backlog.measure_consumers(js, "lantoa"))
    assert watched.value("lantoa.outbox.pending") == 1
    assert watched.value("lantoa.outbox.oldest_age") == 90
    assert watched.value("lantoa.consumer.pending", consumer="classify-stage-happened") == 3
    steps = {dict(p.attributes)["lantoa.step"]: p.count for p in watched.points()["lantoa.step.duration"]}
    assert steps == {"store": 4, "relay publish": 1}


@pytest.mark.slow
async def test_a_running_relay_measures_by_itself(
    watched: Watched, db_as: DatabaseAs, nats_settings: NatsSettings
) -> None:
    async with stage.relaying(db_as("relay"), nats_settings) as js:
        await js.add_consumer("lantoa", stage.consumer(db_as(stage.SERVICE), stage.subscription(1)).config())
        await stage.emit_numbers(db_as(stage.SERVICE), range(3))

        async def measured() -> bool:
            return bool(watched.value("lantoa.consumer.pending", consumer="classify-stage-happened") == 3)

        await stage.until(measured, telemetry.METRIC_SECONDS + 10, every=0.5)
    assert watched.points()["lantoa.outbox.pending"][0].value == 0


class _Collector(BaseHTTPRequestHandler):
    """An OTLP/HTTP collector: keeps what it is sent, by path."""

    got: ClassVar[dict[str, bytes]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got[self.path] = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        return


PROCESS = """
import sys
from libs.common import telemetry
from libs.common.settings import TelemetrySettings
telemetry.start("ingest-worker", TelemetrySettings(otlp_endpoint=sys.argv[1], sampling=1, log_format="json"))
with telemetry.step("store", items=7):
    telemetry.count("lantoa.polls", kind="feed", outcome="ok")
"""


async def _ended(endpoint: str) -> tuple[float, str]:
    """A process that reports there and ends; how long that took, and what it said."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, endpoint, cwd=checkout(), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said
    return time.monotonic() - began, said.decode()


@pytest.mark.slow
async def test_a_process_that_ends_has_sent_what_it_saw() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        await _ended(f"http://127.0.0.1:{server.server_port}/")
    finally:
        server.shutdown()
        server.server_close()
    sent = ExportTraceServiceRequest.FromString(_Collector.got["/v1/traces"])
    figures = ExportMetricsServiceRequest.FromString(_Collector.got["/v1/metrics"])
    (resource,) = sent.resource_spans
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"] == "lantoa-ingest-worker"
    assert [span.name for scope in resource.scope_spans for span in scope.spans] == ["store"]
    names = {m.name for r in figures.resource_metrics for s in r.scope_metrics for m in s.metrics}
    assert {"lantoa.polls", "lantoa.step.duration"} <= names


@pytest.mark.slow
async def test_a_collector_that_is_away_stops_nothing() -> None:
    took, said = await _ended("http://127.0.0.1:9")
    assert took < 15
    assert all(json.loads(line)["level"] == "ERROR" for line in said.splitlines())
    assert len(said.splitlines()) == 2, said


# --- at the door ---------------------------------------------------------------------------------------


class Refused(Problem):
    status = 409
    title_vi = "Không được"
    title_en = "Refused"


router = APIRouter(prefix="/api/stage/v1", dependencies=[public()])


@router.get("/doors/{key}")
async def door(key: str) -> None:
    if key == "closed":
        raise Refused
    raise ValueError(f"{NAME}, {PHONE}, {EMAIL}, password={PASSWORD}, Bearer {TOKEN}")


STAGE = Service(name="reports", settings_class=CommonSettings, routers=[router])


async def test_a_problem_names_its_trace_and_a_caller_does_not_choose_it(
    watched: Watched, client_for: ClientFor
) -> None:
    client = await client_for(STAGE)
    theirs = "00-11111111111111111111111111111111-2222222222222222-01"
    for path, status in (("closed", 409), (PASSWORD, 500)):
        watched.exporter.clear()
        answer = await client.get(f"/api/stage/v1/doors/{path}", headers={"traceparent": theirs})
        (span,) = watched.spans
        assert span.context is not None
        assert answer.status_code == status
        assert answer.json()["trace_id"] == f"{span.context.trace_id:032x}" != "1" * 32
        assert span.name == "GET /api/stage/v1/doors/{key}"
        assert (span.attributes or {})["http.response.status_code"] == status
        assert [f"{link.context.trace_id:032x}" for link in span.links] == ["1" * 32]
        assert (span.status.status_code is StatusCode.ERROR) == (status == 500)
    watched.exporter.clear()
    unknown = await client.get(f"/khong-co/{PASSWORD}")
    assert unknown.json()["trace_id"]
    assert [span.name for span in watched.spans] == ["GET"]
    watched.exporter.clear()
    assert (await client.get("/health/live")).status_code == 200
    assert watched.spans == []


async def test_the_trace_of_a_500_is_in_the_log(watched: Watched, lines: io.StringIO, client_for: ClientFor) -> None:
    answer = await (await client_for(STAGE)).get("/api/stage/v1/doors/open")
    (said,) = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["level"] == "ERROR"]
    assert said["trace_id"] == answer.json()["trace_id"]
    assert said["message"].startswith("GET /api/stage/v1/doors/{key} failed: ValueError (")


async def test_the_framework_reports_nothing_by_itself(client_for: ClientFor, monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI looks for a provider of the whole process and would tell it paths and queries."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", provider)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    assert (await (await client_for(STAGE)).get("/api/stage/v1/doors/closed?phone=1")).status_code == 409
    assert exporter.get_finished_spans() == ()


async def test_without_telemetry_there_is_nothing_of_it(
    client_for: ClientFor, db_as: DatabaseAs, clock: FrozenClock
) -> None:
    assert not telemetry.is_on()
    answer = await (await client_for(STAGE)).get("/api/stage/v1/doors/closed")
    assert "trace_id" not in answer.json()
    async with db_as(stage.SERVICE).transaction() as session:
        await emit_all(session, [Happened(number=1)], now=clock.now())
    assert await stage.scalar(db_as("owner"), "SELECT headers FROM outbox") == {}


# --- the log -------------------------------------------------------------------------------------------


def test_a_line_of_the_log_belongs_to_its_trace(lines: io.StringIO) -> None:
    log = logging.getLogger("lantoa.stage")
    log.info("outside")
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    with tracer.start_as_current_span("step") as span:
        log.warning("inside %d", 5)
    outside, inside = map(json.loads, lines.getvalue().splitlines())
    context = span.get_span_context()
    assert set(outside) == {"time", "level", "logger", "message"}
    assert inside["message"] == "inside 5"
    assert (inside["trace_id"], inside["span_id"]) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")


def test_an_exception_is_told_by_its_place(lines: io.StringIO) -> None:
    for form in ("json", "text"):
        written = io.StringIO()
        handler = logs.handler(form, written)  # type: ignore[arg-type]
        try:
            raise ValueError(f"{NAME} {PASSWORD}")
        except ValueError as error:
            record = logging.LogRecord(
                "x", logging.ERROR, __file__, 1, "it failed\n%s", ("",), (type(error), error, None)
            )
            handler.emit(record)
        assert "ValueError" in written.getvalue()
        assert NAME not in written.getvalue()
        assert PASSWORD not in written.getvalue()


def test_what_looks_like_a_secret_is_masked() -> None:
    for secret, said in (
        (PASSWORD, f"password={PASSWORD}"),
        (PASSWORD, f'{{"token": "{PASSWORD}"}}'),
        (PASSWORD, f"postgresql://lantoa:{PASSWORD}@db:5432/x"),
        (TOKEN, f"Authorization: Bearer {TOKEN}"),
        (TOKEN, f"refused {TOKEN}"),
        (PHONE, f"gọi {PHONE}"),
        (EMAIL, f"from {EMAIL}"),
    ):
        assert secret not in logs.clean(said), said
    assert logs.clean("relay: 3 events wait, the oldest for 5 s") == "relay: 3 events wait, the oldest for 5 s"


async def test_nobodys_words_and_no_secret_is_in_any_span_line_or_label(
    watched: Watched,
    lines: io.StringIO,
    line: Line,
    client_for: ClientFor,
    signed_in: SignedIn,
    db_as: DatabaseAs,
    nats_settings: NatsSettings,
    clock: FrozenClock,
) -> None:
    """Planted in a push, a query, a path, a bearer token, an exception of a route, and two of a handler."""
    client = await client_for(INGEST)
    await _push_one_to_the_end(client, await signed_in(Role.EDITOR), line)
    await client.get(f"{PUSH}?q={NAME}&token={TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})
    await client.post(PUSH, content=json.dumps({**COMPLAINT, "author": NAME}), headers=await signed_in(Role.EDITOR))
    stage_client = await client_for(STAGE)
    assert (await stage_client.get(f"/api/stage/v1/doors/{PASSWORD}?phone={PHONE}")).status_code == 500

    async def breaks(event: Happened, ctx: Any) -> None:
        if event.number == 1:
            raise Permanent("event 1 names nobody")
        await ctx.session.execute(text("INSERT INTO effects VALUES (:name, now())"), {"name": f"{NAME} {PHONE}"})

    await _emitted(db_as, watched, clock, range(1, 3))
    await _consumed(db_as, nats_settings, clock, stage.subscription(1, handler=breaks))
    with pytest.raises(ValueError), telemetry.step(NAME and "parse", kind=NAME, source_id=PHONE.replace(" ", "")):
        raise ValueError(f"{NAME} {PASSWORD}")

    told = [span.to_json() for span in watched.spans] + [
        f"{name} {dict(point.attributes)}" for name, points in watched.points().items() for point in points
    ]
    assert len(watched.spans) > 15
    assert len(told) > len(watched.spans) + 10
    written = lines.getvalue()
    assert "is dead" in written
    for planted in PLANTED:
        assert not [one for one in told if planted in one], planted
        assert planted not in written, planted
        escaped = json.dumps(planted).strip('"')
        assert not [one for one in told if escaped in one], planted


def test_the_shells_endpoint_reaches_the_services_of_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("LANTOA_TELEMETRY__SAMPLING", "1")
    told = topology._telemetry()
    assert told == {
        "LANTOA_TELEMETRY__OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "LANTOA_TELEMETRY__SAMPLING": "1",
    }
    monkeypatch.setenv("LANTOA_TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:4319")
    assert topology._telemetry()["LANTOA_TELEMETRY__OTLP_ENDPOINT"].endswith(":4319")


def test_an_endpoint_with_a_password_in_it_is_refused() -> None:
    for wrong in ("http://user:word@collector:4318", "collector:4318", "http://collector:4318/?key=x"):
        with pytest.raises(ValidationError):
            TelemetrySettings(otlp_endpoint=wrong)


def test_a_value_that_could_be_a_text_is_withheld() -> None:
    told = instruments.admitted(
        {
            "lantoa.kind": NAME,
            "lantoa.source_id": "0912345678",
            "lantoa.outcome": "ok",
            "lantoa.items": 3,
            "author": "x",
        }
    )
    assert told == {
        "lantoa.kind": "withheld",
        "lantoa.source_id": "withheld",
        "lantoa.outcome": "ok",
        "lantoa.items": 3,
    }
