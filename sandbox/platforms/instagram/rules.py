"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py)."""

from datetime import timedelta

from sandbox.rules import Mark, rule

LOGIN = rule(
    "instagram.login",
    Mark.OURS,
    "only the API with Instagram Login is played (graph.instagram.com), not the one by a Facebook Page",
    True,
).value
VERSIONS = rule(
    "instagram.version",
    Mark.PEER,
    "v23.0 to v26.0 are served, an older one is not played; renewing a token has no version",
    ("v23.0", "v24.0", "v25.0", "v26.0"),
).value
SCOPES = rule(
    "instagram.scopes",
    Mark.DOCS,
    "reading, publishing, comments and insights each ask for their scope",
    (
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_insights",
        "instagram_business_manage_comments",
    ),
).value
DELETE_SCOPE = rule(
    "instagram.delete.scope", Mark.PEER, "deleting asks for instagram_manage_contents", "instagram_manage_contents"
).value
DELETE_ANSWER = rule("instagram.delete.answer", Mark.MEMORY, "a deletion answers {success: true}", True).value
CALLS = rule("instagram.limit.calls", Mark.DOCS, "4800 calls for each impression in 24 hours, here of 10", 48_000).value
THROTTLED = rule("instagram.limit.code", Mark.DOCS, "an account that called too often is answered 80002", 80002).value

# --- containers ---

POSTS_A_DAY = rule(
    "instagram.limit.posts",
    Mark.DOCS,
    "100 posts in 24 hours (other pages say 50), as content_publishing_limit tells",
    100,
).value
CONTAINERS_A_DAY = rule("instagram.limit.containers", Mark.PEER, "400 containers in 24 hours", 400).value
LIMIT_REACHED = rule(
    "instagram.error.limit", Mark.PEER, "one more is refused with 9 and 2207042 (the code: memory)", (9, 2207042)
).value
DAY = timedelta(hours=24)
NO_TEXT = rule("instagram.post.text", Mark.DOCS, "no post without a picture or a video", 100).value
CAPTION = rule("instagram.caption", Mark.PEER, "a caption has 2,200 UTF-16 units (the unit is a guess)", 2_200).value
CAPTION_LONG = rule("instagram.error.caption", Mark.MEMORY, "a longer one is 36004 and 2207010", (36004, 2207010)).value
HASHTAGS = rule("instagram.hashtags", Mark.PEER, "a caption has at most 30 hashtags", 30).value
MENTIONS = rule("instagram.mentions", Mark.PEER, "a caption names at most 20 accounts", 20).value
ALT = rule("instagram.alt", Mark.MEMORY, "alt_text has at most 1,000 characters; reels take none", 1_000).value
IMAGE_TYPE = rule("instagram.image.type", Mark.DOCS, "a picture is a JPEG, by its own bytes", "image/jpeg").value
IMAGE_BYTES = rule("instagram.image.bytes", Mark.DOCS, "a picture has at most 8 MiB", 8 * 1024 * 1024).value
IMAGE_RATIO = rule("instagram.image.ratio", Mark.PEER, "width over height is 4:5 to 1.91:1", (4 / 5, 1.91)).value
IMAGE_SCALED = rule(
    "instagram.image.width", Mark.MEMORY, "widths outside 320 to 1440 are scaled, not refused", True
).value
BAD_TYPE = rule("instagram.error.type", Mark.MEMORY, "another type is 36001 and 2207005", (36001, 2207005)).value
BAD_SIZE = rule("instagram.error.size", Mark.MEMORY, "a larger one is 36000 and 2207004", (36000, 2207004)).value
BAD_RATIO = rule("instagram.error.ratio", Mark.MEMORY, "another ratio is 36003 and 2207009", (36003, 2207009)).value
NOT_FETCHED = rule(
    "instagram.error.fetch",
    Mark.MEMORY,
    "what cannot be fetched is 9004 and 2207052, at once for a picture",
    (9004, 2207052),
).value
FETCH_SLOW = rule("instagram.error.slow", Mark.DOCS, "what comes too slowly is -2 and 2207003", (-2, 2207003)).value
NO_REDIRECT = rule("instagram.fetch.redirect", Mark.OURS, "no redirect is followed", 0).value
VIDEO_BYTES = rule("instagram.video.bytes", Mark.PEER, "a reel has at most 300 MB", 300_000_000).value
VIDEO_BAD = rule(
    "instagram.error.video",
    Mark.MEMORY,
    "a video that is none ends as ERROR, its status names 2207026",
    "Error: Media upload has failed with error code 2207026",
).value
VIDEO_TIME = rule(
    "instagram.video.time", Mark.OURS, "a video takes 20 seconds of the sandbox's clock, settable", 20.0
).value
REELS = rule(
    "instagram.video.reels", Mark.DOCS, "a single video is REELS; VIDEO is a carousel's", ("REELS", "VIDEO")
).value
STORIES = rule("instagram.stories", Mark.OURS, "stories are not played", "STORIES").value
CAROUSEL = rule("instagram.carousel", Mark.PEER, "a carousel has 2 to 10 items and counts as one post", (2, 10)).value
BAD_CAROUSEL = rule("instagram.error.carousel", Mark.MEMORY, "a bad carousel is 100 and 2207028", (100, 2207028)).value
CHILD_READY = rule(
    "instagram.carousel.ready", Mark.OURS, "a carousel is made only of finished children", (9007, 2207027)
).value
NOT_READY = rule(
    "instagram.error.ready", Mark.PEER, "publishing too early is 9007 and 2207027 (the code: memory)", (9007, 2207027)
).value
EXPIRED = rule("instagram.error.expired", Mark.MEMORY, "an expired container is 24 and 2207008", (24, 2207008)).value
UNKNOWN = rule("instagram.error.unknown", Mark.MEMORY, "an unknown container is 24 and 2207006", (24, 2207006)).value
FAILED = rule("instagram.error.failed", Mark.DOCS, "a container in ERROR is -1 and 2207032", (-1, 2207032)).value
SPAM = rule(
    "instagram.error.spam", Mark.PEER, "what looks like spam is 4 and 2207051 (the code: memory)", (4, 2207051)
).value
RESTRICTED = rule(
    "instagram.error.restricted", Mark.PEER, "a restricted account is 25 and 2207050 (the code: memory)", (25, 2207050)
).value

