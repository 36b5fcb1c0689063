"""Reviews of others become claims of ours: read and judged whole, then stored a few in each transaction.

Guarantee: a review is known by its address and its words, so a file that was half imported, or comes again, brings
each claim once. An imported verdict is checked, not published: what the city publishes, its own people approve. What
people here have decided about a claim is never changed by an import.
"""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.db import Database
from libs.common.ids import new_id
from libs.common.models import Claim
from libs.common.models.enums import ClaimState, Verdict
from libs.common.verdicts import LABELS
from services.classify.claims import queries
from services.classify.claims.checking import LOOK_BACK_DAYS, match_stored
from services.classify.claims.problems import FileNotAnImport
from services.classify.claims.review import Refused, Reviewed, read_reviews
from services.classify.claims.table import Row, read_table

BATCH = 20


class RowStatus(StrEnum):
    READY = "ready"
    """It would be taken; nothing is stored by a dry run."""
    STORED = "stored"
    UPDATED = "updated"
    """Its source has come to another verdict."""
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class ClaimRow(BaseModel):
    """`row`: of the table, as a spreadsheet shows it; of JSON-LD, the number of the review."""

    row: int
    status: RowStatus
    claim_id: UUID | None = None
    reasons: list[str] = []


class ClaimsImported(BaseModel):
    form: str
    is_dry_run: bool
    rows: int
    stored: int
    updated: int
    unchanged: int
    refused: int
    results: list[ClaimRow]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """A file that was read and judged; nothing of it is stored yet."""

    form: str
    rows: Sequence[Row]

    def summary(self, results: Sequence[ClaimRow], *, is_dry_run: bool = False) -> ClaimsImported:
        count = {status: sum(one.status is status for one in results) for status in RowStatus}
        return ClaimsImported(
            form=self.form,
            is_dry_run=is_dry_run,
            rows=len(self.rows),
            stored=count[RowStatus.STORED],
            updated=count[RowStatus.UPDATED],
            unchanged=count[RowStatus.UNCHANGED],
            refused=count[RowStatus.REFUSED],
            results=list(results),
        )


def plan_import(data: bytes) -> ImportPlan:
    """JSON-LD or a table, told by its first sign. Raises FileNotAnImport."""
    try:
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
            reviews = read_reviews(json.loads(data.decode("utf-8-sig")))
            return ImportPlan("json-ld", [Row(at, one) for at, one in enumerate(reviews, 1)])
        table = read_table(data)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FileNotAnImport("Không phải JSON hợp lệ (UTF-8).") from error
    except ValueError as error:
        raise FileNotAnImport(str(error)) from error
    return ImportPlan(table.form, table.rows)


def dry_run(plan: ImportPlan) -> ClaimsImported:
    """What would be taken; what is stored already is not looked up."""
    return plan.summary(
        [_refused(row) or ClaimRow(row=row.number, status=RowStatus.READY) for row in plan.rows], is_dry_run=True
    )


async def run_import(
    db: Database, plan: ImportPlan, *, by: UUID | None, clock: Callable[[], datetime]
) -> AsyncIterator[list[ClaimRow]]:
    """Store the rows, batch by batch; what became of each, in order. Audited once it is through."""
    stored = 0
    for start in range(0, len(plan.rows), BATCH):
        async with db.transaction() as session:
            results = [await _take(session, row, by, clock()) for row in plan.rows[start : start + BATCH]]
        stored += sum(one.status in (RowStatus.STORED, RowStatus.UPDATED) for one in results)
        yield results
    async with db.transaction() as session:
        now = clock()
        await audit.append(
            session,
            service="classify",
            action="claims.imported",
            actor_id=by,
            object_type="import",
            object_id=new_id(now),
            now=now,
            facts={"rows": len(plan.rows), "stored": stored, "form": plan.form.split()[0]},
        )


def _refused(row: Row) -> ClaimRow | None:
    if isinstance(row.review, Refused):
        return ClaimRow(row=row.number, status=RowStatus.REFUSED, reasons=row.review.reasons)
    return None


async def _take(session: AsyncSession, row: Row, by: UUID | None, now: datetime) -> ClaimRow:
    if isinstance(row.review, Refused):
        return ClaimRow(row=row.number, status=RowStatus.REFUSED, reasons=row.review.reasons)
    values = {**_verdict(row.review), "text": row.review.text, "import_key": row.review.key}
    times = {"created_by": by, "created_at": now, "updated_at": now}
    claim_id = await queries.insert_imported(session, {"id": new_id(now), **values, **times})
    if claim_id is not None:
        await match_stored(session, claim_id, row.review.text, now, LOOK_BACK_DAYS)
        return ClaimRow(row=row.number, status=RowStatus.STORED, claim_id=claim_id)
    claim = await queries.lock_imported(session, row.review.key)
    assert claim is not None, "it is never deleted"
    return _brought_up_to_date(claim, row, row.review, now)


def _brought_up_to_date(claim: Claim, row: Row, review: Reviewed, now: datetime) -> ClaimRow:
    told = ClaimRow(row=row.number, status=RowStatus.UNCHANGED, claim_id=claim.id)
    if claim.verdict == review.verdict:
        return told
    if claim.state not in (ClaimState.OPEN, ClaimState.CHECKED) or not _is_as_imported(claim):
        told.reasons = ["Nguồn nay kết luận khác, nhưng kết luận ở đây đã do người của mình quyết định."]
        return told
    for name, value in _verdict(review).items():
        setattr(claim, name, value)
    claim.updated_at = now
    return told.model_copy(update={"status": RowStatus.UPDATED})


def _is_as_imported(claim: Claim) -> bool:
    """Whether its evidence is still the review alone: nobody here has given a verdict since."""
    return [one.get("url") for one in claim.evidence] in ([], [claim.review_url])


def _verdict(review: Reviewed) -> dict[str, object]:
    is_open = review.verdict is Verdict.CHUA_XAC_MINH
    title = review.title or f"{LABELS[review.verdict]}: {review.text}"
    return {
        "verdict": review.verdict,
        "state": ClaimState.OPEN if is_open else ClaimState.CHECKED,
        "evidence": [{"title": title[:300], "url": review.url}],
        "reviewer": review.reviewer or None,
        "review_url": review.url,
        "reviewed_at": review.reviewed_at,
    }
