"""The fetcher against real local servers: what it reaches, what it refuses, when it stops."""

import asyncio
import gzip
import re
import tracemalloc
import zlib
from collections.abc import Sequence
from ipaddress import ip_address

import brotli  # type: ignore[import-untyped]
import httpx
import pytest

from libs.common.http import (
    LOOPBACK_ONLY,
    PUBLIC_ONLY,
    Address,
    BodyTooLarge,
    FetchError,
    FetchFailed,
    FetchLimits,
    FetchRefused,
    FetchTimeout,
    PublicFetcher,
    TooManyRedirects,
    allow_networks,
    is_address_allowed,
)
from libs.common.local.paths import checkout
from tests.ingest.site import Answer, Request, Site, running_site

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1",
    "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2001:db8::1", "fec0::1", "::7f00:1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "203.162.4.190", "113.160.0.1", "2405:4800::1", "2606:4700::1111", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_reserved_addresses_are_closed(address: str) -> None:
    assert not is_address_allowed(ip_address(address), PUBLIC_ONLY)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open_but_not_in_replay(address: str) -> None:
    assert is_address_allowed(ip_address(address), PUBLIC_ONLY)
    assert not is_address_allowed(ip_address(address), LOOPBACK_ONLY)


def test_replay_opens_loopback_only() -> None:
    assert is_address_allowed(ip_address("127.0.0.1"), LOOPBACK_ONLY)
    assert is_address_allowed(ip_address("::1"), LOOPBACK_ONLY)
    assert not is_address_allowed(ip_address("10.0.0.1"), LOOPBACK_ONLY)


def test_an_operator_opens_named_networks_only() -> None:
    rule = allow_networks(["10.20.0.0/16"])
    assert is_address_allowed(ip_address("10.20.3.4"), rule)
    assert is_address_allowed(ip_address("::ffff:10.20.3.4"), rule)
    assert not is_address_allowed(ip_address("10.21.0.1"), rule)
    assert not is_address_allowed(ip_address("169.254.169.254"), rule)
    assert not is_address_allowed(ip_address("127.0.0.1"), rule)


def replay(**limits: float) -> PublicFetcher:
    return PublicFetcher(
        user_agent="LanToaTest/1 (+http://127.0.0.1)",
        allow_loopback=True,
        limits=FetchLimits(**{"max_bytes": 200_000, "deadline_s": 5.0, **limits}),  # type: ignore[arg-type]
    )


def public(resolves_to: Sequence[str] | None = None) -> PublicFetcher:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address(one) for one in resolves_to or [host]]

    return PublicFetcher(user_agent="LanToaTest/1", resolve=resolve)


async def refusal(fetcher: PublicFetcher, url: str) -> FetchRefused:
    async with fetcher:
        with pytest.raises(FetchRefused) as caught:
            await fetcher.fetch(url)
    return caught.value


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "http và https"),
        ("gopher://paper.test/", "http và https"),
        ("ftp://paper.test/", "http và https"),
        ("http:///only-a-path", "không có tên máy chủ"),
        ("http://user:secret@paper.test/", "mật khẩu"),
        ("http://paper.test:22/", "cổng 22"),
        ("http://[::1", "không hợp lệ"),
        ("http://169.254.169.254/latest/meta-data/", "nội bộ"),
        ("http://[::ffff:127.0.0.1]/", "nội bộ"),
    ],
)
async def test_what_no_fetch_may_ask_for(url: str, reason: str) -> None:
    error = await refusal(public(), url)
    assert reason in error.vi
    assert "secret" not in str(error)


async def test_odd_spellings_of_loopback_are_resolved_before_they_are_judged() -> None:
    async with PublicFetcher(user_agent="LanToaTest/1") as fetcher:
        for url in ("http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://127.1/"):
            with pytest.raises((FetchRefused, FetchFailed)):
                await fetcher.fetch(url)


async def test_one_private_answer_among_public_ones_refuses_the_name() -> None:
    error = await refusal(public(["1.1.1.1", "10.0.0.7"]), "http://paper.test/rss")
    assert "paper.test" in error.vi


