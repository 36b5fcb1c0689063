"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py)."""

from datetime import timedelta

from sandbox.rules import Mark, rule
from sandbox.windows import Limit

# --- accounts and tokens ---

TOKENS_LAST = rule(
    "mastodon.token.lifetime", Mark.DOCS, "a token does not expire and is not refreshed; user or app revokes it", True
).value
UNAUTHORIZED = rule(
    "mastodon.error.token", Mark.DOCS, "no token, an unknown or a revoked one answers 401 with `error`", 401
).value
REVOKED = rule("mastodon.error.revoked", Mark.MEMORY, "a revoked token says so", "The access token was revoked").value
OUT_OF_SCOPE = rule(
    "mastodon.error.scope",
    Mark.SDK,
    "a token without the scope answers 403 (`write` covers `write:media`)",
    "This action is outside the authorized scopes",
).value
DISABLED = rule(
    "mastodon.error.disabled", Mark.SDK, "a disabled login answers 403", "Your login is currently disabled"
).value

# --- limits of asking ---

PER_TOKEN = rule(
    "mastodon.limit.token", Mark.SDK, "300 requests in 5 minutes for a token", Limit(300, timedelta(minutes=5))
).value
PER_ACCOUNT = rule(
    "mastodon.limit.account", Mark.SDK, "1500 requests in 5 minutes for an account", Limit(1500, timedelta(minutes=5))
).value
PER_ADDRESS = rule(
    "mastodon.limit.address",
    Mark.SDK,
    "300 requests in 5 minutes from an address without a valid token",
    Limit(300, timedelta(minutes=5)),
).value
PAGING = rule(
    "mastodon.limit.paging",
    Mark.SDK,
    "300 requests in 15 minutes with min_id, max_id or since_id",
    Limit(300, timedelta(minutes=15)),
).value
UPLOADS = rule("mastodon.limit.media", Mark.DOCS, "30 uploads in 30 minutes", Limit(30, timedelta(minutes=30))).value
DELETES = rule("mastodon.limit.delete", Mark.DOCS, "30 deletes in 30 minutes", Limit(30, timedelta(minutes=30))).value
POSTS = rule(
    "mastodon.limit.statuses",
    Mark.SDK,
    "300 posts and edits in 3 hours; what is refused is not counted",
    Limit(300, timedelta(hours=3)),
).value
ALIGNED = rule(
    "mastodon.limit.windows",
    Mark.SDK,
    "windows end at whole multiples of their length since 1970, not by first use",
    True,
).value
RESET_IS_TIME = rule(
    "mastodon.limit.reset",
    Mark.SDK,
    "X-RateLimit-Reset is an ISO 8601 time with microseconds; the headers tell of the limit with the least left",
    True,
).value
TOO_MANY = rule("mastodon.error.throttled", Mark.MEMORY, "429 says", "Too many requests").value
LOCALHOST_COUNTS = rule(
    "mastodon.limit.localhost",
    Mark.OURS,
    "requests from the same machine count too (the platform lets them pass)",
    True,
).value

# --- posts ---

MAX_CHARACTERS = rule("mastodon.status.characters", Mark.DOCS, "500 characters, settable by the instance", 500).value
URL_CHARACTERS = rule("mastodon.status.url", Mark.DOCS, "every link counts 23, however long", 23).value
GRAPHEMES = rule(
    "mastodon.status.unit",
    Mark.SDK,
    "a character is a grapheme cluster; of a mention only the local part counts; the warning counts along",
    True,
).value
LINKS = rule(
    "mastodon.status.links",
    Mark.MEMORY,
    "a link is http(s) with a host that ends in letters (the platform asks for a known top level domain): "
    "a bare name and an IP address are counted in full",
    True,
).value
IDEMPOTENCY = rule(
    "mastodon.status.idempotency",
    Mark.SDK,
    "an Idempotency-Key is kept 1 hour for the account, whatever the body; it is set only by what was posted",
    timedelta(hours=1),
).value
IDEMPOTENT_GONE = rule(
    "mastodon.status.idempotency-deleted", Mark.SDK, "the key of a post deleted since answers 404", 404
).value
VISIBILITIES = rule(
    "mastodon.status.visibility",
    Mark.DOCS,
    "public, unlisted, private, direct",
    ("public", "unlisted", "private", "direct"),
).value
BAD_VISIBILITY = rule("mastodon.status.bad-visibility", Mark.MEMORY, "another visibility answers 422", 422).value
LANGUAGE_FALLS_BACK = rule(
    "mastodon.status.language", Mark.SDK, "an unknown language is not refused: the account's own is taken", True
).value
NO_SUCH_PARENT = rule(
    "mastodon.status.reply-missing",
    Mark.MEMORY,
    "a reply to what is not there answers 404",
    "The post you are trying to reply to does not appear to exist.",
).value
NAMES_ARE_SHORT = rule(
    "mastodon.status.mention",
    Mark.MEMORY,
    "a reader of another server is named by `@name@server` in the source, shown as `@name`, and listed in `mentions`; "
    "of an answer only who is named in it is told",
    True,
).value
EDIT_DROPS_MEDIA = rule(
    "mastodon.status.edit-media", Mark.MEMORY, "an edit without media_ids takes all attachments away", True
).value
EDIT_UNCHANGED = rule(
    "mastodon.status.edit-unchanged", Mark.SDK, "an edit that changes nothing answers 200 and is no edit", True
).value
DELETE_GONE = rule("mastodon.status.delete-gone", Mark.DOCS, "a second delete answers 404", 404).value
DELETE_FREES_MEDIA = rule(
    "mastodon.status.delete-media",
    Mark.DOCS,
    "a deleted post's media can be used again (the platform keeps them about 24 hours), unless delete_media",
    True,
).value
LIST_DEFAULT = rule("mastodon.list.default", Mark.DOCS, "a list has 20 statuses", 20).value
LIST_MOST = rule("mastodon.list.most", Mark.DOCS, "a list has at most 40 statuses", 40).value

