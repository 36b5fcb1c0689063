"""What every public page shares: the base template, its style sheet, and how times and headers are written.

The style sheet is inlined, so that a page kept or served alone still looks as it should; nothing is fetched
from elsewhere and there is no script.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from libs.common.clock import HANOI

HERE = Path(__file__).parent
WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật")


@dataclass(frozen=True)
class Site:
    """Who speaks on the public pages."""

    origin: str
    name: str
    publisher: str
    description: str
    contact: str | None = None
    licence: str | None = None
    """Under which the site's own text may be used again; None where nothing is said of it."""
    licence_url: str | None = None

    def url(self, path: str) -> str:
        return f"{self.origin.rstrip('/')}{path}"


@cache
def stylesheet() -> str:
    return (HERE / "site.css").read_text(encoding="utf-8")


def security_headers() -> dict[str, str]:
    """Nothing but this page's own style may load or run."""
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' data:; media-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }


def environment(package: str) -> jinja2.Environment:
    """Templates of a service (its `templates` folder), with the shared ones behind them."""
    loaders = [jinja2.PackageLoader(package), jinja2.PackageLoader("libs.common.web")]
    env = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["stylesheet"] = Markup(stylesheet())  # noqa: S704 - our own file
    env.filters.update(vn_time=vn_time, vn_date=vn_date, iso=iso)
    return env


def vn_time(at: datetime) -> str:
    local = at.astimezone(HANOI)
    return f"{local:%H:%M} ngày {local:%d/%m/%Y}"


def vn_date(at: datetime) -> str:
    local = at.astimezone(HANOI)
    return f"{WEEKDAYS[local.weekday()]}, {local:%d/%m/%Y}"


def iso(at: datetime) -> str:
    return at.astimezone(HANOI).isoformat(timespec="seconds")
