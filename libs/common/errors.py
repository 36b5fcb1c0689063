"""Problems: errors are classes, rendered in one place as RFC 9457 with a Vietnamese and an English title."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from libs.common.withheld import without_secrets

MEDIA_TYPE = "application/problem+json"

REASONS: Mapping[str, str] = {
    "missing": "Thiếu trường bắt buộc.",
    "extra_forbidden": "Trường này không được nhận.",
    "string_too_long": "Dài quá giới hạn.",
    "string_too_short": "Không được để trống.",
    "string_type": "Phải là chuỗi ký tự.",
    "string_pattern_mismatch": "Có ký tự không được phép.",
    "string_unicode": "Có ký tự không phải Unicode hợp lệ.",
    "model_type": "Mỗi mục phải là một đối tượng JSON.",
    "model_attributes_type": "Phải là một đối tượng JSON.",
    "json_invalid": "Không phải JSON hợp lệ.",
    "list_type": "Phải là một danh sách.",
    "too_long": "Có nhiều mục quá giới hạn.",
    "too_short": "Có ít mục hơn mức tối thiểu.",
    "bool_parsing": "Phải là đúng hoặc sai (true, false).",
    "int_parsing": "Phải là số nguyên.",
    "int_type": "Phải là số nguyên.",
    "greater_than_equal": "Nhỏ hơn mức cho phép.",
    "less_than_equal": "Lớn hơn mức cho phép.",
    "uuid_parsing": "Không phải mã định danh hợp lệ.",
    "enum": "Không thuộc danh sách cho phép.",
    "datetime_parsing": "Không phải thời điểm hợp lệ.",
    "datetime_from_date_parsing": "Không phải thời điểm hợp lệ.",
    "date_type": "Không phải ngày hợp lệ, ví dụ 2026-11-24.",
    "date_from_datetime_parsing": "Không phải ngày hợp lệ, ví dụ 2026-11-24.",
    "date_from_datetime_inexact": "Chỉ nhận ngày, không kèm giờ, ví dụ 2026-11-24.",
    "timezone_aware": "Thời điểm phải kèm múi giờ, ví dụ 2026-11-24T10:15:00+07:00.",
}
"""What is wrong with a field, by pydantic's name for it; what is not listed stays in English."""


class Problem(Exception):
    """What is wrong, as a class. `detail` says it for this case, in Vietnamese."""

    status: ClassVar[int] = 500
    title_vi: ClassVar[str] = "Lỗi hệ thống"
    title_en: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: list[dict[str, Any]] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail or self.title_vi)
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after

    @classmethod
    def slug(cls) -> str:
        return "".join("-" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("-")

    def document(self, instance: str | None = None) -> dict[str, Any]:
        """The problem document of RFC 9457; absent members are left out."""
        members = {
            "type": f"urn:lantoa:problem:{self.slug()}",
            "title": self.title_vi,
            "title_en": self.title_en,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "errors": self.errors,
        }
        return {name: value for name, value in members.items() if value is not None}


class InternalError(Problem):
    """Anything unforeseen; never shows its exception."""


class InvalidPayload(Problem):
    status = 422
    title_vi = "Dữ liệu gửi lên không hợp lệ"
    title_en = "Invalid payload"


class NotFound(Problem):
    status = 404
    title_vi = "Không tìm thấy"
    title_en = "Not found"


class Unauthenticated(Problem):
    status = 401
    title_vi = "Cần đăng nhập"
    title_en = "Authentication required"


class Forbidden(Problem):
    status = 403
    title_vi = "Không có quyền thực hiện"
    title_en = "Forbidden"


class Overloaded(Problem):
    status = 503
    title_vi = "Hệ thống đang quá tải, xin thử lại sau"
    title_en = "Overloaded, try again later"


class RequestRefused(Problem):
    """Answers of the framework itself (unknown path, wrong method) in our form."""

    title_vi = "Yêu cầu không được chấp nhận"
    title_en = "Request refused"


def problems(*classes: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: what it may answer, by status."""
    return {
        status: {
            "description": " · ".join(c.title_en for c in classes if c.status == status),
            "content": {MEDIA_TYPE: {"schema": {"type": "object"}}},
        }
        for status in sorted({c.status for c in classes})
    }


def render(
    problem: Problem, request: Request, status: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    document = problem.document(without_secrets(request.url.path))
    document["status"] = status or problem.status
    if trace_id := request.scope.get("lantoa.trace_id"):  # for whoever reports it; the trace is looked up by it
        document["trace_id"] = trace_id
    headers = dict(headers or {})
    if problem.retry_after:
        headers["Retry-After"] = str(problem.retry_after)
    if document["status"] == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(document, document["status"], headers, media_type=MEDIA_TYPE)


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return render(error, request)


def _reason(error: Mapping[str, Any]) -> str:
    """What our own validators say is said as they say it, without the library's words before it."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return REASONS.get(error["type"], error["msg"])


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {
            "pointer": "/" + "/".join(str(part) for part in e["loc"]),
            "type": e["type"],
            "message": _reason(e),
        }
        for e in error.errors()
    ]
    return render(
        InvalidPayload(f"Có {len(errors)} lỗi trong dữ liệu gửi lên.", errors=errors),
        request,
    )


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return render(NotFound("Không có địa chỉ này."), request)
    refused = RequestRefused(HTTPStatus(error.status_code).phrase)
    return render(refused, request, error.status_code, error.headers)


async def _on_anything(request: Request, error: Exception) -> JSONResponse:
    return render(InternalError("Lỗi đã được ghi lại để xử lý."), request)


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_anything)
