"""HTTP/2, zstd and turns at a host: what the fetcher gained, under the promises it had."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import h2.config
import h2.connection
import h2.events
import httpx
import pytest
import zstandard
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from libs.common.http import (
    Address,
    BodyTooLarge,
    Fetched,
    FetchError,
    FetchFailed,
    FetchLimits,
    FetchRefused,
    FetchTimeout,
    PublicFetcher,
)
from tests.ingest.site import Answer, running_site


def fetcher(**more: Any) -> PublicFetcher:
    limits = FetchLimits(**{"max_bytes": 200_000, "deadline_s": 5.0, **more.pop("limits", {})})
    return PublicFetcher(user_agent="LanToaTest/1", allow_loopback=True, limits=limits, **more)


# --- zstd, and the ratio of all --------------------------------------------------------------------------


async def test_zstd_is_offered_and_unpacked_also_where_its_size_is_not_told() -> None:
    text = "Hà Nội mùa thu ".encode() * 1000
    streamed = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    bodies = [zstandard.compress(text), streamed.compress(text) + streamed.flush(), zstandard.compress(b"")]
    async with running_site() as site, fetcher() as http:
        for body in bodies:
            site.routes["/text"] = Answer(body, headers={"Content-Encoding": "zstd"})
            assert (await http.fetch(site.url("/text"))).body in (text, b"")
    assert site.log[0].headers["accept-encoding"] == "gzip, deflate, br, zstd"


async def test_a_zstd_bomb_meets_the_limit() -> None:
    packed = zstandard.compress(b"\x00" * 50_000_000)
    async with running_site() as site, fetcher() as http:
        site.routes["/bomb"] = Answer(packed, headers={"Content-Encoding": "zstd"})
        with pytest.raises(BodyTooLarge):
            await http.fetch(site.url("/bomb"))


async def test_a_zstd_window_of_more_than_the_web_allows_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=25, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = packer.compress(b"a" * 100_000) + packer.flush()
    async with running_site() as site, fetcher() as http:
        site.routes["/wide"] = Answer(packed, headers={"Content-Encoding": "zstd"})
        with pytest.raises(FetchFailed, match="sai giao thức"):
            await http.fetch(site.url("/wide"))


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_what_swells_past_any_text_is_left_before_the_limit_of_size(encoding: str) -> None:
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
    }
    packed = pack[encoding](b" " * 6_000_000)
    async with running_site() as site, fetcher(limits={"max_bytes": 8_000_000}) as http:
        site.routes["/dense"] = Answer(packed, headers={"Content-Encoding": encoding})
        with pytest.raises(BodyTooLarge, match="250 lần"):
            await http.fetch(site.url("/dense"))


# --- turns at a host ---------------------------------------------------------------------------------------


async def test_every_hop_waits_for_its_turn_and_tells_its_answer() -> None:
    seen: list[tuple[str, int | None]] = []

    @asynccontextmanager
    async def turn(url: httpx.URL) -> AsyncIterator[Callable[[Fetched], None]]:
        seen.append((url.path, None))
        yield lambda answer: seen.append((url.path, answer.status))

    async with running_site() as site, fetcher() as http:
        site.routes["/old"] = Answer(status=302, headers={"Location": "/new"})
        site.routes["/new"] = Answer(b"here")
        assert (await http.fetch(site.url("/old"), turn=turn)).body == b"here"
    assert seen == [("/old", None), ("/old", 302), ("/new", None), ("/new", 200)]


async def test_waiting_for_a_turn_is_not_counted_against_the_server() -> None:
    @asynccontextmanager
    async def turn(url: httpx.URL) -> AsyncIterator[Callable[[Fetched], None]]:
        await asyncio.sleep(1.0)
        yield lambda answer: None

    async def silence(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with running_site() as site, fetcher(limits={"deadline_s": 0.8}) as http:
        site.routes |= {"/a": Answer(b"ok"), "/slow": Answer(stream=silence)}
        assert (await http.fetch(site.url("/a"), turn=turn)).ok
        with pytest.raises(FetchTimeout):
            await http.fetch(site.url("/slow"))


# --- HTTP/2 ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(the server's context, one that trusts it): for paper.test alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "paper.test")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("paper.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    server.set_alpn_protocols(["h2"])
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


class H2Site:
    """An HTTP/2 server of a few lines: answers every request, and notes its pseudo-headers and its connection."""

    def __init__(self, *, garbage: bytes = b"") -> None:
        self.requests: list[dict[str, str]] = []
        self.connections = 0
        self.garbage = garbage

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        wire = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        wire.initiate_connection()
        writer.write(wire.data_to_send())
        try:
            while data := await reader.read(65536):
                for event in wire.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        self.requests.append({str(k): str(v) for k, v in event.headers or []})
                        self._reply(wire, writer, event.stream_id or 0)
                writer.write(wire.data_to_send())
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _reply(self, wire: h2.connection.H2Connection, writer: asyncio.StreamWriter, stream: int) -> None:
        if self.garbage:
            writer.write(self.garbage)
            return
        packed = zstandard.compress("Tin mới ".encode() * 500)
        wire.send_headers(stream, [(":status", "200"), ("content-encoding", "zstd"), ("content-type", "text/plain")])
        wire.send_data(stream, packed, end_stream=True)


@asynccontextmanager
async def h2_site(tls: ssl.SSLContext, **more: Any) -> AsyncIterator[tuple[H2Site, int]]:
    site = H2Site(**more)
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield site, server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def to_loopback(host: str, port: int) -> Sequence[Address]:
    return [ip_address("127.0.0.1")]


Certificates = tuple[ssl.SSLContext, ssl.SSLContext]


async def test_http2_is_spoken_to_the_checked_address_under_the_name(certificates: Certificates) -> None:
    server, client = certificates
    async with h2_site(server) as (site, port), fetcher(tls=client, resolve=to_loopback) as http:
        answer = await http.fetch(f"https://paper.test:{port}/rss?a=1", headers={"If-None-Match": '"v1"'})
    assert answer.body == "Tin mới ".encode() * 500
    assert answer.url == f"https://paper.test:{port}/rss?a=1"
    (request,) = site.requests
    assert (request[":authority"], request[":path"]) == (f"paper.test:{port}", "/rss?a=1")
    assert (request["user-agent"], request["if-none-match"]) == ("LanToaTest/1", '"v1"')


async def test_no_two_requests_share_a_connection_though_the_address_is_one(certificates: Certificates) -> None:
    """Another name at the same address was not vouched for by the certificate of the first."""
    server, client = certificates
    async with h2_site(server) as (site, port), fetcher(tls=client, resolve=to_loopback) as http:
        urls = [f"https://paper.test:{port}/{n}" for n in range(3)]
        answers = await asyncio.gather(*(http.fetch(url) for url in urls))
        assert all(one.ok for one in answers)
        with pytest.raises(FetchFailed):
            await http.fetch(f"https://other.test:{port}/")
    assert (len(site.requests), site.connections) == (3, 3)


async def test_http2_does_not_lead_inside(certificates: Certificates) -> None:
    server, client = certificates

    async def inside(host: str, port: int) -> Sequence[Address]:
        return [ip_address("10.0.0.1")]

    async with h2_site(server) as (site, port), fetcher(tls=client, resolve=inside) as http:
        with pytest.raises(FetchRefused):
            await http.fetch(f"https://paper.test:{port}/")
    assert site.connections == 0


GARBAGE = {
    "not frames": b"HTTP/1.1 200 OK\r\n\r\nhello" * 3,
    "a frame past its size": b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 64,
    "broken headers": b"\x00\x00\x05\x01\x05\x00\x00\x00\x01" + b"\xff" * 5,
    "a push that was not allowed": b"\x00\x00\x05\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02\x88",
    "continuation out of nowhere": b"\x00\x00\x01\x09\x04\x00\x00\x00\x01\x88",
    "data of another stream": b"\x00\x00\x01\x00\x01\x00\x00\x00\x63x",
    "go away": b"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
}


@pytest.mark.parametrize("case", GARBAGE)
async def test_nonsense_over_http2_is_a_typed_error(certificates: Certificates, case: str) -> None:
    server, client = certificates
    async with (
        h2_site(server, garbage=GARBAGE[case]) as (_, port),
        fetcher(tls=client, resolve=to_loopback, limits={"deadline_s": 0.5}) as http,
    ):
        with pytest.raises(FetchError):
            await http.fetch(f"https://paper.test:{port}/")
