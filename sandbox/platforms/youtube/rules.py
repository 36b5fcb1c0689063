"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py)."""

from datetime import timedelta

from sandbox.rules import Mark, rule

ORACLE = rule(
    "youtube.discovery",
    Mark.SDK,
    "requests and answers are held against the official discovery document (youtube.v3.json)",
    "youtube.v3.json",
).value

# --- tokens ---

ACCESS = rule("youtube.token.access", Mark.MEMORY, "an access token lives an hour", timedelta(seconds=3600)).value
REFRESH = rule(
    "youtube.token.refresh",
    Mark.MEMORY,
    "a refresh token is not rotated; six months unused, withdrawn or of another client it is invalid_grant",
    timedelta(days=182),
).value
TESTING = rule(
    "youtube.token.testing",
    Mark.MEMORY,
    "while the consent screen is in Testing it lives 7 days, and the answer tells refresh_token_expires_in",
    timedelta(days=7),
).value
UNAUTHORIZED = rule(
    "youtube.error.token", Mark.MEMORY, "a token that opens nothing is 401 authError", (401, "authError")
).value
BAD_KEY = rule(
    "youtube.error.key", Mark.MEMORY, "an API key that opens nothing is 400 badRequest", (400, "badRequest")
).value
SCOPES = rule(
    "youtube.scopes",
    Mark.SDK,
    "inserting and thumbnails ask for youtube.upload or youtube.force-ssl, changes for the latter",
    ("https://www.googleapis.com/auth/youtube.upload", "https://www.googleapis.com/auth/youtube.force-ssl"),
).value
NO_SCOPE = rule(
    "youtube.error.scope",
    Mark.MEMORY,
    "a token without the scope is 403 insufficientPermissions",
    (403, "insufficientPermissions"),
).value
NO_CHANNEL = rule(
    "youtube.error.signup",
    Mark.MEMORY,
    "writing for an account without a channel is 401 youtubeSignupRequired",
    (401, "youtubeSignupRequired"),
).value

# --- quota ---

INSERTS = rule(
    "youtube.quota.inserts", Mark.DOCS, "100 videos.insert a day and project, a bucket of its own", 100
).value
UNITS = rule("youtube.quota.units", Mark.DOCS, "10,000 units a day and project for all else", 10_000).value
COSTS = rule(
    "youtube.quota.costs",
    Mark.DOCS,
    "a list costs 1, a change 50; every page of a list costs again",
    {
        "youtube.videos.list": 1,
        "youtube.channels.list": 1,
        "youtube.playlistItems.list": 1,
        "youtube.commentThreads.list": 1,
        "youtube.comments.list": 1,
        "youtube.videos.update": 50,
        "youtube.videos.delete": 50,
        "youtube.thumbnails.set": 50,
        "youtube.comments.insert": 50,
        "youtube.comments.setModerationStatus": 50,
    },
).value
FAILED_COSTS = rule("youtube.quota.failed", Mark.DOCS, "what is refused as invalid costs as well", True).value
ZONE = rule(
    "youtube.quota.reset", Mark.DOCS, "the buckets are full again at midnight, Pacific time", "America/Los_Angeles"
).value
EXCEEDED = rule(
    "youtube.error.quota",
    Mark.MEMORY,
    "an empty bucket answers 403 quotaExceeded in the domain youtube.quota",
    (403, "quotaExceeded", "youtube.quota"),
).value
TOO_FAST = rule(
    "youtube.error.rate",
    Mark.MEMORY,
    "calls that come too fast are 429 rateLimitExceeded, here with Retry-After",
    (429, "rateLimitExceeded"),
).value
UPLOADS_A_DAY = rule(
    "youtube.limit.uploads",
    Mark.MEMORY,
    "a channel's own daily cap answers 400 uploadLimitExceeded (how many is not told: settable)",
    (400, "uploadLimitExceeded"),
).value

# --- uploads ---

SESSION = rule(
    "youtube.upload.session",
    Mark.DOCS,
    "POST …?uploadType=resumable answers 200 with the session's address in Location, and creates nothing",
    200,
).value
SESSION_LIVES = rule("youtube.upload.lives", Mark.MEMORY, "a session lives a week", timedelta(days=7)).value
SESSION_GONE = rule("youtube.upload.gone", Mark.DOCS, "a session that is gone is 404: begin anew", 404).value
UNIT = rule("youtube.upload.unit", Mark.DOCS, "a chunk is a multiple of 256 KiB, but for the last", 256 * 1024).value
KEPT = rule(
    "youtube.upload.kept", Mark.PEER, "of a chunk that was cut whole units of 256 KiB are kept", 256 * 1024
).value
INCOMPLETE = rule(
    "youtube.upload.incomplete",
    Mark.DOCS,
    "308 with Range: bytes=0-N while bytes are missing; without Range nothing has arrived",
    308,
).value
DONE_AGAIN = rule(
    "youtube.upload.done", Mark.DOCS, "a session that is complete answers 200 with its video, however often asked", 200
).value
OUT_OF_STEP = rule(
    "youtube.upload.step", Mark.OURS, "bytes that do not begin where the last ended are 400 and thrown away", 400
).value
SESSION_TOKEN = rule(
    "youtube.upload.token",
    Mark.MEMORY,
    "the session's address lets one in by itself; a token that is sent along must be good",
    True,
).value
THUMBNAIL_BYTES = rule(
    "youtube.thumbnail.bytes", Mark.OURS, "2 MB, as the help pages say; the discovery document says 50 MiB", 2_097_152
).value
THUMBNAIL_TYPES = rule(
    "youtube.thumbnail.types", Mark.SDK, "JPEG and PNG, by their own bytes", ("image/jpeg", "image/png")
).value

