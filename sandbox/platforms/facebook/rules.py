"""The numbers and choices of this platform, each with its evidence (see sandbox/rules.py); Meta's own are in meta."""

from datetime import timedelta

from sandbox.rules import Mark, rule

VERSION = rule("facebook.version", Mark.SDK, "v26.0 is the current version of the Graph API", "v26.0").value
LIVE_VERSIONS = rule(
    "facebook.version.live",
    Mark.PEER,
    "v23.0 to v26.0 are served; an older one is answered by the oldest of them, told only by facebook-api-version",
    ("v23.0", "v24.0", "v25.0", "v26.0"),
).value
MUST_NAME_VERSION = rule(
    "facebook.version.named",
    Mark.OURS,
    "calls without a version are not played (the platform takes the app's own)",
    True,
).value
ENGAGED_CALLS = rule(
    "facebook.limit.calls", Mark.DOCS, "a page's token may call 4800 times its engaged users in 24 hours", 4800
).value
THROTTLED = rule("facebook.limit.code", Mark.DOCS, "a page that called too often is answered 80001", 80001).value

PUBLIC_CONTENT = rule(
    "facebook.public_content",
    Mark.DOCS,
    "other pages' posts are read by an app that was granted Page Public Content Access (here: a scope of its token)",
    "page_public_content_access",
).value
PUBLIC_CONTENT_MISSING = rule(
    "facebook.public_content.missing",
    Mark.MEMORY,
    "without it they are refused with 10",
    "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' feature.",
).value

# --- posts ---

MESSAGE = rule(
    "facebook.post.message", Mark.PEER, "63,206 UTF-16 units in a message (the unit is a guess)", 63_206
).value
EMPTY = rule(
    "facebook.post.empty", Mark.MEMORY, "a post without message, link and media is refused with 100", 100
).value
POST_ID = rule("facebook.post.id", Mark.PEER, "a post's id is {page}_{post}", "{page}_{post}").value
DUPLICATE = rule(
    "facebook.post.duplicate", Mark.DOCS, "the same as the page's previous post is refused with 506", 506
).value
DUPLICATE_WITHIN = rule(
    "facebook.post.duplicate.within",
    Mark.OURS,
    "only within an hour, and only while that post stands",
    timedelta(hours=1),
).value
LINK_UNREADABLE = rule(
    "facebook.post.link", Mark.DOCS, "a link that cannot be scraped is 1609005 (here: hosts in .invalid)", 1609005
).value
LINK_OWN = rule("facebook.post.link.own", Mark.PEER, "a link to facebook.com is 1609008", 1609008).value
LINK_OR_MEDIA = rule(
    "facebook.post.link.media", Mark.OURS, "link together with attached_media is refused (the platform shows one)", True
).value
UNPUBLISHED = rule(
    "facebook.post.unpublished",
    Mark.SDK,
    "unpublished_content_type is one of the published list",
    frozenset(
        "ADS_POST DRAFT INLINE_CREATED PUBLISHED PUBLISH_PENDING REVIEWABLE_BRANDED_CONTENT SCHEDULED"
        " SCHEDULED_RECURRING".split()
    ),
).value
SCHEDULE = rule(
    "facebook.post.schedule",
    Mark.DOCS,
    "scheduled from 10 minutes to 75 days ahead, with published=false (other pages say 30 days)",
    (timedelta(minutes=10), timedelta(days=75)),
).value
EDIT_SAME_APP = rule("facebook.post.edit", Mark.PEER, "a post is edited only by the app that made it", True).value
EDIT_ANSWER = rule("facebook.post.edit.answer", Mark.SDK, "edit and delete answer {success: true}", True).value
FIELDS = rule(
    "facebook.object.fields", Mark.MEMORY, "an unknown field is refused: 100, tried accessing nonexisting field", 100
).value
LIST_MOST = rule("facebook.list.limit", Mark.SDK, "lists give 25, at most 100", (25, 100)).value
POLICY = rule(
    "facebook.policy", Mark.DOCS, "what the policy blocks is refused with 368 (here: status policy_blocked)", 368
).value

# --- photos ---

