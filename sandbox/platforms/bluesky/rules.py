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
MAX_RECORD_JSON = rule(
    "bluesky.size.records", Mark.SDK, "1,000,000 bytes of JSON for createRecord, putRecord and applyWrites", 1_000_000
).value
MAX_BLOB = rule("bluesky.size.blob", Mark.DOCS, "52,428,800 bytes for any blob", 52_428_800).value
MAX_WRITES = rule("bluesky.size.apply-writes", Mark.SDK, "200 writes in applyWrites", 200).value

SCHEMAS = rule(
    "bluesky.lexicons",
    Mark.SDK,
    "inputs, parameters and records are held against the schemas of @atproto/api in lexicons/ (lengths in bytes and "
    "graphemes, formats, unions, types and sizes of blobs)",
    True,
).value
DATETIMES = rule(
    "bluesky.format.datetime",
    Mark.OURS,
    "a datetime names a day of the calendar (the reference server lets 30 February pass)",
    True,
).value
MESSAGES = rule(
    "bluesky.error.words",
    Mark.OURS,
    "what is wrong with a value is said in the words of @atproto/lexicon; the reference server's differ since 2026",
    True,
).value
KEY_TYPES = rule(
    "bluesky.record.key-type", Mark.SDK, "a record's key is of the type its schema names: a post's is a TID", True
).value
FACETS_FIT = rule(
    "bluesky.facet.inside-text",
    Mark.OURS,
    "a facet that ends outside the text or inside a letter is refused (the schema cannot say it; apps drop the link)",
    True,
).value
NO_ACCOUNT = rule(
    "bluesky.error.no-account", Mark.SDK, "writing to a repository that is not there answers 403 AccountNotFound", 403
).value
IMPOSSIBLE = rule(
    "bluesky.record.impossible",
    Mark.SDK,
    "createRecord with a key that exists, and applyWrites over what is not there, answer 500 InternalServerError",
    500,
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
    Mark.SDK,
    "a put over a post changes what is read, in the reference AppView too, without a word that it was changed",
    True,
).value
SNIFFED = rule(
    "bluesky.blob.sniffed",
    Mark.SDK,
    "uploadBlob tells the type of a file by its first bytes; the Content-Type counts only for what it does not know",
    True,
).value
BLOB_FITS = rule(
    "bluesky.blob.fits",
    Mark.SDK,
    "a record names a blob as it was stored: BlobNotFound, and until a first record stands InvalidMimeType and "
    "InvalidSize (all 400)",
    400,
).value
UPLOADS_DAY = rule(
    "bluesky.limit.uploads", Mark.SDK, "1000 uploads a day from an address", Limit(1000, timedelta(days=1))
).value
BLOB_DEREFERENCED = rule(
    "bluesky.blob.dereferenced",
    Mark.SDK,
    "a blob goes with the last record that names it; to use it again it is uploaded again",
    True,
).value
BLOB_ORPHANED = rule(
    "bluesky.blob.orphaned",
    Mark.MEMORY,
    "a blob that no record names is gone after 6 hours (the real time is not published)",
    timedelta(hours=6),
).value
ENDED_ACCESS = rule(
    "bluesky.session.ended",
    Mark.OURS,
    "an access token ended by control answers ExpiredToken (the real server only looks at its date)",
    True,
).value
TWIN = rule(
    "bluesky.record.twin",
    Mark.OURS,
    "a write the platform does twice makes a twin under a key of its own (the real one knows no such fault with a key)",
    True,
).value
HIDDEN = rule(
    "bluesky.threadgate.hidden-replies",
    Mark.SDK,
    "getPostThread keeps hidden replies and tells of the gate in the root's postView; apps fold them away",
    True,
).value
NOBODY = rule(
    "bluesky.threadgate.nobody",
    Mark.SDK,
    "allow: [] — a reply written by somebody else is in no thread and in no count",
    True,
).value