# --- reading ---

LIST_MOST = rule("instagram.list.limit", Mark.MEMORY, "a list gives 25, at most 100", (25, 100)).value
LIST_LATE = rule(
    "instagram.list.late",
    Mark.OURS,
    "lists of posts and comments may be late (PUT /control/lag); what is read by its id never is",
    True,
).value
COMMENTS_PAGE = rule("instagram.comments.page", Mark.MEMORY, "a list of comments gives 25, at most 50", 50).value
COMMENT_FIELDS = rule(
    "instagram.comment.fields",
    Mark.DOCS,
    "without fields a comment is its id, text and time; user names the account's own words alone, from and username"
    " are told where they are asked for",
    ("timestamp", "text", "id"),
).value
COMMENT_LENGTH = rule("instagram.comment.length", Mark.PEER, "a comment has at most 2,200 UTF-16 units", 2_200).value
COMMENT_THREAD = rule(
    "instagram.comment.thread", Mark.DOCS, "an answer to an answer stands under the first comment", True
).value
REPLY_HIDDEN = rule(
    "instagram.comment.hidden", Mark.DOCS, "a hidden comment is not answered (here 100; nobody writes the number)", 100
).value
COMMENT_HIDE = rule(
    "instagram.comment.hide",
    Mark.DOCS,
    "hide hides a comment and shows it again; the account's own words are seen always",
    True,
).value
COMMENT_TREE = rule(
    "instagram.comment.tree", Mark.MEMORY, "the answers to a hidden comment are not seen either", True
).value
COMMENTS_LISTED = rule(
    "instagram.comments.hidden", Mark.MEMORY, "the account's lists show hidden comments, and say so", True
).value
REPLIES_SHOWN = rule(
    "instagram.comments.replies", Mark.OURS, "of the answers to a comment the first come with it, and the way on", 3
).value
WEBHOOK = rule(
    "instagram.webhook",
    Mark.MEMORY,
    "a comment is told in the field comments, with its writer; the account's own too",
    "comments",
).value
METRICS = rule(
    "instagram.insights",
    Mark.SDK,
    "metrics of a post; impressions and plays are gone",
    ("views", "reach", "likes", "comments", "saved", "shares", "total_interactions", "reposts"),
).value
INSIGHTS_LATE = rule(
    "instagram.insights.late", Mark.PEER, "views and reach come up to 48 hours late: here with the first reader", True
).value
EDIT = rule("instagram.edit", Mark.SDK, "of a post only comment_enabled can be changed; that is not played", True).value
