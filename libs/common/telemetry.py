"""Traces and metrics by OpenTelemetry: one item is followed from the door through outbox and NATS to every service.

Guarantees: off until a process starts it, and then one look at a variable; nothing here ever fails the work it tells
about. Attributes and labels are a closed list of ids, names of ours and counts: a value that could be a text, a phone
or an address is withheld. An error is told by its class alone.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram, Meter, NoOpMeter
from opentelemetry.metrics import _Gauge as Gauge
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes
from typing_extensions import override

from libs.common import logs
from libs.common.faults import describe
from libs.common.instruments import COUNTERS, GAUGES, HISTOGRAMS, Value, admitted
from libs.common.settings import TelemetrySettings

__all__ = ["SpanKind"]

log = logging.getLogger("lantoa.telemetry")
METRIC_SECONDS = 15.0
EXPORT_SECONDS = 2.0
"""A collector that is away holds up the end of a process for twice this, well within its grace."""
MAX_LINKS = 1000
"""A span of a batch names every event of it."""
TRACEPARENT = "traceparent"
_W3C = TraceContextTextMapPropagator()
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _FollowLinks(Sampler):
    """A root is taken by chance, and always when it continues something taken: a batch with an item followed."""

    def __init__(self, share: float) -> None:
        self._by_chance = TraceIdRatioBased(share)

    @override
    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        follows = any(link.context.trace_flags.sampled for link in links or ())
        chosen = ALWAYS_ON if follows else self._by_chance
        return chosen.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    @override
    def get_description(self) -> str:
        return f"FollowLinks({self._by_chance.get_description()})"


def sampler(share: float) -> Sampler:
    return ParentBased(_FollowLinks(share))


@dataclass
class Telemetry:
    """The tracer and the instruments of one process."""

    tracer: Tracer
    meter: Meter = field(default_factory=lambda: NoOpMeter("lantoa"))
    counters: Mapping[str, Counter] = field(init=False)
    histograms: Mapping[str, Histogram] = field(init=False)
    gauges: Mapping[str, Gauge] = field(init=False)

    def __post_init__(self) -> None:
        self.counters = {n: self.meter.create_counter(n, "1", about) for n, about in COUNTERS.items()}
        self.histograms = {
            n: self.meter.create_histogram(n, "s", about, explicit_bucket_boundaries_advisory=_SECONDS)
            for n, about in HISTOGRAMS.items()
        }
        self.gauges = {n: self.meter.create_gauge(n, unit, about) for n, (unit, about) in GAUGES.items()}


_active: Telemetry | None = None
"""As with logging, what is reported is the process's own affair: no function is handed a tracer it may not have."""


def is_on() -> bool:
    return _active is not None


def start(process: str, settings: TelemetrySettings) -> None:
    """Once, at the start of a process of its own: its log, and what it reports if there is a place to report to."""
    logs.configure(settings.log_format)
    if settings.otlp_endpoint and _active is None:
        _ = install(_exporting(process, settings))


def install(telemetry: Telemetry | None) -> Telemetry | None:
    """Report with this from now on; what was before."""
    global _active
    before, _active = _active, telemetry
    return before


def _exporting(process: str, settings: TelemetrySettings) -> Telemetry:
    """Exporters to the collector, on threads of their own; both are flushed when the process ends."""
    # Here and not above: nobody pays for protobuf who exports nothing.
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    base = settings.otlp_endpoint.rstrip("/")
    told = {"service.namespace": "lantoa", "service.name": f"lantoa-{process}", "service.instance.id": str(uuid4())}
    resource = Resource(told)
    tracing = TracerProvider(sampler(settings.sampling), resource, span_limits=SpanLimits(max_links=MAX_LINKS))
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{base}/v1/traces", timeout=EXPORT_SECONDS)))
    tracer = tracing.get_tracer("lantoa")
    if settings.metrics == "off":
        return Telemetry(tracer)
    exporter = OTLPMetricExporter(f"{base}/v1/metrics", timeout=EXPORT_SECONDS)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=METRIC_SECONDS * 1000)
    return Telemetry(tracer, MeterProvider([reader], resource).get_meter("lantoa"))


# --- metrics -----------------------------------------------------------------------------------------


def count(name: str, by: int = 1, **labels: Value | None) -> None:
    if _active is not None:
        _active.counters[name].add(by, admitted(_dotted(labels)))


def gauge(name: str, value: float, **labels: Value | None) -> None:
    if _active is not None:
        _active.gauges[name].set(value, admitted(_dotted(labels)))