# --- videos ---

TITLE = rule("youtube.title", Mark.MEMORY, "a title has 1 to 100 characters (here: UTF-16 units)", 100).value
DESCRIPTION = rule("youtube.description", Mark.MEMORY, "a description has at most 5,000 bytes", 5_000).value
TAGS = rule(
    "youtube.tags",
    Mark.MEMORY,
    "tags have 500 characters together; a comma between two counts, and two quotes around one with a space",
    500,
).value
ANGLES = rule("youtube.angles", Mark.MEMORY, "neither title nor description has < or >", "<>").value
CATEGORIES = rule(
    "youtube.categories",
    Mark.MEMORY,
    "the categories that may be assigned",
    frozenset({"1", "2", "10", "15", "17", "19", "20", "22", "23", "24", "25", "26", "27", "28", "29"}),
).value
PRIVACY = rule("youtube.privacy.default", Mark.SDK, "a video inserted without privacyStatus is public", "public").value
LOCKED = rule(
    "youtube.privacy.locked",
    Mark.DOCS,
    "videos of a project that was not audited are locked private",
    "private",
).value
LOCKED_ANSWER = rule(
    "youtube.privacy.locked_answer",
    Mark.MEMORY,
    "a change of it to public is answered 200 and leaves it private (what is answered is not known)",
    200,
).value
PUBLISH_AT = rule(
    "youtube.publish_at",
    Mark.MEMORY,
    "publishAt only for a private video that was never public (the latter: memory), in the future",
    (400, "invalidPublishAt"),
).value
REPLACES = rule(
    "youtube.update.replaces",
    Mark.MEMORY,
    "videos.update replaces each named part whole: without title or categoryId it is refused, other fields are wiped",
    True,
).value
PROCESSED = rule(
    "youtube.processing", Mark.OURS, "a video is processed after a time of the sandbox's clock, settable", 0.0
).value
BROKEN = rule(
    "youtube.processing.failed",
    Mark.SDK,
    "what is no video ends as failed with failureReason invalidFile",
    "invalidFile",
).value
LIST_LATE = rule(
    "youtube.list.late",
    Mark.OURS,
    "the uploads playlist may be late (PUT /control/lag); a video by its id never is",
    True,
).value
OTHERS = rule("youtube.private.others", Mark.SDK, "a private video is there for its own channel alone", True).value
NOT_FOUND = rule(
    "youtube.error.missing", Mark.MEMORY, "changing or deleting what is not there is 404 videoNotFound", "videoNotFound"
).value
LONG_VIDEOS = rule(
    "youtube.long",
    Mark.MEMORY,
    "without a verified phone number a video has at most 15 minutes; longer ones are rejected as length",
    timedelta(minutes=15),
).value
SHORTS = rule("youtube.shorts", Mark.OURS, "nothing marks a Short: it is a video like others here", True).value

# --- comments ---

REPLIES_SHOWN = rule(
    "youtube.comments.replies", Mark.MEMORY, "a thread carries at most 5 replies; the rest by comments.list", 5
).value
COMMENTS_OFF = rule(
    "youtube.error.comments", Mark.MEMORY, "a video without comments is 403 commentsDisabled", (403, "commentsDisabled")
).value
HELD = rule(
    "youtube.comments.held",
    Mark.SDK,
    "setModerationStatus holds back, shows again or rejects; lists of threads show one status, published unless asked",
    ("published", "heldForReview", "rejected"),
).value
HELD_THREADS = rule(
    "youtube.comments.held-threads",
    Mark.MEMORY,
    "a thread is listed as held where its comment or an answer that it carries is; `comments.list` by a parent shows "
    "published answers alone",
    True,
).value
ONE_LEVEL = rule(
    "youtube.comments.level",
    Mark.MEMORY,
    "an answer to what is itself an answer is refused: the parent is a thread's first comment",
    (400, "invalidCommentMetadata"),
).value
NO_COMMENT = rule(
    "youtube.error.comment-missing", Mark.MEMORY, "a comment that is not there is 404", (404, "commentNotFound")
).value
NO_PARENT = rule(
    "youtube.error.parent-missing",
    Mark.MEMORY,
    "an answer to what is not there is 404",
    (404, "parentCommentNotFound"),
).value
