"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py)."""

from datetime import timedelta

from sandbox.rules import Mark, rule
from sandbox.windows import Limit

ACCESS_LIFETIME = rule(
    "bluesky.session.access-lifetime", Mark.SDK, "accessJwt lives 120 minutes", timedelta(minutes=120)
).value
REFRESH_LIFETIME = rule(
    "bluesky.session.refresh-lifetime", Mark.SDK, "refreshJwt lives 90 days", timedelta(days=90)
).value
REFRESH_GRACE = rule(
    "bluesky.session.refresh-grace",
    Mark.SDK,
    "a refresh token is used once: within 2 hours a repeat leads to the same successor, then it is revoked",
    timedelta(hours=2),
).value
EXPIRED = rule("bluesky.error.expired", Mark.SDK, "an expired token answers 400 ExpiredToken, not 401", 400).value
CLOSED = rule(
    "bluesky.error.closed-account",
    Mark.SDK,
    "AccountTakedown and AccountDeactivated answer 401 with their own name",
    401,
).value
LOGINS_SHORT = rule(
    "bluesky.limit.logins-5min",
    Mark.SDK,
    "createSession: 30 in 5 minutes for an identifier",
    Limit(30, timedelta(minutes=5)),
).value
LOGINS_DAY = rule(
    "bluesky.limit.logins-day", Mark.SDK, "createSession: 300 a day for an identifier", Limit(300, timedelta(days=1))
).value
REQUESTS = rule(
    "bluesky.limit.requests", Mark.SDK, "3000 requests in 5 minutes from an address", Limit(3000, timedelta(minutes=5))
).value
WRITES_HOUR = rule(
    "bluesky.limit.writes-hour",
    Mark.SDK,
    "5000 points of writing an hour for an account",
    Limit(5000, timedelta(hours=1)),
).value
WRITES_DAY = rule(
    "bluesky.limit.writes-day",
    Mark.SDK,
    "35000 points of writing a day for an account",
    Limit(35000, timedelta(days=1)),
).value
POINTS = rule(
    "bluesky.limit.points",
    Mark.SDK,
    "createRecord 3 points, putRecord 2, deleteRecord 1; applyWrites the sum of its writes",
    {"create": 3, "update": 2, "delete": 1},
).value
MAX_JSON = rule("bluesky.size.json", Mark.SDK, "150 kB of JSON", 150 * 1024).value
MAX_RECORD_JSON = rule("bluesky.size.create-record", Mark.SDK, "1 MB of JSON for createRecord", 1024 * 1024).value
MAX_BLOB = rule("bluesky.size.blob", Mark.DOCS, "52,428,800 bytes for any blob", 52_428_800).value
MAX_WRITES = rule("bluesky.size.apply-writes", Mark.SDK, "200 writes in applyWrites", 200).value

TEXT_GRAPHEMES = rule("bluesky.post.graphemes", Mark.SDK, "text: 300 graphemes", 300).value
TEXT_BYTES = rule(
    "bluesky.post.bytes", Mark.SDK, "text: 3000 bytes of UTF-8 (the error calls them characters)", 3000
).value
MAX_LANGS = rule("bluesky.post.langs", Mark.SDK, "3 languages", 3).value
MAX_TAGS = rule("bluesky.post.tags", Mark.SDK, "8 extra tags", 8).value
TAG_GRAPHEMES = rule("bluesky.post.tag-graphemes", Mark.SDK, "a tag: 64 graphemes", 64).value
TAG_BYTES = rule("bluesky.post.tag-bytes", Mark.SDK, "a tag: 640 bytes", 640).value
MAX_IMAGES = rule("bluesky.post.images", Mark.SDK, "4 images, each with its alt", 4).value
MAX_HIDDEN = rule("bluesky.threadgate.hidden", Mark.SDK, "300 hidden replies", 300).value
MAX_ALLOW = rule("bluesky.threadgate.allow", Mark.SDK, "5 rules of who may reply", 5).value

TID_KEYS = rule(
    "bluesky.record.tid-key",
    Mark.OURS,
    "a post's key has to be a TID (its schema says so; the server may let others pass)",
    True,
).value
FACETS_FIT = rule(
    "bluesky.facet.inside-text",
    Mark.OURS,
    "a facet that ends outside the text or inside a letter is refused (the schema cannot say it; apps drop the link)",
    True,
).value
CREATE_EXISTING = rule(
    "bluesky.record.create-existing", Mark.MEMORY, "createRecord with a key that exists answers 400 InvalidRequest", 400
).value
DELETE_ABSENT = rule(
    "bluesky.record.delete-absent", Mark.SDK, "deleteRecord of what is not there answers 200 without a commit", 200
).value
PUT_SAME = rule(
    "bluesky.record.put-same",
    Mark.SDK,
    "putRecord of the same record answers the same uri and cid without a commit",
    True,
).value
LAG = rule(
    "bluesky.appview.lag",
    Mark.MEMORY,
    "the AppView sees what the PDS knows only after appview_lag_seconds; listRecords and getRecord see it at once",
    True,
).value
OPEN_APPVIEW = rule(
    "bluesky.appview.open",
    Mark.OURS,
    "app.bsky reads need no token: one address plays the PDS and public.api.bsky.app",
    True,
).value
COMMITS = rule(
    "bluesky.commit.cid",
    Mark.OURS,
    "a commit's cid is not the root of a real Merkle tree; records and blobs have real ones",
    True,
).value
EDITS = rule(
    "bluesky.record.edit",
    Mark.MEMORY,
    "a put over a post changes what is read; apps may keep showing the old text",
    True,
).value
UNKNOWN_EMBEDS = rule(
    "bluesky.post.other-embeds",
    Mark.OURS,
    "embeds other than external, images and record are taken unread (video, gallery, recordWithMedia)",
    True,
).value
