"""The desk in front of a channel other than Facebook: comments are heard of by reading there, as the worker does."""

from typing import Any
from uuid import UUID

from libs.common import models as m
from services.publish.conversation import rules
from tests.publish.conversation.desk import Desk
from tests.publish.hearing.letters import listen, of, rows

READER = "docgia_rat_kin"
WORDS = "Đội thoát nước đang xử lý."


async def heard(desk: Desk, words: str = "Đường ngập quá", author: str = READER) -> UUID:
    """Said under the post by a reader, and read from there; its id here."""
    said = [{"text": words, "author": author}]
    await desk.theatre.post(f"{desk.page.kind}/engage", post=of(desk.post), replies=said)
    await listen(desk.theatre)
    [comment_id] = [one.id for one in await rows(desk.theatre, m.Comment) if one.body == words]
    return UUID(str(comment_id))


async def looked_for(desk: Desk) -> None:
    """As often as the worker looks for an answer that it did not hear of."""
    for step in rules.LOOKS:
        await desk.work(step=step)


async def state_of(desk: Desk) -> str:
    [reply] = await desk.kept(m.CommentReply)
    return str(reply.state)


async def why(desk: Desk) -> str:
    [reply] = await desk.kept(m.CommentReply)
    return str(reply.error)


def made(desk: Desk, operation: str) -> list[dict[str, Any]]:
    """What the platform's ledger holds of an operation of ours: each thing that it made."""
    ledger = desk.theatre.app.state.world.ledger
    found = [entry.act for entry in ledger.entries(desk.page.kind) if entry.act.operation == operation]
    return [{"id": act.subject, **act.data} for act in found if act.effect.value == "created"]
