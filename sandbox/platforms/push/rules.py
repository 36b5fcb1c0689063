"""The numbers and choices of push services, each with its evidence (see sandbox/rules.py).

Source of the ``docs`` marks: the RFCs' own test vectors, and the Push API and Declarative Web Push as WebKit tells
them; the rest of the RFCs is from memory.
"""

from datetime import timedelta

from sandbox.rules import Mark, rule

BODY_BYTES = rule("push.body.bytes", Mark.MEMORY, "a body of more than 4096 bytes: 413 (RFC 8030, 7.2)", 4096).value
TTL_NEEDED = rule("push.ttl.needed", Mark.MEMORY, "a request without TTL: 400 (RFC 8030, 5.2)", True).value
TTL_MOST = rule("push.ttl.most", Mark.MEMORY, "a longer TTL is cut to four weeks, in silence", timedelta(weeks=4)).value
TOPIC = rule(
    "push.topic",
    Mark.MEMORY,
    "Topic: at most 32 letters of base64url, else 400 (RFC 8030, 5.4)",
    r"[A-Za-z0-9_-]{1,32}",
).value
REPLACES = rule(
    "push.topic.replaces",
    Mark.MEMORY,
    "a message with the Topic of one that waits for the same subscription takes its place (RFC 8030, 5.4)",
    True,
).value
URGENCY = rule(
    "push.urgency",
    Mark.MEMORY,
    "Urgency is one of four words, else 400 (RFC 8030, 5.3)",
    frozenset({"very-low", "low", "normal", "high"}),
).value
CODING = rule("push.coding", Mark.MEMORY, "Content-Encoding is aes128gcm, else 400 (RFC 8291, 2)", "aes128gcm").value
TOKEN_LASTS = rule(
    "push.vapid.exp", Mark.MEMORY, "exp of a VAPID token: later, by at most 24 hours, else 403", timedelta(hours=24)
).value
SUBJECT = rule(
    "push.vapid.sub",
    Mark.MEMORY,
    "sub is mailto: or https:, else 403 (Apple; others only recommend it)",
    r"(mailto:[^@\s]+@[^@\s]+|https://\S+)",
).value
OWN_KEY = rule(
    "push.vapid.key",
    Mark.MEMORY,
    "a subscription made with a server's key takes messages of that key alone, else 403 (RFC 8292, 4)",
    True,
).value
ACCEPTED = rule("push.accepted", Mark.MEMORY, "taken: 201 with Location, shown or not", 201).value
GONE = rule(
    "push.gone", Mark.MEMORY, "a subscription that ended: 410; one that never was: 404 (RFC 8030, 7.3)", (410, 404)
).value
RECORD = rule(
    "push.record",
    Mark.DOCS,
    "one record: salt 16, size 4, key id 65, and the ciphertext; its delimiter is 2 (RFC 8188; vectors of RFC 8291)",
    (16, 65, 2),
).value
DECLARATIVE = rule(
    "push.declarative",
    Mark.DOCS,
    "JSON with web_push 8030 is shown as its notification says; title and navigate are needed (WebKit)",
    8030,
).value
TAG = rule(
    "push.tag", Mark.MEMORY, "a notification takes the place of one with its tag that stands (Notifications API)", True
).value
FIXED_KEYS = rule(
    "push.keys",
    Mark.OURS,
    "a browser's keys are made from its secret, so that a sandbox started again is the same browser",
    b"sandbox-browser",
).value
