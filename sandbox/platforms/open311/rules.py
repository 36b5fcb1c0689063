"""What a GeoReport server holds its callers to, each with its evidence (see sandbox/rules.py).

Source of the ``docs`` marks: the specification, GeoReport_v2/index.md of open311.github.io, and FixMyStreet's wiki
pages on its extension.
"""

from datetime import timedelta

from sandbox.rules import Mark, rule

DESCRIPTION = rule("open311.description", Mark.DOCS, "description: at most 4000 characters, else 400", 4000).value
SPAN = rule(
    "open311.span", Mark.DOCS, "start_date and end_date span at most 90 days, else 400; by default the last 90",
    timedelta(days=90),
).value  # fmt: skip
MOST = rule("open311.most", Mark.DOCS, "a list has at most 1000 requests", 1000).value
NO_KEY = rule("open311.key", Mark.DOCS, "a POST without a known api_key: 403", 403).value
PLACE = rule(
    "open311.place", Mark.DOCS, "lat and long, or address_string, or address_id, is needed, else 400", True
).value
UNKNOWN = rule("open311.unknown", Mark.DOCS, "an unknown service_code or service_request_id: 404", 404).value
OFFSET = rule("open311.offset", Mark.DOCS, "times carry their offset from UTC, else 400", True).value
CREATED = rule("open311.created", Mark.PEER, "a report that was taken is answered 201 (FixMyStreet: 200)", 201).value
SERVICES = rule(
    "open311.services",
    Mark.OURS,
    "three services, of which the third answers with a token that has an id a minute later",
    {"001": "Chiếu sáng công cộng", "002": "Thoát nước", "003": "Việc khác"},
).value
BATCH = "003"
BATCH_LASTS = timedelta(minutes=1)
