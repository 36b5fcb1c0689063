"""Addresses and answers made to lead the fetcher astray: none is asked, or none leads anywhere else."""
# ruff: noqa: E501 - tables of cases

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from libs.common.http import (
    PUBLIC_ONLY,
    Address,
    FetchError,
    FetchFailed,
    FetchLimits,
    FetchRefused,
    PublicFetcher,
    is_address_allowed,
)
from tests.ingest.site import Answer, running_site

INNER = [
    "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2002:c0a8:101::1",
    "::ffff:0:127.0.0.1", "fe80::1%eth0", "100::1", "5f00::1", "2001:10::1", "2001:20::1", "::ffff:169.254.169.254", "::2",
    "0:0:0:0:0:ffff:7f00:1", "192.0.0.170", "192.88.99.1", "233.252.0.1", "3fff::1", "fd00:ec2::254",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_no_form_of_an_inner_address_is_public(address: str) -> None:
    assert not is_address_allowed(ip_address(address), PUBLIC_ONLY)


UNSENT = [
    "http://paper.test/\r\nX-Injected: 1", "http://paper.test\r\nHost: inner/", "http://pa\tper.test/", "http://paper.test\x00.evil/",
    "http://paper.test\\@inner/", "http://paper.test#@inner/", "http:paper.test", "http:/paper.test/", "//paper.test/", "paper.test",
    "http://@paper.test/", "http://:@paper.test/", "http://a@b@paper.test/", "http://paper.test:0x50/", "http://paper.test:80:80/",
    "http://paper.test:65536/", "http://paper.test:-1/", "dict://paper.test:11211/", "data:text/html,x", "javascript:alert(1)",
    "view-source:http://paper.test/", "http://[v1.x]/", "http://paper%2etest:22/",
]  # fmt: skip


@pytest.mark.parametrize("url", UNSENT)
async def test_what_parsers_read_differently_reaches_no_other_host(url: str) -> None:
    """Either the address is refused, or the one host that everybody reads is the host that is resolved."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        return [ip_address("10.0.0.1")]

    async with PublicFetcher(user_agent="LanToaTest/1", resolve=resolve) as fetcher:
        with pytest.raises((FetchRefused, FetchFailed)):
            await fetcher.fetch(url)
    assert set(asked) <= {"paper.test"}


@asynccontextmanager
async def answering(head: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that answers anything with these bytes, and keeps what it was sent."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(head)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


LOCATIONS = [
    b"/next%0d%0aX-Injected:%201", b"/next\rX-Injected: 1", b"/next\x0bX-Injected", b"http://127.0.0.1:%d/next\xe1\xba\xa1",
    b"/a/../../next?x=\xff", b"https:next", b"?", b"#", b"%00", b"//", b"http:///next", b"\\\\127.0.0.1\\next",
]  # fmt: skip


@pytest.mark.parametrize("location", LOCATIONS)
async def test_a_redirect_says_where_and_nothing_else(location: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with answering(head) as (port, seen):
        limits = FetchLimits(deadline_s=5.0, max_redirects=2)
        async with PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True, limits=limits) as fetcher:
            with pytest.raises(FetchError):
                await fetcher.fetch(f"http://127.0.0.1:{port}/first")
    for request in seen:
        lines = request.lower().split(b"\r\n")
        assert lines[0].startswith(b"get /")
        assert not any(line.startswith(b"x-injected") for line in lines[1:])
        assert lines[0].count(b" ") == 2


SPLIT = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 900\r\n\r\nok",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nok",
    "negative": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
    "endless chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 200_000,
    "endless header": b"HTTP/1.1 200 OK\r\nX-Pad: " + b"a" * 2_000_000,
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000,
    "status": b"HTTP/1.1 99999 No\r\n\r\n",
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 5_000,
    "nothing": b"",
    "upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nok",
    "nul": b"HTTP/1.1 200 OK\r\nX\x00: y\r\n\r\nok",
}


@pytest.mark.parametrize("name", SPLIT)
async def test_an_answer_against_the_protocol_is_a_typed_error(name: str) -> None:
    async with answering(SPLIT[name]) as (port, _):
        limits = FetchLimits(max_bytes=100_000, deadline_s=10.0)
        async with PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True, limits=limits) as fetcher:
            with pytest.raises(FetchError):
                await fetcher.fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "http://[::1]/", "file:///etc/passwd", "http://paper.test:22/"]
)
async def test_what_is_sent_goes_no_further_in_than_what_is_asked(target: str) -> None:
    async with PublicFetcher(user_agent="LanToaTest/1") as fetcher:
        with pytest.raises(FetchError):
            await fetcher.post(target, b"x", headers={"Content-Type": "text/plain"})


async def test_a_post_is_not_carried_on_to_where_it_is_sent() -> None:
    async with running_site() as site, PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True) as fetcher:
        site.routes["/hub"] = Answer(status=307, headers={"Location": "http://169.254.169.254/"})
        answer = await fetcher.post(site.url("/hub"), b"x", headers={})
    assert (answer.status, len(site.log)) == (307, 1)


async def test_nothing_of_one_site_is_told_to_another() -> None:
    """Cookies are not kept, and neither they nor what lets one in go along with a redirect."""
    async with running_site() as first, running_site() as second:
        first.routes["/a"] = Answer(status=302, headers={"Location": second.url("/b"), "Set-Cookie": "k=v"})
        second.routes["/b"] = Answer(b"ok")
        async with PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True) as fetcher:
            for _ in range(2):
                assert (await fetcher.fetch(first.url("/a"))).body == b"ok"
        for request in (*first.log, *second.log):
            assert not {"cookie", "authorization", "referer"} & set(request.headers)
