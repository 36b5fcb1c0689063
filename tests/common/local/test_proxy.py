"""The one origin: what it passes on, what it refuses, and what a reader sees when a service is down."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from libs.common.local.addresses import Addresses, service_for
from libs.common.local.process import free_port
from libs.common.local.proxy import MEDIA, ProxySettings, create_proxy, end_to_end


async def _mirror(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {"path": request.url.path, "query": request.url.query, "headers": dict(request.headers), "size": len(body)},
        headers={"X-Answer": "yes"},
    )


async def _slow(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for n in range(3):
            yield f"{n}\n".encode()
            await asyncio.sleep(0.05)

    return StreamingResponse(parts(), media_type="text/plain")


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    app = Starlette(routes=[Route("/api/ingest/slow", _slow), Route("/{path:path}", _mirror, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
async def origin(upstream: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = ProxySettings(max_body_bytes=1000, read_timeout_seconds=5)
    app = create_proxy({"ingest": upstream, "publish": f"http://127.0.0.1:{free_port()}"}, settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://lantoa.test") as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/ingest/v1/sources", "ingest"),
        ("/api/ingestion", "publish"),
        ("/gui-phan-anh", "ingest"),
        ("/gui-phan-anh/1", "ingest"),
        ("/minh-bach", "reports"),
        ("/minh-bach.json", "reports"),
        ("/api/classify", "classify"),
        ("/", "publish"),
        ("/bai/1", "publish"),
    ],
)
def test_a_path_belongs_to_one_service(path: str, service: str) -> None:
    assert service_for(path) == service


def test_every_process_has_its_own_port() -> None:
    ports = Addresses(9000, 9101).all_ports()
    assert len(set(ports.values())) == len(ports)


async def test_a_request_is_passed_on_with_its_true_origin(origin: httpx.AsyncClient) -> None:
    answer = await origin.post(
        "/api/ingest/v1/a%2Fb?q=%C3%A1", content=b"x" * 10, headers={"X-Forwarded-For": "6.6.6.6", "X-Own": "1"}
    )
    seen = answer.json()
    assert answer.headers["x-answer"] == "yes"
    assert (seen["query"], seen["size"]) == ("q=%C3%A1", 10)
    assert seen["headers"]["x-forwarded-for"] != "6.6.6.6"
    assert seen["headers"]["x-forwarded-host"] == "lantoa.test"
    assert seen["headers"]["x-own"] == "1"


async def test_an_answer_streams(origin: httpx.AsyncClient) -> None:
    answer = await origin.get("/api/ingest/slow")
    assert answer.text == "0\n1\n2\n"


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused(origin: httpx.AsyncClient, declared: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"y" * 100

    answer = await origin.post("/api/ingest/v1/x", content=b"y" * 2000 if declared else parts())
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "vượt quá" in answer.json()["title"]


async def test_videos_have_a_limit_of_their_own(upstream: str) -> None:
    settings = ProxySettings(max_body_bytes=1000, max_media_bytes=5000)
    app = create_proxy({"publish": upstream}, settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://a.test") as http,
    ):
        for path, size, status in ((MEDIA, 4000, 200), (MEDIA, 6000, 413), (f"{MEDIA}/x", 4000, 413)):
            assert (await http.post(path, content=b"y" * size)).status_code == status


async def test_a_service_that_is_down_is_a_problem_with_a_time_to_come_back(origin: httpx.AsyncClient) -> None:
    answer = await origin.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "publish" in answer.json()["title"]


def test_headers_of_one_hop_stay_behind() -> None:
    sent = [(b"Connection", b"close, X-Secret"), (b"X-Secret", b"1"), (b"TE", b"trailers"), (b"Accept", b"*/*")]
    assert end_to_end(sent) == [(b"accept", b"*/*")]
