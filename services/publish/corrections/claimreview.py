"""ClaimReview (schema.org, JSON-LD) of a correction's page. Only the message that stands carries one: what was followed
or withdrawn is no verdict any more, and a cancellation is none."""

from datetime import datetime
from typing import Any

from libs.common.clock import HANOI
from libs.common.models.corrections import CorrectionStep
from libs.common.models.enums import Verdict
from libs.common.verdicts import BEST, RATINGS, WORST
from libs.common.web import Site
from services.publish.corrections.rules import Told


def claim_review(
    site: Site, told: Told, path: str, title: str, language: str, unit_name: str | None, at: datetime
) -> dict[str, Any] | None:
    """None for a cancellation. The claim is named by its words and its first day; who made it is not looked for."""
    if told.step is CorrectionStep.CANCEL:
        return None
    url = site.url(path)
    claim: dict[str, Any] = {"@type": "Claim", "name": told.claim}
    if told.first_seen_at is not None:
        claim["datePublished"] = f"{told.first_seen_at.astimezone(HANOI):%Y-%m-%d}"
    office = {"@type": "GovernmentOrganization", "url": site.url("/")}
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "@id": f"{url}#claimreview",
        "url": url,
        "headline": title,
        "claimReviewed": told.claim,
        "itemReviewed": claim,
        "datePublished": at.astimezone(HANOI).isoformat(timespec="seconds"),
        "inLanguage": language,
        "author": {**office, "name": unit_name or site.publisher},
        "publisher": {**office, "name": site.publisher},
        "reviewRating": {
            "@type": "Rating",
            "alternateName": told.label,
            "ratingValue": RATINGS[Verdict(told.verdict)],
            "worstRating": WORST,
            "bestRating": BEST,
        },
        "citation": [{"@type": "CreativeWork", "name": one.title, "url": one.url} for one in told.evidence],
    }