async def test_replay_refuses_every_host_but_loopback() -> None:
    error = await refusal(replay(), "http://1.1.1.1/rss")
    assert "phát lại" in error.vi


async def test_a_name_is_resolved_once_and_the_connection_goes_to_that_address() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        return [ip_address("127.0.0.1" if len(asked) == 1 else "10.0.0.1")]

    async with running_site() as site:
        site.routes["/rss"] = Answer(b"ok")
        fetcher = PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True, resolve=resolve)
        async with fetcher:
            answer = await fetcher.fetch(f"http://paper.test:{site.port}/rss")
            with pytest.raises(FetchRefused):
                await fetcher.fetch(f"http://paper.test:{site.port}/rss")
    assert answer.body == b"ok"
    assert asked == ["paper.test", "paper.test"]
    assert site.log[0].headers["host"] == f"paper.test:{site.port}"
    assert len(site.log) == 1


async def test_a_redirect_into_the_private_network_is_not_followed() -> None:
    async with running_site() as site:
        site.routes["/rss"] = Answer(status=302, headers={"Location": "http://169.254.169.254/latest/"})
        error = await refusal(replay(), site.url("/rss"))
    assert "169.254.169.254" in error.vi


async def test_redirects_are_followed_to_the_limit_and_a_permanent_move_is_told() -> None:
    async with running_site() as site, replay() as fetcher:
        site.routes["/old"] = Answer(status=301, headers={"Location": "/new"})
        site.routes["/new"] = Answer(b"here")
        site.routes["/temporary"] = Answer(status=302, headers={"Location": "/new"})
        site.routes["/loop"] = Answer(status=302, headers={"Location": "/loop"})
        moved = await fetcher.fetch(site.url("/old"))
        visiting = await fetcher.fetch(site.url("/temporary"))
        with pytest.raises(TooManyRedirects) as caught:
            await fetcher.fetch(site.url("/loop"))
    assert (moved.moved_to, moved.body) == (site.url("/new"), b"here")
    assert visiting.moved_to is None
    assert "chuyển hướng quá 5 lần" in caught.value.vi
    assert site.paths().count("/loop") == 6


async def test_every_hop_is_offered_to_the_caller_first() -> None:
    async def admit(url: httpx.URL) -> None:
        if url.path == "/secret":
            raise FetchRefused("không", "no")

    async with running_site() as site, replay() as fetcher:
        site.routes["/open"] = Answer(status=302, headers={"Location": "/secret"})
        with pytest.raises(FetchRefused):
            await fetcher.fetch(site.url("/open"), admit=admit)
    assert site.paths() == ["/open"]


async def test_an_endless_body_is_cut_off_near_the_limit() -> None:
    async with running_site() as site, replay() as fetcher:
        site.routes["/big"] = Answer(stream=lambda writer: site.pour(writer, b"x" * 65536, 16_384))
        with pytest.raises(BodyTooLarge) as caught:
            await fetcher.fetch(site.url("/big"))
    assert "vượt quá" in caught.value.vi
    assert site.sent < 32 * 1024 * 1024


async def test_a_declared_gigabyte_is_refused_without_reading_it() -> None:
    async with running_site() as site, replay() as fetcher:
        site.routes["/big"] = Answer(
            headers={"Content-Length": str(1 << 30)}, stream=lambda writer: site.pour(writer, b"x", 1)
        )
        with pytest.raises(BodyTooLarge):
            await fetcher.fetch(site.url("/big"))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_compression_bomb_meets_the_limit_not_the_memory(encoding: str) -> None:
    plain = b"\x00" * 50_000_000
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[encoding](plain)
    assert len(packed) < 200_000
    async with running_site() as site, replay() as fetcher:
        site.routes["/bomb"] = Answer(packed, headers={"Content-Encoding": encoding})
        with pytest.raises(BodyTooLarge):
            await fetcher.fetch(site.url("/bomb"))


async def test_compressed_answers_are_unpacked() -> None:
    text = "Hà Nội mùa thu ".encode() * 1000
    raw = zlib.compressobj(wbits=-15)
    bodies = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "br": brotli.compress(text),
        "Deflate": raw.compress(text) + raw.flush(),
    }
    async with running_site() as site, replay() as fetcher:
        for encoding, body in bodies.items():
            site.routes["/text"] = Answer(body, headers={"Content-Encoding": encoding})
            assert (await fetcher.fetch(site.url("/text"))).body == text