PHOTO_BYTES = rule("facebook.photo.bytes", Mark.PEER, "a photo is under 4 MB (1366046)", 4_000_000).value
PHOTO_TYPES = rule("facebook.photo.types", Mark.PEER, "JPG and PNG (1366046)", ("image/jpeg", "image/png")).value
PHOTO_REFUSED = rule("facebook.photo.refused", Mark.PEER, "a bad photo is 100 with subcode 1366046", 1366046).value
PHOTO_ANSWER = rule(
    "facebook.photo.answer", Mark.MEMORY, "unpublished answers {id}, published {id, post_id}", True
).value
PHOTO_ONCE = rule(
    "facebook.photo.once", Mark.PEER, "a photo that is in a post is not attached again (1366051)", 1366051
).value
PHOTOS_KEPT = rule(
    "facebook.photo.kept", Mark.MEMORY, "an unpublished photo is kept for a day, then gone", timedelta(hours=24)
).value
ATTACHED_MOST = rule("facebook.post.photos", Mark.OURS, "at most 10 photos in a post (no limit is published)", 10).value
NO_PULL = rule(
    "facebook.media.pull", Mark.OURS, "url and file_url (pulled by the platform) are not played: send the bytes", True
).value

# --- videos and reels ---

HANDLE = rule(
    "facebook.upload.handle",
    Mark.DOCS,
    "POST /{app}/uploads → upload:…, its bytes with Authorization: OAuth and file_offset → {h}",
    "upload:",
).value
HANDLE_RESUME = rule(
    "facebook.upload.resume",
    Mark.MEMORY,
    "GET /upload:… answers {id, file_offset}; bytes at another offset are refused",
    True,
).value
HANDLE_KEPT = rule("facebook.upload.kept", Mark.MEMORY, "an upload is kept for a day", timedelta(hours=24)).value
VIDEO_TYPES = rule(
    "facebook.video.types", Mark.DOCS, "MP4 and QuickTime are taken", ("video/mp4", "video/quicktime")
).value
VIDEO_ANSWER = rule("facebook.video.answer", Mark.SDK, "a video answers {id}: the video's, not the post's", True).value
VIDEO_POST = rule(
    "facebook.video.post",
    Mark.MEMORY,
    "the post of a video shows when it was processed, with the video as target",
    True,
).value
VIDEO_ONE_LIFE = rule(
    "facebook.video.delete", Mark.MEMORY, "a video deleted takes its post along, and the post its video", True
).value
REEL_STEPS = rule(
    "facebook.reel.steps", Mark.SDK, "a reel is start, upload to rupload.facebook.com, finish with video_state", True
).value
REEL_STATES = rule(
    "facebook.reel.states", Mark.SDK, "video_state is one of these", ("PUBLISHED", "SCHEDULED", "DRAFT")
).value
REEL_SECONDS = rule("facebook.reel.seconds", Mark.DOCS, "a reel is 3 to 90 seconds long", (3.0, 90.0)).value
REEL_SHAPE = rule("facebook.reel.shape", Mark.DOCS, "a reel is 9:16 and at least 540 by 960", (540, 960)).value
REEL_RATIO = rule("facebook.reel.ratio", Mark.OURS, "within two percent of 9:16", 0.02).value
REELS_A_DAY = rule("facebook.reel.day", Mark.DOCS, "30 reels of a page in 24 hours", 30).value
REEL_CAP_CODE = rule("facebook.reel.code", Mark.MEMORY, "one more reel is refused with 613", 613).value
REEL_FINISH_TWICE = rule(
    "facebook.reel.finish", Mark.PEER, "finish of a reel that is out answers success and makes no second", True
).value

# --- comments, webhooks ---

COMMENT_LENGTH = rule("facebook.comment.length", Mark.MEMORY, "a comment is at most 8000 characters", 8000).value
COMMENT_THREAD = rule(
    "facebook.comment.thread", Mark.MEMORY, "an answer to an answer stands under the first comment", True
).value
COMMENT_HIDE = rule(
    "facebook.comment.hide",
    Mark.MEMORY,
    "a page hides a reader's comment by is_hidden and shows it again; never its own",
    True,
).value
COMMENTS_PAGE = rule("facebook.comments.page", Mark.MEMORY, "a list of comments gives 25, at most 100", 100).value

FEED = rule("facebook.webhook.feed", Mark.MEMORY, "events of posts and comments come in the field feed", "feed").value
SUBSCRIBED = rule(
    "facebook.webhook.subscribe", Mark.SDK, "POST /{page}/subscribed_apps with subscribed_fields", ("feed", "mention")
).value
CALLBACK = rule(
    "facebook.webhook.callback",
    Mark.MEMORY,
    "POST /{app}/subscriptions asks the address first: hub.mode, hub.verify_token, hub.challenge; the answer is it",
    "page",
).value
