"""Problems on the wire: RFC 9457, Vietnamese first, and nothing of what went wrong inside."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from libs.common import errors
from libs.common.app import Service
from libs.common.auth import public
from libs.common.errors import MEDIA_TYPE, Overloaded, Problem, problems
from libs.common.local.paths import checkout
from libs.common.settings import CommonSettings
from libs.common.testing.plugin import ClientFor

SECRET = "mat-khau-0123"
router = APIRouter(prefix="/x", dependencies=[public()])


class Body(BaseModel):
    title: str = Field(min_length=3)
    count: int


@router.post("/body")
async def take(body: Body, limit: Annotated[int, Query(le=5)] = 1) -> None:
    return None


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError(f"postgresql://lantoa:{SECRET}@db")


@router.get("/busy")
async def busy() -> None:
    raise Overloaded("Đang có 3.000 sự kiện chờ.", retry_after=7)


@router.get("/teapot")
async def teapot() -> None:
    raise HTTPException(418, headers={"X-Tea": "sen"})


@pytest.fixture
async def client(client_for: ClientFor) -> httpx.AsyncClient:
    return await client_for(Service("reports", CommonSettings, routers=[router]))


def document(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    found: dict[str, object] = answer.json()
    assert found["status"] == status
    assert {"type", "title", "title_en", "instance"} <= set(found)
    return found


async def test_an_exception_is_never_shown(client: httpx.AsyncClient) -> None:
    answer = await client.get("/x/broken")
    found = document(answer, 500)
    assert found["type"] == "urn:lantoa:problem:internal-error"
    assert SECRET not in answer.text
    assert "RuntimeError" not in answer.text
    assert SECRET not in str(answer.headers)


async def test_every_fault_of_a_payload_is_listed_and_its_value_is_not(client: httpx.AsyncClient) -> None:
    answer = await client.post("/x/body?limit=9", json={"title": SECRET[:2], "count": SECRET})
    found = document(answer, 422)
    listed = found["errors"]
    assert isinstance(listed, list)
    assert {e["pointer"] for e in listed} == {"/body/title", "/body/count", "/query/limit"}
    assert all(e["message"] and e["type"] for e in listed)
    assert found["detail"] == "Có 3 lỗi trong dữ liệu gửi lên."
    assert SECRET not in answer.text


async def test_a_body_that_is_no_json_is_a_fault_of_the_payload(client: httpx.AsyncClient) -> None:
    answer = await client.post("/x/body", content=b"{", headers={"Content-Type": "application/json"})
    document(answer, 422)


async def test_the_framework_speaks_our_form_too(client: httpx.AsyncClient) -> None:
    assert document(await client.get("/khong-co"), 404)["title"] == "Không tìm thấy"
    wrong = await client.delete("/x/body")
    document(wrong, 405)
    assert wrong.headers["allow"] == "POST"
    tea = await client.get("/x/teapot")
    document(tea, 418)
    assert tea.headers["x-tea"] == "sen"


async def test_backpressure_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/x/busy")
    found = document(answer, 503)
    assert answer.headers["retry-after"] == "7"
    assert found["instance"] == "/x/busy"


def test_routes_tell_what_they_may_answer() -> None:
    told = problems(errors.NotFound, errors.Forbidden, errors.InvalidPayload)
    assert list(told) == [403, 404, 422]
    assert all(MEDIA_TYPE in answer["content"] for answer in told.values())


# --- every problem there is ------------------------------------------------------------------------------------


def every_module() -> Iterator[str]:
    root = checkout()
    for path in sorted([*(root / "services").rglob("*.py"), *(root / "libs" / "common").glob("*.py")]):
        if "problem" in path.read_text(encoding="utf-8").lower() and "__main__" not in path.name:
            yield ".".join(path.relative_to(root).with_suffix("").parts)


def below(cls: type[Problem]) -> Iterator[type[Problem]]:
    for inner in cls.__subclasses__():
        yield inner
        yield from below(inner)


@pytest.fixture(scope="module")
def all_problems() -> list[type[Problem]]:
    for name in every_module():
        if Path(*name.split(".")).name not in ("env", "worker"):
            importlib.import_module(name)
    return sorted(
        {c for c in below(Problem) if c.__module__.startswith(("libs.", "services."))}, key=lambda c: c.slug()
    )


def test_every_problem_has_a_title_in_both_languages(all_problems: list[type[Problem]]) -> None:
    assert len(all_problems) > 20
    for cls in all_problems:
        if cls is errors.InternalError:
            continue
        assert cls.title_vi != Problem.title_vi, cls
        assert cls.title_en != Problem.title_en, cls
        assert cls.title_en.isascii(), cls
        assert not cls.title_vi.isascii(), cls
        assert 400 <= cls.status < 600, cls


def test_every_type_means_one_thing(all_problems: list[type[Problem]]) -> None:
    """Services do not import each other: two may know the same problem, if they tell it in the same words."""
    told: dict[str, set[tuple[int, str, str]]] = {}
    for cls in all_problems:
        told.setdefault(cls.slug(), set()).add((cls.status, cls.title_vi, cls.title_en))
    assert {slug: meanings for slug, meanings in told.items() if len(meanings) > 1} == {}
