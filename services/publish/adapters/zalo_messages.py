"""Answering a message that somebody wrote to the account: a consultation message, to that person alone.

An address is `{user}/{message}`; it comes from under seal and is named in no line of a log. There is no key against
doubles: an answer that was not heard of is looked for in the talk itself, and never sent again. Zalo allows it while
the person wrote within 7 days (`settings.answer_hours` says less); after 48 hours it costs one of the package's.
"""

import json
from datetime import UTC, datetime, timedelta

from libs.common.withheld import withhold
from services.publish import measure
from services.publish.adapters.base import ChannelError, Json, Outcome, Prepared, Published, Reason, Rejected, Unknown
from services.publish.adapters.reading import whole_number
from services.publish.adapters.zalo_api import AnswerLost, Api, Meaning, Refused

MOST = 2_000
CLOCKS_APART = timedelta(minutes=2)
PAGE, PAGES = 10, 3
OURS = 0
"""`src` of what the account said itself."""


async def reply(api: Api, address: str, text: str, at: datetime, now: datetime) -> Outcome | ChannelError:
    """What became of it; an error means that certainly nothing was sent."""
    user, message = _parts(address)
    if len(text) > MOST:
        return Rejected(Reason(f"Câu trả lời dài {len(text)} ký tự, Zalo nhận {MOST}", "too long"), permanent=True)
    body: Json = {"recipient": {"user_id": user}, "message": {"text": text, "quote_message_id": message}}
    try:
        told = await api.post("v3.0/oa/message/cs", body)
    except AnswerLost as lost:
        return _unknown(at, now, lost.reason.en)
    except Refused as refused:
        if refused.meaning is Meaning.UNCLEAR:
            return _unknown(at, now, refused.reason.en)
        if refused.error == -214:  # of a message it is no picture that is waited for
            vi = "Zalo: người nhắn đã quá thời hạn được trả lời (-214)"
            return Rejected(Reason(vi, refused.reason.en), permanent=True)
        return refused
    except ChannelError as trouble:
        return trouble
    sent = str(told.get("message_id") or "")
    return Published(sent, "") if sent else _unknown(at, now, "no message_id in the answer")


async def find(api: Api, address: str, text: str, since: datetime) -> str | None:
    """The newest of the account's own messages in this talk that says so. Who wrote the others is not looked at."""
    user, _ = _parts(address)
    wanted, found = measure.squeezed(text), list[tuple[int, str]]()
    for page in range(PAGES):
        asked = json.dumps({"user_id": user, "offset": page * PAGE, "count": PAGE}, separators=(",", ":"))
        rows = await api.get_rows("v2.0/oa/conversation", data=asked)
        for row in rows:
            made = whole_number(row.get("time")) or 0
            is_late = datetime.fromtimestamp(made / 1000, UTC) >= since - CLOCKS_APART
            if row.get("src") == OURS and is_late and measure.squeezed(str(row.get("message") or "")) == wanted:
                found.append((made, str(row["message_id"])))
        if len(rows) < PAGE:
            break
    return max(found)[1] if found else None


def _parts(address: str) -> tuple[str, str]:
    user, _, message = address.partition("/")
    withhold(user)
    return user, message


def _unknown(at: datetime, now: datetime, why: str) -> Unknown:
    """The handle names nobody: it is looked for by the address under seal."""
    reason = Reason("Không rõ Zalo đã nhận câu trả lời hay chưa, đang xem lại", why)
    return Unknown(Prepared("reply", {}, at=at).as_handle(), now, reason)
