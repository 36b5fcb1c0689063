"""What the public pages of this service share: two languages, one way to render and to answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
from fastapi import Request, Response

from libs.common.conditional import LIVE, etag_of, is_held
from libs.common.web import environment, security_headers
from services.reports.english import ENGLISH as IN_ENGLISH
from services.reports.issuing.printing import local_time, number
from services.reports.resources import ReportsResources

READ = ["GET", "HEAD"]
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Edition:
    """The pages in one language; `prefix` stands before their addresses, `home` is the bulletin's front page."""

    code: str
    language: str
    prefix: str
    home: str
    say: Callable[[str], str]
    """The words of this edition for those in Vietnamese; what has none stays as it is."""

    def path(self, path: str) -> str:
        return f"{self.prefix}{path}"


VIETNAMESE = Edition("vi", "Tiếng Việt", "", "/", str)
ENGLISH = Edition("en", "English", "/en", "/en", lambda words: IN_ENGLISH.get(words, words))


@cache
def _templates() -> jinja2.Environment:
    env = environment("services.reports")
    env.filters.update(n=number, at=local_time)
    return env


def page_of(
    request: Request, res: ReportsResources, edition: Edition, template: str, path: str, **told: Any
) -> Response:
    """`path`: of the Vietnamese page."""
    is_english = edition is ENGLISH
    around: dict[str, Any] = {
        "site": res.english if is_english else res.site,
        "edition": edition,
        "other": VIETNAMESE if is_english else ENGLISH,
        "_": edition.say,
        "path": path,
    }
    data = _templates().get_template(template).render(**around, **told).encode()
    headers = {**security_headers(), "ETag": etag_of(data), "Cache-Control": LIVE}
    if is_held(request.headers, headers["ETag"], None):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, HTML)
