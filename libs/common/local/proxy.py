"""The one origin of the one-machine topology: a small reverse proxy before the services.

Streams both ways, knows only the addresses of its own table (so it cannot be used to reach anything else), writes the
X-Forwarded-* headers itself, and answers with a problem document when a service is down.
"""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

import httpx
import uvicorn
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from libs.common.local.addresses import LOOPBACK, SERVICES, Addresses, service_for

_LOG = logging.getLogger(__name__)
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection",
    b"te", b"trailer", b"transfer-encoding", b"upgrade",
}  # fmt: skip
_OURS = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port",
         b"x-forwarded-prefix", b"x-real-ip"}  # fmt: skip
# Shorter than the services keep idle connections, so that we never write to one that they are closing.
_KEEPALIVE_SECONDS = 3.0

MEDIA = "/api/publish/v1/media"
"""Where videos are uploaded; the service itself says how large one may be."""
Header = tuple[bytes, bytes]


class ProxySettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LANTOA_PROXY_", extra="ignore")

    origin_port: int = 8080
    first_port: int = 8101
    max_body_bytes: int = Field(default=32 * 1024 * 1024, gt=0)
    max_media_bytes: int = Field(default=4 * 1024 * 1024 * 1024, gt=0)
    read_timeout_seconds: float = Field(default=60.0, gt=0)


class BodyTooLarge(Exception):
    """The request's body passed the limit while it was being streamed."""


def create_proxy(upstreams: Mapping[str, str], settings: ProxySettings) -> Starlette:
    """An application that forwards each path to the service that owns it; `upstreams` maps services to base URLs."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _client(settings) as client:
            app.state.client = client
            yield

    async def forward(request: Request) -> Response:
        most = settings.max_media_bytes if request.url.path == MEDIA else settings.max_body_bytes
        return await _forward(request, request.app.state.client, upstreams, most)

    routes = [Route("/{path:path}", forward, methods=_METHODS)]
    return Starlette(routes=routes, lifespan=lifespan)


def _client(settings: ProxySettings) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=httpx.Timeout(settings.read_timeout_seconds, connect=2.0, pool=10.0),
        limits=httpx.Limits(max_connections=256, keepalive_expiry=_KEEPALIVE_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )


async def _forward(
    request: Request,
    client: httpx.AsyncClient,
    upstreams: Mapping[str, str],
    max_body: int,
) -> Response:
    service = service_for(request.url.path)
    target: bytes = request.scope.get("raw_path") or b""
    if service is None or service not in upstreams or not target.startswith(b"/"):
        return _problem(request, 404, "Không có địa chỉ này", "There is nothing at this address")
    if _declared_length(request) > max_body:
        return _too_large(request, max_body)
    outgoing = _outgoing(request, httpx.URL(upstreams[service]), target, max_body)
    try:
        answer = await client.send(outgoing, stream=True)
    except BodyTooLarge:
        return _too_large(request, max_body)
    except ClientDisconnect:
        return Response(status_code=499)
    except httpx.HTTPError as error:
        return _unavailable(request, service, error)
    return _Passed(answer)


def _outgoing(request: Request, base: httpx.URL, target: bytes, max_body: int) -> httpx.Request:
    query: bytes = request.scope["query_string"]
    url = base.copy_with(raw_path=target + (b"?" + query if query else b""))
    headers = [*end_to_end(request.headers.raw, drop=_OURS), *_forwarded(request)]
    body = _limited(request, max_body) if _has_body(request) else None
    return httpx.Request(request.method, url, headers=headers, content=body)


def end_to_end(headers: Iterable[Header], *, drop: Iterable[bytes] = ()) -> list[Header]:
    """The headers that a proxy may pass on: not those of one hop, nor those that Connection names."""
    listed = [(name.lower(), value) for name, value in headers]
    named = {word.strip().lower() for name, value in listed if name == b"connection" for word in value.split(b",")}
    unwanted = _HOP_BY_HOP | named | set(drop)
    return [(name, value) for name, value in listed if name not in unwanted]


def _forwarded(request: Request) -> list[Header]:
    peer = request.client.host if request.client else LOOPBACK
    host = request.headers.get("host", "")
    pairs = (
        ("x-forwarded-for", peer),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", request.url.scheme),
    )
    return [(name.encode(), value.encode("latin-1")) for name, value in pairs]


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _declared_length(request: Request) -> int:
    written = request.headers.get("content-length", "0")
    return int(written) if written.isdigit() else 0


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > limit:
            raise BodyTooLarge
        yield chunk


class _Passed(StreamingResponse):
    """A service's answer, passed on as it comes; its connection is given back even when the reader has gone."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.aiter_raw(), status_code=answer.status_code)
        self.raw_headers = end_to_end(answer.headers.raw)
        self._answer = answer

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._answer.aclose()


def _unavailable(request: Request, service: str, error: httpx.HTTPError) -> Response:
    # Without the path: some addresses are keys themselves (a subscribed calendar).
    _LOG.warning("%s: %s", service, type(error).__name__)
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            title = (
                f"Dịch vụ {service} chưa sẵn sàng, xin thử lại sau",
                f"Service {service} is not ready",
            )
            return _problem(request, 503, *title, headers={"Retry-After": "2"})
        case httpx.TimeoutException():
            title = (
                f"Dịch vụ {service} trả lời quá chậm",
                f"Service {service} took too long to answer",
            )
            return _problem(request, 504, *title)
        case _:
            title = (
                f"Dịch vụ {service} đứt kết nối",
                f"Service {service} broke off the connection",
            )
            return _problem(request, 502, *title)


def _too_large(request: Request, limit: int) -> Response:
    megabytes = limit // (1024 * 1024)
    title = (
        f"Dữ liệu gửi lên vượt quá {megabytes} MB",
        f"The request body is larger than {megabytes} MB",
    )
    return _problem(request, 413, *title, headers={"Connection": "close"})


def _problem(
    request: Request,
    status: int,
    title: str,
    title_en: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body = {
        "type": "about:blank",
        "title": title,
        "title_en": title_en,
        "status": status,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


def main() -> None:
    settings = ProxySettings()
    addresses = Addresses(settings.origin_port, settings.first_port)
    upstreams = {service: addresses.service(service) for service in SERVICES}
    uvicorn.run(
        create_proxy(upstreams, settings),
        host=LOOPBACK,
        port=settings.origin_port,
        access_log=False,
        server_header=False,
        date_header=False,  # the services write their own
        proxy_headers=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