def _dotted(labels: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """`outcome=` is `lantoa.outcome`."""
    return {f"lantoa.{name}": value for name, value in labels.items()}


# --- spans -------------------------------------------------------------------------------------------


@contextmanager
def _span(
    active: Telemetry,
    name: str,
    attributes: Mapping[str, Value | None],
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    context: Context | None = None,
    links: Sequence[Link] = (),
) -> Iterator[Span]:
    made = active.tracer.start_span(name, context, kind, admitted(attributes), links)
    # The library would write the exception's message into the span.
    with use_span(made, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield made
        except BaseException as error:
            fail(made, error)
            raise


def fail(span: Span, error: BaseException) -> None:
    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute("error.type", type(error).__name__)


@contextmanager
def step(name: str, **attributes: Value | None) -> Iterator[None]:
    """One step of the work, as a span within the current one and in the histogram of steps."""
    active = _active
    if active is None:
        yield
        return
    began = time.perf_counter()
    try:
        with _span(active, name, _dotted(attributes)):
            yield
    finally:
        _took(active, name, began)


def _took(active: Telemetry, step: str, began: float) -> None:
    active.histograms["lantoa.step.duration"].record(time.perf_counter() - began, {"lantoa.step": step})


# --- along the events --------------------------------------------------------------------------------


def carried() -> dict[str, str]:
    """The current context as it is written beside an event; also one not sampled, so that nobody samples anew."""
    if _active is None:
        return {}
    return _carried(None)


def _carried(context: Context | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    _W3C.inject(headers, context)
    # `tracestate` is other vendors' free text: it stays outside.
    return {TRACEPARENT: headers[TRACEPARENT]} if TRACEPARENT in headers else {}


def _context_of(headers: Mapping[str, str] | None) -> Context:
    given = (headers or {}).get(TRACEPARENT)
    return _W3C.extract({TRACEPARENT: given}, Context()) if given else Context()


def _span_context(context: Context) -> SpanContext:
    return get_current_span(context).get_span_context()


class Publishing:
    """The spans of a batch on its way to the stream, one in the trace of each event that is followed."""

    def __init__(self) -> None:
        self._active, self._began = _active, time.perf_counter()
        self._spans: list[Span | None] = []

    def headers(self, event_id: UUID, subject: str, stored: Mapping[str, str]) -> Mapping[str, str]:
        """What travels with the event: its stored headers, with this hop in between where it is followed."""
        span = self._start(event_id, subject, stored)
        self._spans.append(span)
        return stored if span is None else {**stored, **_carried(set_span_in_context(span))}

    def _start(self, event_id: UUID, subject: str, stored: Mapping[str, str]) -> Span | None:
        if self._active is None or TRACEPARENT not in stored:
            return None
        context = _context_of(stored)
        if not _span_context(context).trace_flags.sampled:
            return None
        told: dict[str, Value | None] = {
            "messaging.system": "nats",
            "messaging.destination.name": subject,
            "lantoa.event_id": event_id,
        }
        return self._active.tracer.start_span(f"publish {subject}", context, SpanKind.PRODUCER, admitted(told))

    def end(self, outcomes: Sequence[object]) -> None:
        for span, outcome in zip(self._spans, outcomes, strict=True):
            if span is not None:
                if isinstance(outcome, Exception):
                    fail(span, outcome)
                span.end()
        if self._active is not None:
            _took(self._active, "relay publish", self._began)
            refused = sum(isinstance(outcome, Exception) for outcome in outcomes)
            if refused:
                self._active.counters["lantoa.relay.refused"].add(refused)


@contextmanager
def processing(durable: str, headers: Sequence[Mapping[str, str] | None], tries: int) -> Iterator[None]:
    """A consumer at work: of one event a span in its trace, of more a span of its own with a link to each."""
    active = _active
    if active is None:
        yield
        return
    contexts = [_context_of(each) for each in headers]
    links = [Link(found) for found in map(_span_context, contexts) if found.is_valid]
    is_one = len(contexts) == 1
    told: dict[str, Value | None] = {"messaging.system": "nats", "lantoa.consumer": durable, "lantoa.tries": tries}
    told["messaging.batch.message_count"] = None if is_one else len(contexts)
    began = time.perf_counter()
    try:
        with _span(
            active,
            f"process {durable}",
            told,
            kind=SpanKind.CONSUMER,
            context=contexts[0] if is_one else Context(),
            links=() if is_one else links,
        ):
            yield
    finally:
        _took(active, f"consume {durable}", began)


# --- at the door -------------------------------------------------------------------------------------

Scope = dict[str, Any]


class ServerSpans:
    """ASGI middleware: a trace begins with a request. The caller's own trace is linked, not continued: the doors are
    public, and a stranger neither chooses our trace ids nor what we sample. Health probes are left out.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        active = _active
        if active is None or scope["type"] != "http" or scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        status, began = 500, time.perf_counter()

        async def watch(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        told: dict[str, Value | None] = {"http.request.method": method}
        with _span(active, method, told, kind=SpanKind.SERVER, context=Context(), links=_callers(scope)) as span:
            if span.is_recording():
                scope["lantoa.trace_id"] = f"{span.get_span_context().trace_id:032x}"
            try:
                await self._app(scope, receive, watch)
            except Exception as error:
                # The server tells it too, but outside of the span: this line has the trace of the answer.
                log.error("%s %s failed: %s", method, _route(scope) or "", describe(error))
                raise
            finally:
                told |= {"http.route": _route(scope), "http.response.status_code": status}
                _close(span, told, status)
                took = time.perf_counter() - began
                active.histograms["http.server.request.duration"].record(took, admitted(told))


def _close(span: Span, told: Mapping[str, Value | None], status: int) -> None:
    """A path can hold what only its reader should know (a link of a mail); the route's pattern cannot."""
    if span is INVALID_SPAN or not span.is_recording():
        return
    if route := told["http.route"]:
        span.update_name(f"{told['http.request.method']} {route}")
    span.set_attributes(admitted(told))
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _route(scope: Scope) -> str | None:
    return getattr(scope.get("route"), "path", None)


def _callers(scope: Scope) -> list[Link]:
    given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    caller = _span_context(_context_of({TRACEPARENT: given.decode("latin-1")}))
    if not caller.is_valid:
        return []
    return [Link(SpanContext(caller.trace_id, caller.span_id, is_remote=True, trace_flags=TraceFlags(0)))]
