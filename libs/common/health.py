"""Liveness says the process answers; readiness says its database does, and that the schema fits the code."""

from fastapi import APIRouter, Request

from libs.common import schema_gate
from libs.common.auth import public
from libs.common.errors import Problem

router = APIRouter(prefix="/health", tags=["health"], dependencies=[public()])


class NotReady(Problem):
    status = 503
    title_vi = "Chưa sẵn sàng"
    title_en = "Not ready"


@router.get("/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> dict[str, str]:
    try:
        await schema_gate.wait_until_compatible(request.app.state.db, patience=0)
    except schema_gate.IncompatibleSchema as error:
        raise NotReady(str(error)) from error
    except Exception as error:
        raise NotReady("Không kết nối được cơ sở dữ liệu.") from error
    return {"status": "ready", "service": request.app.state.service}
