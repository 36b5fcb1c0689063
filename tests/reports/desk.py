"""What the tests of reports ask of the service, and how they read what it answers."""

from collections.abc import Iterator
from typing import Any

import httpx
import pypdfium2  # type: ignore[import-untyped]

from tests.reports.city import API

Json = dict[str, Any]
Headers = dict[str, str]
ORIGIN = {"value", "as_of", "source", "formula", "unit"}


async def ask(client: httpx.AsyncClient, who: Headers, kind: str, **body: Any) -> httpx.Response:
    return await client.post(f"{API}/reports", json={"kind": kind, **body}, headers=who)


async def make(client: httpx.AsyncClient, who: Headers, kind: str, **body: Any) -> Json:
    made = await ask(client, who, kind, **body)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def ask_about(client: httpx.AsyncClient, who: Headers, kind: str, about: object) -> httpx.Response:
    return await ask(client, who, kind, about=str(about))


async def make_about(client: httpx.AsyncClient, who: Headers, kind: str, about: object) -> Json:
    return await make(client, who, kind, about=str(about))


async def data_of(client: httpx.AsyncClient, who: Headers, report: Json) -> Json:
    got = await client.get(f"{API}/snapshots/{report['snapshot_id']}", headers=who)
    assert got.status_code == 200, got.text
    return dict(got.json()["data"])


async def printed(client: httpx.AsyncClient, who: Headers, report: Json, wanted: str, **params: Any) -> bytes:
    path = f"{API}/reports/{report['id']}/content"
    got = await client.get(path, params={"format": wanted, **params}, headers=who)
    assert got.status_code == 200, got.text
    return got.content


def pages_of(pdf: bytes) -> list[str]:
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf)]


def figures(data: Any) -> Iterator[Json]:
    """Every figure that is in the data, however deep."""
    if isinstance(data, dict):
        if "value" in data:
            yield data
        for one in data.values():
            yield from figures(one)
    elif isinstance(data, list):
        for one in data:
            yield from figures(one)


def assert_figures_say_where_they_come_from(data: Json) -> None:
    found = list(figures(data))
    assert found
    assert all(set(one) == ORIGIN for one in found)
    assert all(one["as_of"] and one["source"] and one["formula"] and one["unit"] for one in found)
