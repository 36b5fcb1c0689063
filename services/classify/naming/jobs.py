"""Names that people gave to places come into use, and go out of it, in every process that reads texts."""

from libs.common.jobs import JobContext, Jobs
from services.classify.places import Gazetteer
from services.classify.resources import Resources, place_names

jobs = Jobs()


@jobs.every(seconds=60)
async def read_names(ctx: JobContext[Resources]) -> int:
    """The gazetteer is made anew where the names have changed."""
    held = ctx.resources
    async with ctx.db.transaction() as session:
        names = await place_names(session)
    if names != held.names:
        held.gazetteer, held.names = Gazetteer(names), names
    return 0