async def test_broken_or_unknown_compression_is_an_error_of_the_answer() -> None:
    async with running_site() as site, replay() as fetcher:
        for encoding in ("gzip", "br", "zstd", "compress"):
            site.routes["/broken"] = Answer(b"not compressed at all" * 9, headers={"Content-Encoding": encoding})
            with pytest.raises(FetchFailed):
                await fetcher.fetch(site.url("/broken"))


async def test_truncation_is_for_callers_that_ask_for_it() -> None:
    async with running_site() as site, replay() as fetcher:
        site.routes["/robots.txt"] = Answer(b"# comment\n" * 1000)
        answer = await fetcher.fetch(site.url("/robots.txt"), max_bytes=100, truncate=True)
    assert len(answer.body) == 100


async def test_a_server_that_drips_is_left_at_the_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        for _ in range(100):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with running_site() as site, replay(deadline_s=0.4) as fetcher:
        site.routes["/slow"] = Answer(stream=drip)
        with pytest.raises(FetchTimeout) as caught:
            await fetcher.fetch(site.url("/slow"))
    assert "0.4 giây" in caught.value.vi


async def test_nobody_listening_and_nonsense_are_typed_errors() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with replay() as fetcher:
        with pytest.raises(FetchFailed, match="sai giao thức"):
            await fetcher.fetch(f"http://127.0.0.1:{port}/")
        server.close()
        with pytest.raises(FetchError, match="Không kết nối được"):
            await fetcher.fetch(f"http://127.0.0.1:{port}/")


async def test_requests_name_themselves_and_carry_the_given_validators() -> None:
    async with running_site() as site, replay() as fetcher:
        site.routes["/rss"] = lambda request: _conditional(site, request)
        answer = await fetcher.fetch(site.url("/rss"), headers={"If-None-Match": '"v1"'})
    assert answer.not_modified
    assert site.log[0].headers["user-agent"].startswith("LanToaTest/1 (+")
    assert "cookie" not in site.log[0].headers


def _conditional(site: Site, request: Request) -> Answer:
    return Answer(status=304 if request.headers.get("if-none-match") == '"v1"' else 200)


async def test_messages_never_carry_the_path_or_the_query() -> None:
    async with running_site() as site, replay() as fetcher:
        site.routes["/private-token-abc"] = Answer(b"x" * 300_000)
        with pytest.raises(BodyTooLarge) as caught:
            await fetcher.fetch(site.url("/private-token-abc"))
    assert "token" not in str(caught.value)


# --- ways in that were tried elsewhere ---------------------------------------------------------------------------

