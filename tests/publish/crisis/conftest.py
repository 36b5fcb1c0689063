"""A desk for bad days: a playbook, people on duty, and an account on the sandbox for drills."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from libs.common import models as m
from libs.common.models.enums import Role
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officer, Officers
from tests.publish.stage import HANDLE, PASSWORD, Stage

STATEMENT = "Lúc {gio} {ngay}, tại {dia_diem} xảy ra {su_viec}. {don_vi} đang xử lý và sẽ thông tin tiếp."
CHECKLIST = [
    {"title": "Gọi hiện trường, xác nhận sự việc", "role": "editor", "minutes": 10},
    {"title": "Báo trực ban thành phố", "role": "spokesperson", "minutes": 15},
]
VALUES = {"dia_diem": "phố Khương Hạ", "su_viec": "cháy nhà"}


@dataclass
class CrisisDesk:
    newsroom: Newsroom
    first: Officer
    second: Officer

    async def write(self, **changes: Any) -> dict[str, Any]:
        made = await self.ask("post", "/playbooks", **self.body(**changes))
        assert made.status_code == 201, made.text
        return dict(made.json())

    def body(self, **changes: Any) -> dict[str, Any]:
        return {
            "name": "Cháy lớn",
            "statement_title": "Về vụ {su_viec} tại {dia_diem}",
            "statement_body": STATEMENT,
            "urgent_reason": "Cháy lớn, người dân cần biết ngay",
            "channel_ids": [str(self.newsroom.bulletin.id)],
            "checklist": CHECKLIST,
            **changes,
        }

    async def open(self, playbook: dict[str, Any], **body: Any) -> dict[str, Any]:
        made = await self.ask("post", f"/playbooks/{playbook['id']}/open", **body)
        assert made.status_code == 201, made.text
        return dict(made.json())

    async def ask(self, method: str, path: str, who: Officer | None = None, **body: Any) -> httpx.Response:
        headers = (who or self.first).headers
        if method == "get":
            return await self.newsroom.client.get(f"{API}{path}", headers=headers)
        return await self.newsroom.client.request(method, f"{API}{path}", json=body, headers=headers)

    async def read(self, situation: dict[str, Any]) -> dict[str, Any]:
        return dict((await self.ask("get", f"/situations/{situation['id']}")).json())

    async def release(self, situation: dict[str, Any]) -> None:
        """Both on duty agree to the holding statement."""
        statement = await self.statement(situation)
        for who in (self.first, self.second):
            given = await self.newsroom.act("approve", statement, who.headers, content_hash=statement["content_hash"])
            assert given.status_code == 200, given.text

    async def statement(self, situation: dict[str, Any]) -> dict[str, Any]:
        return await self.newsroom.read({"id": situation["publication_id"]})

    async def finish_steps(self, situation: dict[str, Any]) -> None:
        for step in situation["steps"]:
            done = await self.ask("post", f"/tasks/{step['id']}/done")
            assert done.status_code == 200, done.text

    async def drill_account(self, stage: Stage, **changes: Any) -> m.Channel:
        body = {
            "kind": "bluesky",
            "name": "Tài khoản diễn tập",
            "address": HANDLE,
            "settings": {"service": f"{stage.url}/bluesky"},
            "secret": {"identifier": HANDLE, "password": PASSWORD},
            "is_drill": True,
        }
        made = await self.newsroom.client.post(f"{API}/channels", json={**body, **changes}, headers=self.newsroom.admin)
        assert made.status_code == 201, made.text
        assert made.json()["is_drill"] is True
        async with self.newsroom.db.transaction() as session:
            found = await session.get(m.Channel, made.json()["id"])
        assert found is not None
        return found


@pytest.fixture
async def desk(newsroom: Newsroom, officers: Officers) -> CrisisDesk:
    return CrisisDesk(newsroom, await officers.on_duty(Role.EDITOR), await officers.on_duty())
