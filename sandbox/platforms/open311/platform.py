"""Another city's GeoReport server: its doors, and behind the stage its officers, who answer by updates.

A reply of the stage is an update by an officer; its author is the status in which it leaves the request
(``open``, ``closed``).
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from sandbox.clock import iso
from sandbox.faults import Fault, FaultKind
from sandbox.ledger import Act, Effect, Item
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.platforms.open311 import rules
from sandbox.platforms.open311.wire import Call, Refused, Row, answer, read_form, refusal

NAME = "open311"
REQUEST, UPDATE = "request", "update"
ACTIVE, REVOKED = "active", "revoked"
FIRST = 293944
Answer = tuple[str, list[Row], int]


@dataclass(frozen=True, slots=True)
class Door:
    method: str
    path: re.Pattern[str]
    operation: str
    answer: Callable[[Call], Answer]


def build(world: World) -> Platform:
    return Open311(world)


class Open311:
    name = NAME
    title = "Open311"

    def __init__(self, world: World) -> None:
        self._world, self._keys = world, dict[str, tuple[str, str]]()
        self._doors = [
            _door("GET", "/v2/services", "services.list", self._services),
            _door("POST", "/v2/requests", "requests.create", self._create),
            _door("GET", "/v2/requests", "requests.list", self._list),
            _door("GET", "/v2/requests/(?P<id>[^/]+)", "requests.show", self._show),
            _door("GET", "/v2/tokens/(?P<token>[^/]+)", "tokens.show", self._token),
            _door("GET", "/v2/servicerequestupdates", "updates.list", self._updates),
        ]
        self._add_settled()

    # --- what the sandbox asks of every platform ---

    def routes(self) -> APIRouter:
        routes = APIRouter(prefix=f"/{NAME}", include_in_schema=False)
        routes.add_api_route("/{path:path}", self._answer, methods=["GET", "POST"])
        return routes

    def operation(self, method: str, path: str) -> str | None:
        door, _ = self._door(method, path)
        return door.operation if door else None

    def failure(self, fault: Fault) -> Response:
        match fault.kind:
            case FaultKind.TOKEN_EXPIRED:
                return refusal(403, "api_key has expired", "xml")
            case FaultKind.THROTTLE:
                return refusal(429, "too many requests", "xml", {"Retry-After": str(int(fault.seconds))})
            case _:
                return refusal(fault.status, "planned", "xml")

    def put_account(self, account: AccountIn) -> dict[str, Any]:
        """A program that may file: its handle, and as its password the api_key."""
        if account.status not in (ACTIVE, REVOKED):
            raise HTTPException(422, f"status: {ACTIVE} or {REVOKED}")
        self._keys[account.handle] = (account.password.get_secret_value(), account.status)
        return {"platform": NAME, "handle": account.handle, "status": account.status}

    def engage(self, engagement: Engagement) -> dict[str, Any]:
        item = self._item(engagement.post)
        if item is None:
            raise UnknownPost(engagement.post)
        for reply in engagement.replies:
            self._update(item, reply.text, reply.author or "open")
        return {"post": item.subject, "status": item.data["status"]}

    def wall(self) -> list[PublicPost]:
        return [self._public(item) for item in sorted(self._all(), key=lambda item: -item.seq)]

    def reset(self) -> None:
        self._keys.clear()
        self._add_settled()

    # --- doors ---

    async def _answer(self, path: str, request: Request) -> Response:
        form = "json" if path.endswith(".json") else "xml"
        door, inside = self._door(request.method, f"/{path}")
        if door is None:
            return refusal(404, "nothing here", form)
        call = Call(form, inside, dict(request.query_params), read_form(await request.body()))
        try:
            name, rows, status = door.answer(call)
        except Refused as refused:
            return refusal(refused.status, refused.description, form)
        return answer(name, rows, form, status)

    def _door(self, method: str, path: str) -> tuple[Door | None, dict[str, str]]:
        for door in self._doors:
            if door.method == method and (found := door.path.fullmatch(path)):
                return door, found.groupdict()
        return None, {}

    def _services(self, call: Call) -> Answer:
        return "services", [_service_row(code) for code in rules.SERVICES], 200

    def _create(self, call: Call) -> Answer:
        account = self._account(call.fields.get("api_key", ""))
        code, description = call.fields.get("service_code", ""), call.fields.get("description", "")
        if code not in rules.SERVICES:
            raise Refused(rules.UNKNOWN if code else 400, "service_code was not found or not provided")
        if rules.PLACE and not _place(call.fields):
            raise Refused(400, "a location is needed")
        if len(description) > rules.DESCRIPTION:
            raise Refused(400, "description is too long")
        subject = str(FIRST + self._next())
        data = {
            "service_code": code,
            "description": description,
            "address": call.fields.get("address_string"),
            "lat": call.fields.get("lat"),
            "long": call.fields.get("long"),
            "status": "open",
            "status_notes": None,
            "sent": sorted(call.fields.keys() - {"api_key"}),
        }
        self._world.ledger.record(Act(NAME, "requests.create", account, REQUEST, subject, Effect.CREATED, data))
        if code == rules.BATCH:
            return "service_requests", [{"token": f"t{subject}"}], rules.CREATED
        told = {"service_request_id": subject, "service_notice": None, "account_id": None}
        return "service_requests", [told], rules.CREATED

    def _list(self, call: Call) -> Answer:
        if ids := call.list("service_request_id"):
            return "service_requests", [self._row(item) for item in self._all() if item.subject in ids], 200
        since, until = self._range(call)
        codes, statuses = call.list("service_code"), call.list("status")
        found = [
            item
            for item in self._all()
            if since <= item.created_at <= until
            and (not codes or item.data["service_code"] in codes)
            and (not statuses or item.data["status"] in statuses)
        ]
        return "service_requests", [self._row(item) for item in found[: rules.MOST]], 200

    def _show(self, call: Call) -> Answer:
        item = self._item(call.inside["id"])
        if item is None:
            raise Refused(rules.UNKNOWN, "service_request_id was not found")
        return "service_requests", [self._row(item)], 200

    def _token(self, call: Call) -> Answer:
        token = call.inside["token"]
        item = self._item(token.removeprefix("t")) if token.startswith("t") else None
        if item is None:
            raise Refused(rules.UNKNOWN, "token was not found")
        ready = self._world.clock.now() - item.created_at >= rules.BATCH_LASTS
        return "service_requests", [{"service_request_id": item.subject if ready else None, "token": token}], 200

    def _updates(self, call: Call) -> Answer:
        since, until = self._range(call)
        found = [one for one in self._world.ledger.current.of(NAME, UPDATE) if since <= one.created_at <= until]
        return "service_request_updates", [_update_row(one) for one in found], 200

    # --- behind the doors ---

    def _account(self, key: str) -> str:
        for name, (known, status) in self._keys.items():
            if status == ACTIVE and hmac.compare_digest(known.encode(), key.encode()):
                return name
        raise Refused(rules.NO_KEY, "api_key is missing or invalid")

    def _range(self, call: Call) -> tuple[datetime, datetime]:
        since, until = call.time("start_date"), call.time("end_date")
        if since and until and until - since > rules.SPAN:
            raise Refused(400, "the range spans more than 90 days")
        until = until or (since + rules.SPAN if since else self._world.clock.now())
        return since or until - rules.SPAN, until

    def _update(self, item: Item, text: str, status: str) -> None:
        if status not in ("open", "closed"):
            raise HTTPException(422, "author of a reply: open or closed")
        number = self._next()
        told = {"request": item.subject, "status": status, "description": text}
        record = self._world.ledger.record
        record(Act(NAME, "update", item.account, UPDATE, f"u{number}", Effect.CREATED, told))
        data = {**item.data, "status": status, "status_notes": text}
        record(Act(NAME, "update", item.account, REQUEST, item.subject, Effect.UPDATED, data))

    def _next(self) -> int:
        """Goes on after a restart, too."""
        return len(self._world.ledger.entries(NAME))

    def _all(self) -> list[Item]:
        return self._world.ledger.current.of(NAME, REQUEST)

    def _item(self, subject: str) -> Item | None:
        found = self._world.ledger.current.get(NAME, subject)
        return found if found is not None and found.kind == REQUEST else None

    def _row(self, item: Item) -> Row:
        told = item.data
        return {
            "service_request_id": item.subject,
            "status": told["status"],
            "status_notes": told["status_notes"],
            "service_name": rules.SERVICES[told["service_code"]],
            "service_code": told["service_code"],
            "description": told["description"],
            "agency_responsible": "Trung tâm của thành phố bên",
            "service_notice": None,
            "requested_datetime": iso(item.created_at),
            "updated_datetime": iso(item.updated_at),
            "expected_datetime": None,
            "address": told["address"],
            "address_id": None,
            "zipcode": None,
            "lat": told["lat"],
            "long": told["long"],
            "media_url": None,
        }

    def _public(self, item: Item) -> PublicPost:
        page = f"/{NAME}/v2/requests/{item.subject}.xml"
        return PublicPost(
            NAME, item.subject, item.account, item.account, item.data["description"], item.created_at, page
        )

    def _add_settled(self) -> None:
        for handle, key in self._world.settings.open311.rows():
            self._keys[handle] = (key, ACTIVE)


def _door(method: str, path: str, operation: str, answer: Callable[[Call], Answer]) -> Door:
    return Door(method, re.compile(rf"{path}\.(?:xml|json)"), operation, answer)


def _place(fields: dict[str, str]) -> bool:
    return bool(fields.get("address_string") or fields.get("address_id") or (fields.get("lat") and fields.get("long")))


def _service_row(code: str) -> Row:
    kind = "batch" if code == rules.BATCH else "realtime"
    return {
        "service_code": code,
        "service_name": rules.SERVICES[code],
        "description": None,
        "metadata": "false",
        "type": kind,
        "keywords": None,
        "group": None,
    }


def _update_row(item: Item) -> Row:
    return {
        "update_id": item.subject,
        "service_request_id": item.data["request"],
        "status": item.data["status"],
        "updated_datetime": iso(item.created_at),
        "description": item.data["description"],
        "media_url": None,
    }
