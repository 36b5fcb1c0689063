"""How far an installation has come, in numbers."""

from sqlalchemy import text

from libs.common.db import Database

COUNTS = """
SELECT (SELECT count(*) FROM contents) AS contents, (SELECT count(*) FROM annotations) AS annotations,
       (SELECT count(*) FROM story_items) AS in_stories, (SELECT count(*) FROM stories) AS stories,
       (SELECT count(*) FROM stories WHERE sources > 1) AS shared_stories,
       (SELECT count(*) FROM feedback_cases) AS feedback_cases,
       (SELECT count(*) FROM legal_risk_cases WHERE state = 'suggested') AS legal_risk,
       (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS pending_events,
       (SELECT count(*) FROM dead_letters WHERE retried_at IS NULL) AS dead_letters
"""


async def read_counts(db: Database) -> dict[str, int]:
    async with db.transaction() as session:
        row = (await session.execute(text(COUNTS))).one()
    return {name: int(value) for name, value in row._mapping.items()}
