"""How the public pages of feedback are answered: rendered, guarded, and plain HTML also where something went wrong."""

import logging
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Annotated, Any
from urllib.parse import parse_qsl

import jinja2
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from libs.common.errors import Problem
from libs.common.faults import describe
from libs.common.web import environment, security_headers
from services.ingest.feedback.form import MOST_BYTES
from services.ingest.settings import IngestSettings

log = logging.getLogger("lantoa.ingest.feedback")
HERE = "/gui-phan-anh"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 60


@cache
def _templates() -> jinja2.Environment:
    return environment("services.ingest.feedback")


class Stage:
    """Renders a page for one request. Nothing of these pages is kept by a browser or a proxy."""

    def __init__(self, request: Request) -> None:
        settings: IngestSettings = request.app.state.settings
        self._site = settings.publish.site.site(settings.public_url)

    def show(self, name: str, status: int = 200, *, retry_after: int | None = None, **told: object) -> Response:
        html = _templates().get_template(name).render(site=self._site, here=HERE, **told)
        headers = {**security_headers(), "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        if retry_after:
            headers["Retry-After"] = str(retry_after)
        return Response(html, status, headers, "text/html; charset=utf-8")

    def tell(self, title: str, text: str, status: int, *, retry_after: int | None = None) -> Response:
        return self.show("feedback_told.html", status, retry_after=retry_after, title=title, text=text)


StageDep = Annotated[Stage, Depends()]


class PageRoute(APIRoute):
    """Whoever reads these pages is told in words what is wrong, never in JSON."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            stage = Stage(request)
            try:
                return await handle(request)
            except Problem as problem:
                return stage.tell(
                    problem.title_vi, problem.detail or "", problem.status, retry_after=problem.retry_after
                )
            except RequestValidationError:
                return stage.tell("Không có trang này", "Địa chỉ có thể bị gõ sai.", 404)
            except (SQLAlchemyError, OSError) as error:
                log.error("a page of feedback failed: %s", describe(error))
                text = "Xin thử lại sau ít phút. Việc khẩn cấp xin gọi 113, 114 hoặc 115."
                return stage.tell("Hệ thống tạm thời không phục vụ được", text, 503, retry_after=30)

        return shown


class FormTooLarge(Problem):
    status = 413
    title_vi = "Nội dung gửi lên quá dài"
    title_en = "The form is too large"


class NotAForm(Problem):
    status = 400
    title_vi = "Không đọc được nội dung gửi lên"
    title_en = "Not a form"


class FormFromAnotherSite(Problem):
    status = 403
    title_vi = "Không nhận được phản ánh từ trang khác"
    title_en = "A form of another site"


async def fields_of(request: Request) -> dict[str, str]:
    """What our own form sent: the first value of each field."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise FormFromAnotherSite("Xin mở trang gửi phản ánh của thành phố và gửi lại.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise NotAForm("Xin dùng biểu mẫu trên trang.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise FormTooLarge("Xin rút gọn phần mô tả, tối đa 4.000 ký tự.")
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise NotAForm("Xin dùng biểu mẫu trên trang.") from error
    return dict(reversed(pairs))


FieldsDep = Annotated[dict[str, str], Depends(fields_of)]
