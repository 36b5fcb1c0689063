"""/control: the strings behind the stage. Plans faults, moves the clock, reads the ledger, lets readers react."""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException
from pydantic import AwareDatetime, BaseModel, Field

from sandbox.clock import iso
from sandbox.faults import Fault, FaultKind
from sandbox.lag import MAX_LAG_SECONDS, Lag, LagMode
from sandbox.ledger import Act, Effect
from sandbox.platforms.base import AccountIn, Engagement, Platform, PublicPost, UnknownPost, World
from sandbox.tokens import GivesTokens, TokensIn
from sandbox.webhooks import Attempt, WebhookFault, WebhookPlan


class FaultIn(BaseModel):
    platform: str = "*"
    operation: str = "*"
    kind: FaultKind
    times: int = Field(default=1, ge=1)
    status: int = Field(default=503, ge=400, le=599)
    seconds: float = Field(default=30.0, ge=0)
    executed: bool = False
    after: int = Field(default=0, ge=0)


class LagIn(BaseModel):
    platform: str
    seconds: float = Field(default=0.0, ge=0, le=MAX_LAG_SECONDS)
    mode: LagMode = LagMode.STEADY


class WebhookPlanIn(BaseModel):
    platform: str = "*"
    kind: WebhookFault
    times: int = Field(default=1, ge=1)
    seconds: float = Field(default=30.0, ge=0)


class RemovalIn(BaseModel):
    post: str


class ClockIn(BaseModel):
    seconds: float = Field(ge=0)


class ResetIn(BaseModel):
    at: AwareDatetime | None = None
    """Where the sandbox's clock starts; without it, at the real time."""


def router(world: World, platforms: Mapping[str, Platform]) -> APIRouter:
    routes = APIRouter(prefix="/control", tags=["control"], dependencies=[Depends(_guard(world))])
    _add_ledger(routes, world, platforms)
    _add_faults(routes, world)
    _add_lags(routes, world, platforms)
    _add_webhooks(routes, world)
    _add_clock(routes, world)
    _add_stage(routes, world, platforms)
    return routes


def _guard(world: World) -> Any:
    expected = world.settings.control_token

    def check(authorization: Annotated[str, Header()] = "") -> None:
        wanted = f"Bearer {expected.get_secret_value()}" if expected else authorization
        if not hmac.compare_digest(authorization.encode(), wanted.encode()):
            raise HTTPException(401, "Cần mã điều khiển của sân tập. / The sandbox's control token is required.")

    return check


def _add_ledger(routes: APIRouter, world: World, platforms: Mapping[str, Platform]) -> None:
    @routes.get("/ledger")
    def read_ledger(platform: str | None = None, after: int = 0) -> dict[str, Any]:
        chosen = [p for name, p in platforms.items() if platform in (None, name)]
        posts = [_post(post) for p in chosen for post in p.wall()]  # first: a wall may publish what has come due
        entries = world.ledger.entries(platform, after)
        return {"entries": [entry.as_json() for entry in entries], "posts": posts}


def _add_faults(routes: APIRouter, world: World) -> None:
    @routes.get("/faults")
    def list_faults() -> list[Fault]:
        return world.faults.plans()

    @routes.post("/faults", status_code=201)
    def plan_faults(body: FaultIn | list[FaultIn]) -> Fault | list[Fault]:
        """One, or the whole plan of a seed; where several fit a request, the one planned first is played."""
        if isinstance(body, list):
            return [world.faults.plan(Fault(**one.model_dump())) for one in body]
        return world.faults.plan(Fault(**body.model_dump()))

    @routes.delete("/faults", status_code=204)
    def clear_faults() -> None:
        world.faults.clear()


