"""Parsers in processes of their own, so that no document of a stranger can hold up or break the service.

Guarantees: a task that passes its deadline, its memory or the bounds of its parser is stopped and its process replaced;
it fails alone, as `NotParsable`, and what runs beside it does not notice. The event loop never waits for a parser. A
process gets neither environment nor descriptors (so no secret and no connection), and what it answers is read as data:
only frozen dataclasses and enumerations of this service are made from it.
"""

import asyncio
import io
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from typing import Any, TypeVar
from zlib import crc32

from typing_extensions import override

from libs.common import telemetry
from services.ingest import parser_process
from services.ingest.adapters.base import NotParsable
from services.ingest.parser_process import HEAD, READY
from services.ingest.settings import PollSettings

T = TypeVar("T")
Task = Callable[[], T]

MAX_ANSWER = 128 * 1024 * 1024
"""Bytes of a result that is read at all."""
START_SECONDS = 60.0
_OURS = ("services.ingest.", "libs.common.models.enums")
_DATA = frozenset({("datetime", "datetime"), ("datetime", "timedelta"), ("datetime", "timezone"), ("datetime", "date")})


class ParserTimedOut(NotParsable):
    """The document took its parser longer than the deadline."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Tài liệu cần hơn {seconds:g} giây để đọc", f"the document takes over {seconds:g} s to parse")


class ParserDied(NotParsable):
    """The document broke its parser, or needed more memory than it has."""

    def __init__(self, how: str) -> None:
        super().__init__(f"Tài liệu làm hỏng bộ đọc ({how})", "the document breaks the parser")


@dataclass
class Parsers:
    """`processes` parsers beside this process, started when first needed; with 0 it parses on threads of its own.

    `seconds`: the deadline of a task from when its parser begins with it. `megabytes`: address space of a parser.
    """

    processes: int = 2
    seconds: float = 10.0
    megabytes: int = 1024
    _lanes: list["_Lane"] = field(init=False)

    def __post_init__(self) -> None:
        self._lanes = [_Lane(self.megabytes) for _ in range(self.processes)]

    async def run(self, task: Task[T], *, deadline: float | None = None, site: str | None = None) -> T:
        """What `task` returns, for a picklable function or `functools.partial`; raises NotParsable, and nothing else.

        Tasks of one `site` go to one parser, which may remember what it learned of it.
        """
        if not self._lanes:
            return await asyncio.to_thread(task)
        by_need = min(self._lanes, key=lambda one: one.waiting)
        lane = by_need if site is None else self._lanes[crc32(site.encode()) % len(self._lanes)]
        return await lane.run(task, deadline or self.seconds)

    async def aclose(self) -> None:
        for lane in self._lanes:
            lane.stop()
        await asyncio.gather(*(asyncio.to_thread(lane.join) for lane in self._lanes))


@asynccontextmanager
async def open_parsers(settings: PollSettings) -> AsyncIterator[Parsers]:
    parsers = Parsers(settings.parsers, settings.parse_seconds, settings.parser_megabytes)
    try:
        yield parsers
    finally:
        await parsers.aclose()


class _Lane:
    """One parser, and the thread that speaks with it: tasks wait here for their turn."""

    def __init__(self, megabytes: int) -> None:
        self.waiting = 0
        self._megabytes = megabytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="parser")
        self._parser: _Parser | None = None
        self._is_closed = False

    async def run(self, task: Task[T], seconds: float) -> T:
        self.waiting += 1
        try:
            result: T = await asyncio.get_running_loop().run_in_executor(self._thread, self._run, task, seconds)
            return result
        finally:
            self.waiting -= 1

    def _run(self, task: Task[T], seconds: float) -> T:
        if self._is_closed:
            raise ParserDied("tiến trình đang dừng")
        if self._parser is None:
            self._parser = _Parser(self._megabytes)
        try:
            return self._parser.ask(task, seconds)
        except NotParsable as error:
            if not self._parser.is_sound:
                telemetry.count("lantoa.parsers.lost", outcome=type(error).__name__)
            raise
        finally:
            if not self._parser.is_sound:
                self._parser.close()
                self._parser = None

    def stop(self) -> None:
        """From the event loop: what runs ends now, and nothing begins."""
        self._is_closed = True
        if (parser := self._parser) is not None:
            parser.kill()

    def join(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._parser is not None:
            self._parser.close()
            self._parser = None


class _Parser:
    """A running parser process. Every method but `kill` blocks."""

    def __init__(self, megabytes: int) -> None:
        self.is_sound = True
        self._link, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-m", parser_process.__name__, str(megabytes)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a traceback could quote the document
                env={},
                cwd="/",
            )
        self._link.settimeout(START_SECONDS)
        if self._link.recv(1) != READY:
            self.close()
            raise ParserDied("bộ đọc không khởi động được")

    def ask(self, task: Task[T], seconds: float) -> T:
        self.is_sound = False  # until it has answered, nothing tells that it can
        until = time.monotonic() + seconds
        try:
            self._send(pickle.dumps((seconds, task), protocol=5), until)
            size = HEAD.unpack(self._receive(HEAD.size, until))[0]
            if size > MAX_ANSWER:
                raise ParserDied("kết quả quá lớn")
            answer = _Data(io.BytesIO(self._receive(size, until))).load()
        except TimeoutError as error:
            raise ParserTimedOut(seconds) from error
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise ParserDied("tiến trình đọc bị dừng") from error
        told: T = self._told(answer)
        return told

    def _told(self, answer: Any) -> Any:
        match answer:
            case (bool() as is_last, "ok", result):
                self.is_sound = not is_last
                return result
            case (bool() as is_last, "refused", str() as vi, str() as en):
                self.is_sound = not is_last
                raise NotParsable(vi, en)
            case (_, "failed", str() as how):
                raise ParserDied(how if how.isidentifier() else "lỗi")
            case _:
                raise ParserDied("kết quả không hợp lệ")

    def _send(self, data: bytes, until: float) -> None:
        for piece in (HEAD.pack(len(data)), data):
            self._link.settimeout(_left(until))
            self._link.sendall(piece)

    def _receive(self, size: int, until: float) -> bytearray:
        data = bytearray(size)
        view, at = memoryview(data), 0
        while at < size:
            self._link.settimeout(_left(until))
            got = self._link.recv_into(view[at:])
            if got == 0:
                raise EOFError
            at += got
        return data

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._link.close()
        self._process.kill()
        self._process.wait()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Data(pickle.Unpickler):
    """Reads an answer as data: a parser that was taken over by its document calls nothing here."""

    @override
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _DATA:
            return super().find_class(module, name)
        if module.startswith(_OURS) and name.isidentifier() and module in sys.modules:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module and _is_data(found):
                return found
        raise pickle.UnpicklingError(f"not data: {module}.{name}")


def _is_data(found: type) -> bool:
    return issubclass(found, Enum) or (is_dataclass(found) and found.__dataclass_params__.frozen)  # type: ignore[attr-defined]
