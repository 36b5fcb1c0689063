"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py)."""

from datetime import timedelta

from sandbox.rules import Mark, rule

VERSION = rule(
    "threads.version", Mark.DOCS, "v1.0 is served, a version of its own; renewing a token has none", "v1.0"
).value
PROOF = rule("threads.proof", Mark.OURS, "no appsecret_proof is asked for: no document names one", False).value
SCOPES = rule(
    "threads.scopes",
    Mark.SDK,
    "reading, publishing, replies, figures and deleting each ask for their scope",
    (
        "threads_basic",
        "threads_content_publish",
        "threads_read_replies",
        "threads_manage_replies",
        "threads_manage_insights",
        "threads_delete",
    ),
).value
CALLS = rule(
    "threads.limit.calls", Mark.DOCS, "4800 calls for each impression in 24 hours, at least 10 impressions", 48_000
).value
THROTTLED = rule("threads.limit.code", Mark.MEMORY, "an account that called too often is answered with 4", 4).value

# --- containers ---

DAY = timedelta(hours=24)
POSTS_A_DAY = rule("threads.limit.posts", Mark.DOCS, "250 posts in 24 hours; a carousel is one", 250).value
REPLIES_A_DAY = rule(
    "threads.limit.replies", Mark.DOCS, "1,000 replies in 24 hours, counted apart (settable)", 1_000
).value
DELETES_A_DAY = rule("threads.limit.deletes", Mark.PEER, "100 deletions in 24 hours (settable)", 100).value
LIMIT_REACHED = rule(
    "threads.error.limit", Mark.OURS, "one more is refused with 9 and no subcode (nobody writes how)", 9
).value
TEXT = rule("threads.text", Mark.DOCS, "a text has 500 characters, an emoji as many as its UTF-8 has bytes", 500).value
LETTERS = rule(
    "threads.text.letters", Mark.MEMORY, "a Vietnamese letter is one character, a decomposed one each of its parts", 1
).value
TEXT_LONG = rule("threads.error.text", Mark.PEER, "a longer one is 100 and told in words", 100).value
LINKS = rule("threads.links", Mark.PEER, "at most 5 distinct links in a post, the attached one too", 5).value
CARD = rule("threads.link_attachment", Mark.MEMORY, "link_attachment goes with TEXT alone", "TEXT").value
AT_ONCE = rule(
    "threads.auto_publish", Mark.OURS, "auto_publish_text is not played: nothing tells a repeat by it", False
).value
TYPES = rule("threads.types", Mark.SDK, "TEXT, IMAGE, VIDEO and CAROUSEL", ("TEXT", "IMAGE", "VIDEO", "CAROUSEL")).value
CAROUSEL = rule("threads.carousel", Mark.PEER, "a carousel has 2 to 20 items (20: peers)", (2, 20)).value
CHILD_READY = rule("threads.carousel.ready", Mark.OURS, "a carousel is made only of finished children", 4279009).value
ALT = rule("threads.alt", Mark.MEMORY, "alt_text has at most 1,000 characters, of pictures and videos", 1_000).value
IMAGE_TYPES = rule(
    "threads.image.type", Mark.PEER, "a picture is a JPEG or PNG, by its own bytes", ("image/jpeg", "image/png")
).value
IMAGE_BYTES = rule("threads.image.bytes", Mark.PEER, "a picture has at most 8 MB", 8_000_000).value
IMAGE_RATIO = rule("threads.image.ratio", Mark.PEER, "the longer edge is at most 10 times the shorter", 10.0).value
IMAGE_SCALED = rule(
    "threads.image.width", Mark.MEMORY, "widths outside 320 to 1440 are scaled, not refused", True
).value
VIDEO_BYTES = rule("threads.video.bytes", Mark.PEER, "a video has at most 1 GB", 1_000_000_000).value
VIDEO_TYPES = ("video/mp4", "video/quicktime")
FETCH_FAILED = rule(
    "threads.error.fetch",
    Mark.PEER,
    "what cannot be fetched is told in words; the number is not known, here 100",
    (100, "Media could not be fetched from this URI"),
).value
VIDEO_TROUBLE = rule(
    "threads.error.video",
    Mark.DOCS,
    "a video ends as ERROR with one of these in error_message",
    {"fetch": "FAILED_DOWNLOADING_VIDEO", "form": "FAILED_PROCESSING_VIDEO", "ratio": "INVALID_ASPEC_RATIO"},
).value
IMAGE_BAD = rule("threads.error.image", Mark.OURS, "a picture that is refused is 100, told in words", 100).value
NO_REDIRECT = rule("threads.fetch.redirect", Mark.OURS, "no redirect is followed", 0).value
NOT_READY = rule("threads.error.ready", Mark.MEMORY, "publishing too early is 24 and 4279009", (24, 4279009)).value
ENDED = rule(
    "threads.error.ended", Mark.OURS, "publishing an expired or failed container is 24 without a subcode", 24
).value
SPAM = rule("threads.error.spam", Mark.PEER, "what looks like spam is 2207051 (the code: memory)", (4, 2207051)).value
RESTRICTED = rule(
    "threads.error.restricted", Mark.PEER, "a restricted account is 4279013 (the code: memory)", (100, 4279013)
).value

# --- reading ---

LIST_MOST = rule("threads.list.limit", Mark.MEMORY, "a list gives 25, at most 100", (25, 100)).value
LIST_REPLIES = rule(
    "threads.list.replies", Mark.MEMORY, "the list of own posts has no replies; they stand below their post", True
).value
LIST_LATE = rule(
    "threads.list.late",
    Mark.OURS,
    "lists may be late (PUT /control/lag); a post by its id never is",
    True,
).value
REVERSE = rule("threads.replies.reverse", Mark.MEMORY, "replies come newest first unless reverse=false", True).value
METRICS = rule(
    "threads.insights",
    Mark.SDK,
    "metrics of a post, each in values[0].value",
    ("views", "likes", "replies", "reposts", "quotes", "shares"),
).value
DELETE_ANSWER = rule("threads.delete.answer", Mark.MEMORY, "a deletion answers {success: true}", True).value
EDIT = rule("threads.edit", Mark.PEER, "a post cannot be edited, nor scheduled", False).value
HOOK = rule(
    "threads.hook",
    Mark.MEMORY,
    "one object `values` and no `entry[]`; publish and delete are told too (peers)",
    ("replies", "publish", "delete"),
).value
HIDE = rule(
    "threads.hide", Mark.DOCS, "only a reply straight below an own post is hidden; those below it follow", True
).value