# --- scheduled posts ---

SCHEDULE_AHEAD = rule(
    "mastodon.scheduled.ahead", Mark.DOCS, "scheduled_at lies at least 5 minutes ahead", timedelta(minutes=5)
).value
SCHEDULE_PAST = rule("mastodon.scheduled.past", Mark.SDK, "a scheduled_at in the past is posted at once", True).value
SCHEDULED_TOTAL = rule("mastodon.scheduled.total", Mark.SDK, "300 scheduled posts", 300).value
SCHEDULED_DAY = rule("mastodon.scheduled.day", Mark.SDK, "25 scheduled posts for one day", 25).value

# --- media ---

MAX_MEDIA = rule("mastodon.media.count", Mark.DOCS, "4 files in a post; a video or sound stands alone", 4).value
IMAGE_BYTES = rule("mastodon.media.image-bytes", Mark.DOCS, "an image: less than 16,777,216 bytes", 16_777_216).value
VIDEO_BYTES = rule(
    "mastodon.media.video-bytes",
    Mark.DOCS,
    "a video, moving picture or sound: less than 103,809,024 bytes",
    103_809_024,
).value
IMAGE_PIXELS = rule("mastodon.media.image-pixels", Mark.SDK, "an image: 33,177,600 pixels", 33_177_600).value
VIDEO_PIXELS = rule("mastodon.media.video-pixels", Mark.DOCS, "a video: 8,294,400 pixels", 8_294_400).value
VIDEO_FRAMES = rule(
    "mastodon.media.video-frames", Mark.DOCS, "told as 120 frames a second (the sandbox cannot count frames)", 120
).value
DESCRIPTION = rule(
    "mastodon.media.description",
    Mark.DOCS,
    "a description: 1500 characters, settable (10,000 in the newest sources)",
    1500,
).value
MIME_TYPES = rule(
    "mastodon.media.mime",
    Mark.PEER,
    "what a file is, is read from its bytes; other types answer 422",
    (
        "image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp", "image/avif",
        "video/webm", "video/mp4", "video/quicktime", "video/ogg",
        "audio/wave", "audio/wav", "audio/x-wav", "audio/x-pn-wave", "audio/vnd.wave", "audio/ogg", "audio/vorbis",
        "audio/mpeg", "audio/mp3", "audio/webm", "audio/flac", "audio/aac", "audio/m4a", "audio/x-m4a", "audio/mp4",
        "audio/3gpp", "video/x-ms-asf",
    ),
).value  # fmt: skip
BROKEN_IMAGE = rule(
    "mastodon.media.broken-image",
    Mark.SDK,
    "a picture that cannot be read answers 422",
    "File type of uploaded media could not be verified",
).value
IMAGES_AT_ONCE = rule(
    "mastodon.media.images-at-once", Mark.DOCS, "images answer 200 at once; video, gif and sound answer 202", True
).value
PROCESSING = rule(
    "mastodon.media.processing",
    Mark.DOCS,
    "GET media: 206 while it is processed, 200 when ready, 422 when it failed",
    206,
).value
PROCESSING_TIME = rule(
    "mastodon.media.processing-time", Mark.OURS, "a video takes 20 seconds of the sandbox's clock, settable", 20.0
).value
ATTACHED_GONE = rule(
    "mastodon.media.attached", Mark.SDK, "GET media of what is attached to a post answers 404", 404
).value
NOT_READY = rule(
    "mastodon.media.not-ready",
    Mark.PEER,
    "posting media still being processed answers 422; trying again helps",
    "Cannot attach files that have not finished processing. Try again in a moment!",
).value
NOT_FOUND = rule(
    "mastodon.media.not-found",
    Mark.SDK,
    "posting media that is missing or attached elsewhere answers 422",
    "Media {ids} not found or already attached to another post",
).value
TRUNCATED = rule(
    "mastodon.media.broken-video", Mark.OURS, "an MP4 without its moov or mdat box fails in processing", True
).value

# --- what the platform leaves open ---

GATEWAY = rule(
    "mastodon.error.gateway", Mark.MEMORY, "502 and 504 come from the proxy before it, as HTML and not as JSON", True
).value
LIST_LAG = rule(
    "mastodon.list.lag",
    Mark.OURS,
    "the list of an account's posts may be late, miss a post or be out of order (PUT /control/lag); GET by id never is",
    True,
).value
EDITS_MARKED = rule("mastodon.status.edited", Mark.DOCS, "an edited post has edited_at and its history", True).value