def _add_webhooks(routes: APIRouter, world: World) -> None:
    @routes.get("/webhooks/plans")
    def list_webhook_plans() -> list[WebhookPlan]:
        return world.webhooks.plans()

    @routes.post("/webhooks/plans", status_code=201)
    def plan_webhook(body: WebhookPlanIn) -> WebhookPlan:
        return world.webhooks.plan(WebhookPlan(**body.model_dump()))

    @routes.delete("/webhooks/plans", status_code=204)
    def clear_webhook_plans() -> None:
        world.webhooks.clear_plans()

    @routes.post("/webhooks/deliver")
    async def deliver_webhooks() -> list[Attempt]:
        """Sends what is due by the sandbox's clock, and tells each attempt."""
        return await world.webhooks.deliver()


def _add_lags(routes: APIRouter, world: World, platforms: Mapping[str, Platform]) -> None:
    @routes.get("/lag")
    def list_lags() -> dict[str, Lag]:
        return world.lags.all()

    @routes.put("/lag")
    def set_lag(body: LagIn) -> Lag:
        return world.lags.set(_known(platforms, body.platform).name, Lag(body.seconds, body.mode))


def _add_clock(routes: APIRouter, world: World) -> None:
    @routes.get("/clock")
    def read_clock() -> dict[str, str]:
        return {"now": iso(world.clock.now())}

    @routes.post("/clock/advance")
    def advance_clock(body: ClockIn) -> dict[str, str]:
        return {"now": iso(world.clock.advance(timedelta(seconds=body.seconds)))}

    @routes.post("/clock/freeze")
    def freeze_clock() -> dict[str, str]:
        return {"now": iso(world.clock.freeze())}

    @routes.post("/clock/resume")
    def resume_clock() -> dict[str, str]:
        return {"now": iso(world.clock.resume())}


def _add_stage(routes: APIRouter, world: World, platforms: Mapping[str, Platform]) -> None:
    @routes.put("/accounts")
    def put_account(body: AccountIn) -> dict[str, Any]:
        return _known(platforms, body.platform).put_account(body)

    @routes.post("/reset", status_code=204)
    def reset(body: ResetIn | None = None) -> None:
        world.faults.clear()
        world.lags.clear()
        world.webhooks.clear()
        world.ledger.clear()
        world.clock.reset(body.at if body else None)
        for platform in platforms.values():
            platform.reset()

    @routes.post("/{platform}/tokens")
    def end_tokens(platform: str, body: TokensIn) -> dict[str, Any]:
        """Ends tokens of an account now: as if their time had run out, or withdrawn."""
        known = _known(platforms, platform)
        if not isinstance(known, GivesTokens):
            raise HTTPException(404, f"{known.title} không có mã để kết thúc. / {known.title} has no tokens to end.")
        try:
            return known.end_tokens(body)
        except LookupError:
            words = f"Không có tài khoản {body.account}. / There is no account {body.account}."
            raise HTTPException(404, words) from None

    @routes.post("/{platform}/remove", status_code=204)
    def remove(platform: str, body: RemovalIn) -> None:
        """A person deletes a post in the platform's own app, which is not held to what the API allows."""
        name = _known(platforms, platform).name
        item = world.ledger.current.get(name, body.post)
        if item is None:
            raise HTTPException(404, f"Không có bài {body.post}. / There is no post {body.post}.")
        world.ledger.record(Act(name, "by hand", item.account, item.kind, item.subject, Effect.DELETED))

    @routes.post("/{platform}/engage")
    def engage(platform: str, body: Engagement) -> dict[str, Any]:
        try:
            return _known(platforms, platform).engage(body)
        except UnknownPost:
            raise HTTPException(404, f"Không có bài {body.post}. / There is no post {body.post}.") from None


def _known(platforms: Mapping[str, Platform], name: str) -> Platform:
    if name not in platforms:
        raise HTTPException(404, f"Sân tập không có nền tảng {name}. / The sandbox plays no platform {name}.")
    return platforms[name]


def _post(post: PublicPost) -> dict[str, Any]:
    return {
        "platform": post.platform,
        "id": post.id,
        "account": post.account,
        "author": post.author,
        "text": post.text,
        "at": iso(post.at),
        "page": post.page,
        "links": post.links,
        "counts": post.counts,
    }
