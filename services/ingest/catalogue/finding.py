"""Discovery for people: what a site offers, and which of it is read already. No network inside a transaction."""

from libs.common.db import Database
from libs.common.http import FetchError
from services.ingest.catalogue import queries
from services.ingest.catalogue.discovery import discover
from services.ingest.catalogue.problems import SiteUnreachable
from services.ingest.catalogue.schemas import CandidateOut, DiscoveryOut
from services.ingest.resources import Resources


async def discover_feeds(db: Database, held: Resources, url: str) -> DiscoveryOut:
    address = url if "://" in url else f"https://{url}"
    try:
        found = await discover(held, address)
    except FetchError as error:
        raise SiteUnreachable(str(error)) from error
    async with db.transaction() as session:
        known = await queries.known_urls(session, [one.url for one in found.candidates])
    candidates = [
        CandidateOut.model_validate(one, from_attributes=True).model_copy(update={"is_known": one.url in known})
        for one in found.candidates
    ]
    return DiscoveryOut(site=address, candidates=candidates, tried=found.tried, problems=found.problems)
