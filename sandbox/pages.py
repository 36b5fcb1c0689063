"""Server-rendered pages of the sandbox: escaped, without scripts, and plainly marked as not the real platform."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from sandbox.platforms.base import Platform, World

_HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"}


def _hanoi(at: datetime) -> str:
    return at.astimezone(_HANOI).strftime("%H:%M:%S, %d/%m/%Y")


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    )
    made.filters["hanoi"] = _hanoi
    return made


_TEMPLATES = _environment()


def render(template: str, status: int = 200, **values: object) -> HTMLResponse:
    text = _TEMPLATES.get_template(template).render(values)
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


def router(world: World, platforms: Mapping[str, Platform]) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    def home() -> HTMLResponse:
        walls = [(platform.title, platform.wall()) for platform in platforms.values()]
        return render("home.html", walls=walls, now=world.clock.now())

    return routes