INSIDE = [
    "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
    "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://127.1/", "http://0/", "http://[::]/",
    "http://[::1]/", "http://localhost/", "http://127.0.0.1./", "http://[fe80::1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
async def test_no_spelling_of_an_inner_address_is_reached(url: str) -> None:
    """By the system's own resolver, which reads decimal, octal and hexadecimal hosts."""
    async with PublicFetcher(user_agent="LanToaTest/1") as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.fetch(url)
    refused = isinstance(caught.value, FetchRefused)
    assert refused or "Không phân giải" in caught.value.vi


@pytest.mark.parametrize("host", ["①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"])
async def test_letters_that_become_digits_are_judged_as_what_they_become(host: str) -> None:
    async with PublicFetcher(user_agent="LanToaTest/1") as fetcher:
        with pytest.raises((FetchRefused, FetchFailed)) as caught:
            await fetcher.fetch(f"http://{host}/")
    assert "kết nối" not in caught.value.vi


REDIRECTS = [
    "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "//169.254.169.254/", "http://127.0.0.2/",
    "http://[::1]/", "http://[::ffff:10.0.0.1]/", "file:///etc/passwd", "gopher://127.0.0.1/",
    "http://paper.test:22/", "http://user:secret@paper.test/", "http://[/", "ftp://paper.test/",
]  # fmt: skip


async def test_no_redirect_leads_inside_from_a_site_that_may_be_read() -> None:
    """The site itself is on the operator's list; where it points is not."""
    async with running_site() as site:
        limits = FetchLimits(ports=frozenset({80, 443, site.port}))
        rule = allow_networks(["127.0.0.1/32"])
        async with PublicFetcher(user_agent="LanToaTest/1", limits=limits, rule=rule) as fetcher:
            site.routes["/ok"] = Answer(b"ok")
            assert (await fetcher.fetch(site.url("/ok"))).body == b"ok"
            for status in (301, 302, 303, 307, 308):
                for target in REDIRECTS:
                    site.routes["/away"] = Answer(status=status, headers={"Location": target})
                    with pytest.raises(FetchError) as caught:
                        await fetcher.fetch(site.url("/away"))
                    refused = isinstance(caught.value, FetchRefused)
                    assert refused or "Không phân giải" in caught.value.vi, target
                    assert "secret" not in str(caught.value)
    assert set(site.paths()) == {"/ok", "/away"}


async def test_a_name_that_changes_its_address_between_two_hops_is_refused() -> None:
    answers = iter(["127.0.0.1", "10.0.0.1"])

    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address(next(answers))]

    async with running_site() as site:
        site.routes["/rss"] = Answer(status=302, headers={"Location": f"http://paper.test:{site.port}/rss2"})
        async with PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True, resolve=resolve) as fetcher:
            with pytest.raises(FetchRefused):
                await fetcher.fetch(f"http://paper.test:{site.port}/rss")
    assert site.paths() == ["/rss"]


@pytest.mark.parametrize(
    "target", ["http://1.1.1.1/", "http://10.0.0.1/", "http://169.254.169.254/", "http://[2606:4700::1111]/"]
)
async def test_a_replay_stays_on_this_machine_also_when_it_is_sent_away(target: str) -> None:
    async with running_site() as site, replay() as fetcher:
        site.routes["/away"] = Answer(status=302, headers={"Location": target})
        with pytest.raises(FetchRefused, match="phát lại"):
            await fetcher.fetch(site.url("/away"))


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_site() as site:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        site.routes["/rss"] = Answer(b"ok")
        async with replay() as fetcher:
            assert (await fetcher.fetch(site.url("/rss"))).ok


async def test_packed_twice_is_not_unpacked_once() -> None:
    body = gzip.compress(gzip.compress(b"\x00" * 10_000_000))
    async with running_site() as site, replay() as fetcher:
        site.routes["/bomb"] = Answer(body, headers={"Content-Encoding": "gzip, gzip"})
        with pytest.raises(FetchFailed, match="nén"):
            await fetcher.fetch(site.url("/bomb"))


async def test_a_bomb_costs_no_more_memory_than_the_limit() -> None:
    packed = gzip.compress(b"\x00" * 100_000_000)
    async with running_site() as site, replay(max_bytes=1_000_000) as fetcher:
        site.routes["/bomb"] = Answer(packed, headers={"Content-Encoding": "gzip"})
        tracemalloc.start()
        try:
            with pytest.raises(BodyTooLarge):
                await fetcher.fetch(site.url("/bomb"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 12_000_000


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"a" * 64])
async def test_a_server_that_never_ends_its_headers_is_left_at_the_deadline(answer: bytes) -> None:
    left = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        while await reader.read(1000):
            pass
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server, replay(deadline_s=0.3) as fetcher:
        with pytest.raises(FetchTimeout):
            await fetcher.fetch(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        await asyncio.wait_for(left.wait(), 5)


def test_loopback_is_opened_by_replay_alone() -> None:
    """Nothing in a service opens it otherwise than by the setting that closes the rest of the world."""
    for path in sorted((checkout() / "services").rglob("*.py")):
        source = re.sub(r"^from .*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert set(re.findall(r"allow_loopback=([^,)\s]+)", source)) <= {"settings.replay", "replay"}, path
        assert len(re.findall("LOOPBACK_ONLY", source)) == len(re.findall("LOOPBACK_ONLY if replay else", source)), path
        assert "loopback=True" not in source, path
