"""Asking another GeoReport server. The key goes in the body of a POST alone; it stands in no address."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, urlencode

from libs.common.http import Fetched, FetchError, FetchRefused, PublicFetcher
from services.ingest.feedback.settings import OtherServer
from services.ingest.transfers import wire
from services.ingest.transfers.wire import Filed, Sending, Standing, Unreadable, Update

MOST_BYTES = 4 * 1024**2
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Accept": "text/xml"}
LOOK = {"Accept": "text/xml"}


class Outcome(StrEnum):
    TAKEN = "taken"
    REFUSED = "refused"
    """Clearly not taken."""
    UNCLEAR = "unclear"
    """Perhaps taken: no answer, a broken one, or an error of the server."""


@dataclass(frozen=True, slots=True)
class Attempt:
    outcome: Outcome
    filed: Filed | None = None
    trouble: str | None = None
    """A code, without a word of the other side's."""


WITHOUT_UPDATES = frozenset({400, 404, 405, 501})
"""How servers answer that know the specification alone, and not FixMyStreet's extension."""


class NotTold(Exception):
    """The other server could not be asked; another time, then. `status`: what it answered, if it did."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Client:
    server: OtherServer
    fetcher: PublicFetcher

    async def file(self, sending: Sending) -> Attempt:
        """Once; what came of it is told, and nothing is tried again here."""
        body = sending.form(self.server.key.get_secret_value(), self.server.jurisdiction_id)
        try:
            answer = await self.fetcher.post(self._url("requests.xml"), body, headers=FORM)
        except FetchRefused:
            return Attempt(Outcome.REFUSED, trouble="address_refused")
        except FetchError as error:
            return Attempt(Outcome.UNCLEAR, trouble=f"no_answer:{error.outcome}")
        return _read(answer)

    async def resolve(self, token: str) -> str | None:
        """The id that a token has become; None while it has none."""
        rows = wire.read_rows(await self._get(f"tokens/{quote(token, safe='')}.xml"), "service_requests")
        return (rows[0].get("service_request_id", "")[: wire.MOST_ID] or None) if rows else None

    async def find(self, reference: str, since: datetime, until: datetime) -> list[str]:
        """The ids of requests filed meanwhile that carry our mark."""
        span = {"start_date": wire.w3c(since), "end_date": wire.w3c(until)}
        return wire.find_marked(await self._get("requests.xml", span), wire.mark_of(reference))

    async def standing(self, remote_id: str) -> Standing:
        return wire.read_standing(await self._get(f"requests/{quote(remote_id, safe='')}.xml"), remote_id)

    async def updates(self, remote_id: str, now: datetime) -> list[Update]:
        """What was said of it in the last 90 days. Of a server without updates, or one that told none and closed it,
        its present state as one: never both of the same words."""
        span = {"start_date": wire.w3c(now - timedelta(days=89)), "end_date": wire.w3c(now + timedelta(minutes=5))}
        try:
            body = await self._get("servicerequestupdates.xml", span | {"service_request_id": remote_id})
        except NotTold as nothing:
            if nothing.status not in WITHOUT_UPDATES:
                raise
            standing = await self.standing(remote_id)
            return [standing.update] if standing.is_closed or standing.notes else []
        found = wire.read_updates(body, remote_id)
        if found:
            return found
        standing = await self.standing(remote_id)
        return [standing.update] if standing.is_closed else []

    async def _get(self, path: str, asked: dict[str, str] | None = None) -> bytes:
        more = {"jurisdiction_id": self.server.jurisdiction_id} if self.server.jurisdiction_id else {}
        query = urlencode((asked or {}) | more)
        try:
            answer = await self.fetcher.fetch(self._url(path, query), headers=LOOK, max_bytes=MOST_BYTES)
        except FetchError as error:
            raise NotTold(error.outcome) from error
        if not answer.ok:
            raise NotTold(f"http_{answer.status}", answer.status)
        return answer.body

    def _url(self, path: str, query: str = "") -> str:
        return f"{self.server.url.rstrip('/')}/{path}{'?' if query else ''}{query}"


def _read(answer: Fetched) -> Attempt:
    """A status of 4xx says that it was not taken; 408 and 5xx say nothing about it, nor does a redirect."""
    if 400 <= answer.status < 500 and answer.status != 408:
        return Attempt(Outcome.REFUSED, trouble=f"http_{answer.status}")
    if not answer.ok:
        return Attempt(Outcome.UNCLEAR, trouble=f"http_{answer.status}")
    try:
        return Attempt(Outcome.TAKEN, wire.read_filed(answer.body))
    except Unreadable:
        return Attempt(Outcome.UNCLEAR, trouble="unreadable")
