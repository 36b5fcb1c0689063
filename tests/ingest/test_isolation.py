"""Parsers in processes of their own: what one document does to its parser, no other notices."""

import asyncio
import os
import pickle
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.ingest import adapters  # noqa: F401  (registers the source kinds)
from services.ingest.adapters.base import SOURCE_KINDS, Entry, NotParsable, ParsedDocument
from services.ingest.extract import extract_article
from services.ingest.isolation import ParserDied, Parsers, ParserTimedOut
from tests.ingest.desk import Item, article, rss

FEED = rss(Item("https://bao.test/1", "Hà Nội mùa thu", "Tóm tắt."))


@asynccontextmanager
async def parsing(processes: int = 1, **options: Any) -> AsyncIterator[Parsers]:
    parsers = Parsers(processes, **options)
    try:
        yield parsers
    finally:
        await parsers.aclose()


async def test_every_kind_of_document_comes_back_as_it_is_parsed_here() -> None:
    sitemap = b"<urlset><url><loc>https://bao.test/1</loc><lastmod>2026-11-24</lastmod></url></urlset>"
    page = article("Phố đi bộ mở thêm một tuyến mới", "Người dân đi bộ quanh hồ trong buổi sáng cuối tuần.")
    tasks = [
        partial(SOURCE_KINDS.get(kind).parse, data, content_type="text/xml", url="https://bao.test/", language="vi")
        for kind, data in (("feed", FEED), ("sitemap", sitemap), ("page", page))
    ]
    async with parsing(2) as parsers:
        for task in tasks:
            assert await parsers.run(task) == task()
        extract = partial(extract_article, page, url="https://bao.test/1")
        assert await parsers.run(extract, site="bao.test") == extract()


async def test_what_a_parser_refuses_is_told_in_its_own_words() -> None:
    async with parsing() as parsers:
        pid = await parsers.run(os.getpid)
        with pytest.raises(NotParsable, match="trang HTML"):
            await parsers.run(partial(SOURCE_KINDS.get("feed").parse, b"<html><body>x</body></html>"))
        assert await parsers.run(os.getpid) == pid


async def test_the_loop_runs_on_while_a_parser_hangs_and_the_others_work() -> None:
    feed = partial(SOURCE_KINDS.get("feed").parse, FEED)
    async with parsing(2, seconds=1.0) as parsers:
        await asyncio.gather(parsers.run(os.getpid), parsers.run(os.getpid))
        stuck = asyncio.create_task(parsers.run(partial(time.sleep, 60)))
        await asyncio.sleep(0)
        assert len((await parsers.run(feed)).entries) == 1
        assert not stuck.done()
        with pytest.raises(ParserTimedOut, match="hơn 1 giây"):
            await stuck
        assert len((await parsers.run(feed)).entries) == 1


async def test_a_parser_that_loops_without_end_is_stopped() -> None:
    async with parsing(seconds=0.3) as parsers:
        with pytest.raises(ParserTimedOut):
            await parsers.run(partial(sum, _Endless()))
        assert await parsers.run(partial(str, "next"), deadline=10) == "next"


class _Endless:
    def __iter__(self) -> Iterator[int]:
        while True:
            yield 1


@pytest.mark.parametrize(
    "deadly",
    [
        partial(signal.raise_signal, signal.SIGSEGV),
        partial(os._exit, 0),
        partial(bytes, 4 << 30),
        partial(int, "no number"),
        partial(eval, "(" * 500 + ")" * 500),
    ],
    ids=["crash", "silence", "memory", "error", "depth"],
)
async def test_what_kills_a_parser_fails_alone(deadly: Any) -> None:
    async with parsing() as parsers:
        with pytest.raises(ParserDied):
            await parsers.run(deadly)
        assert await parsers.run(partial(str, "next")) == "next"


async def test_a_parser_has_no_secret_no_connection_and_no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANTOA_DB__URL", "postgresql://secret")
    with socket.socket() as open_connection:
        open_connection.bind(("127.0.0.1", 0))
        os.set_inheritable(open_connection.fileno(), True)
        async with parsing() as parsers:
            assert "secret" not in str(await parsers.run(partial(eval, "dict(__import__('os').environ)")))
            descriptors = await parsers.run(partial(os.listdir, "/proc/self/fd"))
            assert set(descriptors) <= {"0", "1", "2", "3"}  # the last one is this listing itself
            for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
                assert await parsers.run(partial(resource.getrlimit, limit)) == (0, 0)
            for forbidden in (
                partial(socket.create_connection, open_connection.getsockname()),
                partial(os.system, "true"),
                partial(Path("/tmp/lantoa-parser").write_text, "x"),
            ):
                with pytest.raises(ParserDied):
                    await parsers.run(forbidden)
    assert not Path("/tmp/lantoa-parser").exists() or not Path("/tmp/lantoa-parser").stat().st_size


async def test_an_answer_is_data_and_calls_nothing_here() -> None:
    async with parsing() as parsers:
        for answer in (partial(pickle.loads, pickle.dumps(Path("/tmp"))), partial(eval, "__import__('os').system")):
            with pytest.raises(ParserDied):
                await parsers.run(answer)


async def test_processes_are_replaced_when_they_grow() -> None:
    async with parsing(megabytes=400) as parsers:
        first = await parsers.run(os.getpid)
        assert await parsers.run(os.getpid) == first
        await parsers.run(partial(exec, "import builtins; builtins.kept = b'x' * 260_000_000"))
        assert await parsers.run(os.getpid) != first


async def test_closing_ends_what_runs_at_once() -> None:
    parsers = Parsers(1, seconds=60.0)
    pid = await parsers.run(os.getpid)
    running, waiting = (asyncio.create_task(parsers.run(partial(time.sleep, 60))) for _ in range(2))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await parsers.aclose()
    for task in (running, waiting):
        with pytest.raises((ParserDied, asyncio.CancelledError)):
            await task
    assert time.monotonic() - began < 30
    assert not Path(f"/proc/{pid}").exists()


async def test_one_site_always_meets_the_same_parser() -> None:
    async with parsing(2) as parsers:
        met = {site: {await parsers.run(os.getpid, site=site) for _ in range(3)} for site in ("a.test", "b.test", "c")}
    assert all(len(pids) == 1 for pids in met.values())


async def test_without_processes_it_parses_on_a_thread() -> None:
    async with parsing(0) as parsers:
        assert await parsers.run(os.getpid) == os.getpid()
        found: ParsedDocument = await parsers.run(partial(SOURCE_KINDS.get("feed").parse, FEED))
        assert isinstance(found.entries[0], Entry)
