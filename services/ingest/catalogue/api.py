"""Routes of the catalogue: take a file in, give one out, look for feeds of a site."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from libs.common.app import resources
from libs.common.auth import ClockDep, Principal, require
from libs.common.db import Database, SessionDep
from libs.common.errors import Forbidden, Unauthenticated, problems
from libs.common.models.enums import Role, SourceGroup
from services.ingest.api import PREFIX, SettingsDep, SourceKeeperDep, StaffDep
from services.ingest.catalogue import finding, service
from services.ingest.catalogue.files import MAX_BYTES
from services.ingest.catalogue.problems import CatalogueUnreadable, SiteUnreachable
from services.ingest.catalogue.rules import Wish
from services.ingest.catalogue.schemas import DiscoverIn, DiscoveryOut, ImportOut
from services.ingest.problems import BodyTooBig
from services.ingest.push_api import read_body
from services.ingest.service import Actor

router = APIRouter(prefix=PREFIX, tags=["ingest"], responses=problems(Unauthenticated, Forbidden))
AdminDep = Annotated[Principal, require(Role.ADMIN)]

YAML, OPML = "application/yaml", "text/x-opml"
_FILE = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (YAML, OPML)},
    }
}
_GIVEN: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (YAML, OPML)}}
}


@router.post("/catalogue/import", responses=problems(CatalogueUnreadable, BodyTooBig), openapi_extra=_FILE)
async def import_catalogue(
    request: Request,
    session: SessionDep,
    who: AdminDep,
    clock: ClockDep,
    settings: SettingsDep,
    dry_run: Annotated[bool, Query(description="only say what would be done")] = False,
    only_new: Annotated[bool, Query(description="leave the sources that are there alone")] = False,
    retire_missing: Annotated[bool, Query(description="retire the sources that the file lacks")] = False,
    default_group: Annotated[SourceGroup, Query(description="of OPML sources in no known folder")] = SourceGroup.PRESS,
) -> ImportOut:
    data = await read_body(request, MAX_BYTES)
    rows = service.read_file(data, request.headers.get("content-type", ""), default_group)
    wish = Wish(only_new=only_new, retire_missing=retire_missing, replay=settings.replay)
    by = Actor(who.person_id, settings.replay)
    return await service.import_rows(session, rows, wish, by=by, dry_run=dry_run, now=clock.now())


@router.get("/catalogue/export", response_class=Response, responses=_GIVEN)
async def export_catalogue(
    session: SessionDep,
    _: StaffDep,
    clock: ClockDep,
    form: Annotated[Literal["yaml", "opml"], Query(alias="format")] = "yaml",
    group: Annotated[SourceGroup | None, Query()] = None,
) -> Response:
    entries = await service.export_entries(session, group)
    name = f"nguon-tin-{clock.now():%Y%m%d}.{form}"
    return Response(
        service.written(entries, form, clock.now()),
        media_type=f"{OPML if form == 'opml' else YAML}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/catalogue/discover", responses=problems(SiteUnreachable))
async def discover_feeds(body: DiscoverIn, request: Request, _: SourceKeeperDep) -> DiscoveryOut:
    db: Database = request.app.state.db
    return await finding.discover_feeds(db, resources(request), body.url)
