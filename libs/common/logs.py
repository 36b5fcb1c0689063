"""What a process says about itself: one handler for all loggers, as text or JSON lines, with the trace it belongs to.

Guarantee: an exception is told by its class and the places in the code it came through, never by its message, which
can quote what somebody wrote; a secret that the process has in hand is taken out by its letters, and what looks like a
secret, a phone, an e-mail or an identity number is masked.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO

from opentelemetry import trace
from typing_extensions import override

from libs.common.faults import describe
from libs.common.masking import mask_personal_data
from libs.common.withheld import SECRET, without_secrets

LogFormat = Literal["text", "json"]
_SECRETS = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), SECRET),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {SECRET}"),
    (re.compile(r"(://[^\s/:@]*):[^\s/@]+@"), rf"\1:{SECRET}@"),
    (re.compile(r"(/lich/)[^\s/?#\"']+"), rf"\1{SECRET}"),  # a calendar's address is its key
    (re.compile(r"(/nhan-tin/(?:xac-nhan|thoi)/)[^\s/?#\"'<>]+"), rf"\1{SECRET}"),  # so is a reader's
    (re.compile(r"(/bo-tin/)[^\s/?#\"'<>]+"), rf"\1{SECRET}"),  # and that of a partner's kit
    (
        re.compile(
            r"((?:pass(?:word|wd)?|secret|token|api[_-]?key|authorization|mật khẩu)['\"]?\s*[=:]\s*['\"]?)"
            r"[^\s'\",;&)]+",
            re.IGNORECASE,
        ),
        rf"\1{SECRET}",
    ),
)
_FRAMES = 12
_QUIET = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "opentelemetry.exporter.otlp": logging.ERROR}
"""The clients say every request with its whole address at INFO; the exporters every repetition before they give up."""
_SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def clean(text: str) -> str:
    """The text without what is or looks like a secret, or like somebody's phone, address or identity number."""
    for pattern, instead in _SECRETS:  # first: they go by words that somebody may have chosen as a secret
        text = pattern.sub(instead, text)
    return mask_personal_data(without_secrets(text))


def trace_ids() -> tuple[str, str] | None:
    """The current trace and span as they are written everywhere; None outside of any."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)


def frames(at: TracebackType | None) -> list[str]:
    """Where an exception came through, innermost last: places alone, no line of data."""
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(at)[-_FRAMES:]]


class _Formatter(logging.Formatter):
    def said(self, record: logging.LogRecord) -> tuple[str, list[str]]:
        message, places = clean(record.getMessage()), []
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            message, places = f"{message.partition(chr(10))[0]}: {clean(describe(error))}", frames(error.__traceback__)
        return message, places


class TextFormatter(_Formatter):
    """For a person at a terminal."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        message, places = self.said(record)
        ids = trace_ids()
        line = f"{self.formatTime(record)} {record.levelname} {record.name} {message}"
        return "\n    ".join([line + (f" trace={ids[0]}" if ids else ""), *places])


class JsonFormatter(_Formatter):
    """One object a line, for whatever collects the output of containers."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        message, places = self.said(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": at, "level": record.levelname, "logger": record.name, "message": message}
        if ids := trace_ids():
            line["trace_id"], line["span_id"] = ids
        if places:
            line["places"] = places
        return json.dumps(line, ensure_ascii=False)


def handler(form: LogFormat, stream: TextIO) -> logging.Handler:
    made = logging.StreamHandler(stream)
    made.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    return made


def configure(form: LogFormat = "text", stream: TextIO | None = None) -> None:
    """All loggers of this process go to one handler; for a process of its own, not for a library's caller."""
    root = logging.getLogger()
    root.handlers[:] = [handler(form, stream or sys.stderr)]
    root.setLevel(logging.INFO)
    for name in _SERVERS:  # uvicorn gives them handlers of their own, whose lines nothing would clean
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
